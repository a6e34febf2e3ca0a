"""Fits one estimator of another library, once for every line on standard input, and answers each with a line of JSON.

    python fit_peer.py FILE TRAIN_ROWS ESTIMATOR THREADS SINGLE_ROWS

Prints `{}` when the rows are read. A round fits the first TRAIN_ROWS rows, predicts the others at once, then the first
SINGLE_ROWS of them one by one. Times are in seconds. `auriga-bench fit-worker` does the same for Auriga.
"""

import json
import statistics
import sys
import time
import warnings

import numpy as np


def scikit_learn_logistic_regression(threads):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=200)


def scikit_learn_random_forest(threads):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, n_jobs=threads, random_state=0)


def scikit_learn_hist_gradient_boosting(threads):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=100, random_state=0)


def xgboost(threads):
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=100, max_depth=6, tree_method="hist", n_jobs=threads)


def lightgbm(threads):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=100, n_jobs=threads, verbose=-1)


ESTIMATORS = {
    "scikit-learn/logisticRegression": scikit_learn_logistic_regression,
    "scikit-learn/randomForestClassifier": scikit_learn_random_forest,
    "scikit-learn/histGradientBoosting": scikit_learn_hist_gradient_boosting,
    "xgboost/gradientBoosting": xgboost,
    "lightgbm/gradientBoosting": lightgbm,
}


def timed(call, *arguments):
    start = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - start, result


def main():
    file, train_rows, name, threads, n_single_rows = sys.argv[1:6]
    train_rows, threads, n_single_rows = int(train_rows), int(threads), int(n_single_rows)
    make = ESTIMATORS[name]
    warnings.filterwarnings("ignore")
    rows = np.loadtxt(file, delimiter=",", skiprows=1)
    x, y = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].astype(int)
    x_train, y_train, x_test, y_test = x[:train_rows], y[:train_rows], x[train_rows:], y[train_rows:]
    single_rows = [x_test[row : row + 1] for row in range(n_single_rows)]
    # Loading a library is no part of a fit, nor of the memory that a fit takes.
    make(threads)
    print("{}", flush=True)
    for _ in sys.stdin:
        model = make(threads)
        fit_s, _ = timed(model.fit, x_train, y_train)
        predict_s, predicted = timed(model.predict, x_test)
        if name == "scikit-learn/randomForestClassifier":
            # Handing one row to other threads costs this library more than it gains.
            model.set_params(n_jobs=1)
        single_row_s = statistics.median(timed(model.predict, row)[0] for row in single_rows)
        accuracy = float(np.mean(predicted == y_test))
        measured = {"fit_s": fit_s, "predict_s": predict_s, "single_row_s": single_row_s, "accuracy": accuracy}
        print(json.dumps(measured), flush=True)


main()
