"""Writes how scikit-learn scores predictions, splits rows and cross-validates, as JSON for the tests of auriga-learn.

    python scoring_reference.py            writes runtime/learn/tests/fixtures/scoring.json
    python scoring_reference.py --check    computes again and compares with the stored values

A score is null where auriga-learn has none: where scikit-learn refuses or answers NaN, and where a class that a metric
needs is absent, for which scikit-learn sometimes answers 0 with a warning.
"""

import argparse
import csv
import json
import pathlib
import sys
import warnings

import numpy as np
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from compare import differences

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORED = ROOT / "runtime/learn/tests/fixtures/scoring.json"

AVERAGED = ["f1", "precision", "recall", "jaccard"]
OF_CLASSES = [
    "accuracy", "balanced_accuracy", "matthews_corrcoef",
    *[f"{name}_{average}" for name in AVERAGED for average in ["macro", "micro", "weighted"]],
]
OF_PROBABILITIES = ["roc_auc", "roc_auc_ovr", "roc_auc_ovr_weighted", "roc_auc_ovo", "roc_auc_ovo_weighted"]
OF_NUMBERS = [
    "r2", "explained_variance", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error",
    "neg_median_absolute_error", "neg_mean_absolute_percentage_error", "neg_max_error",
]


class Oracle(ClassifierMixin, BaseEstimator):
    """A classifier that answers what it was told."""

    def __init__(self, classes=None, probabilities=None):
        self.classes = classes
        self.probabilities = probabilities
        self.classes_ = np.asarray(classes)

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, _):
        return self.classes_[np.argmax(self.probabilities, axis=1)]

    def predict_proba(self, _):
        return np.asarray(self.probabilities)


def class_scores(classes, probabilities, target):
    oracle, target, rows = Oracle(classes, probabilities), np.asarray(target), np.zeros((len(target), 1))
    predicted = oracle.predict(rows)
    found = {name: metrics.get_scorer(name)(oracle, rows, target) for name in OF_CLASSES}
    for name in AVERAGED:
        function = getattr(metrics, f"{name}_score")
        found[name] = function(target, predicted, pos_label=classes[1], zero_division=0) if len(classes) == 2 else None
    known = set(target.tolist()) <= set(classes)
    whole = set(target.tolist()) == set(classes)
    found["neg_log_loss"] = -metrics.log_loss(target, oracle.probabilities, labels=classes) if known else None
    if not known:
        found["neg_brier_score"] = None
    elif len(classes) == 2:
        found["neg_brier_score"] = -metrics.brier_score_loss(target == classes[1], oracle.probabilities[:, 1])
    else:
        found["neg_brier_score"] = -metrics.brier_score_loss(target, oracle.probabilities, labels=classes)
    for name in OF_PROBABILITIES:
        fits = whole and (len(classes) == 2 or name != "roc_auc")
        found[name] = metrics.get_scorer(name)(oracle, rows, target) if fits else None
    # scikit-learn's own macro average of more classes ranks by decision function where there is one.
    ranks = len(classes) == 2 and known and classes[1] in target
    found["average_precision"] = metrics.average_precision_score(target == classes[1], oracle.probabilities[:, 1]) if ranks else None
    return {name: None if score is None else float(score) for name, score in sorted(found.items())}


def class_case(name, classes, probabilities, target):
    probabilities = np.asarray(probabilities, dtype=float)
    return {
        "name": name,
        "classes": classes,
        "probabilities": probabilities.tolist(),
        "target": target,
        "scores": class_scores(classes, probabilities, target),
    }


def drawn(seed, n_rows, n_classes, digits=None, share=3.0):
    """Probabilities that favor the right class, and the classes; rounded to `digits`, so that many tie."""
    random = np.random.default_rng(seed)
    target = random.integers(0, n_classes, n_rows)
    weights = random.gamma(1.0, size=(n_rows, n_classes))
    weights[np.arange(n_rows), target] *= share
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    if digits is not None:
        probabilities = np.round(probabilities, digits)
        probabilities[:, -1] = np.round(1.0 - probabilities[:, :-1].sum(axis=1), digits)
        probabilities = np.clip(probabilities, 0.0, 1.0)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities, target.tolist()


def class_cases():
    letters = lambda target: ["abcd"[code] for code in target]
    yield class_case("two classes", [0, 1], *drawn(1, 40, 2))
    yield class_case("two classes with ties", [0, 1], *drawn(2, 60, 2, digits=1))
    probabilities, target = drawn(3, 25, 2, digits=1)
    yield class_case("two classes of text", ["a", "b"], probabilities, letters(target))
    yield class_case("two classes, predicted at random", [0, 1], *drawn(4, 50, 2, share=1.0))
    yield class_case("two classes, all the same probability", [0, 1], [[0.5, 0.5]] * 6, [0, 1, 1, 0, 1, 0])
    yield class_case("two classes, always the first predicted", [0, 1], [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], [0, 1, 1])
    yield class_case("two classes, only the first there", [0, 1], [[0.9, 0.1], [0.4, 0.6]], [0, 0])
    yield class_case("two classes, only the second there", [0, 1], [[0.9, 0.1], [0.4, 0.6]], [1, 1])
    yield class_case("two classes, one row", [0, 1], [[0.2, 0.8]], [1])
    yield class_case("two classes, sure and wrong", [0, 1], [[1.0, 0.0], [0.0, 1.0]], [1, 0])
    yield class_case("two classes, all right", [0, 1], [[1.0, 0.0], [0.0, 1.0], [0.1, 0.9]], [0, 1, 1])
    yield class_case("three classes", [0, 1, 2], *drawn(5, 60, 3))
    yield class_case("three classes with ties", [0, 1, 2], *drawn(6, 60, 3, digits=1))
    probabilities, target = drawn(7, 45, 4, digits=1)
    yield class_case("four classes of text", ["a", "b", "c", "d"], probabilities, letters(target))
    probabilities, target = drawn(8, 40, 3)
    yield class_case("three classes, one absent", [0, 1, 2], probabilities, [code % 2 for code in target])
    yield class_case("three classes, one never predicted", [0, 1, 2], probabilities * [1.0, 0.0, 1.0] / (1.0 - probabilities[:, [1]]), target)
    probabilities, target = drawn(9, 30, 3)
    yield class_case("three classes, one that the model does not know", ["a", "b", "c"], probabilities, ["z", *letters(target)[1:]])
    uneven = [0] * 30 + [1] * 4 + [2] * 2
    yield class_case("three classes, two of them rare", [0, 1, 2], drawn(10, 36, 3)[0], uneven)


def number_case(name, predicted, target):
    values = {}
    for metric in OF_NUMBERS:
        scorer = metrics.get_scorer(metric)
        undefined = metric == "r2" and len(target) < 2
        values[metric] = None if undefined else float(scorer._sign * scorer._score_func(target, predicted))
    return {
        "name": name,
        "predicted": [float(number) for number in predicted],
        "target": [float(number) for number in target],
        "scores": values,
    }


def number_cases():
    random = np.random.default_rng(11)
    target = random.normal(50, 20, 31)
    yield number_case("an odd number of rows", target + random.normal(size=31), target)
    yield number_case("an even number of rows", target[:30] + random.normal(size=30), target[:30])
    yield number_case("all errors the same", target + 3.0, target)
    yield number_case("worse than the mean", target * -2.0, target)
    yield number_case("exact", target, target)
    yield number_case("a constant target, met", [2.5] * 4, [2.5] * 4)
    yield number_case("a constant target, missed", [2.5, 2.5, 2.0, 3.5], [2.5] * 4)
    yield number_case("a constant target, missed by the same", [3.5] * 4, [2.5] * 4)
    yield number_case("one row", [3.0], [2.0])
    yield number_case("one row, exact", [2.0], [2.0])
    yield number_case("a target of zeros among others", [0.5, 1.0, -2.0, 0.0], [0.0, 2.0, -1.0, 0.0])
    yield number_case("very small numbers", [1e-170, 2e-170], [3e-170, 1e-170])


def split_case(name, splitter, parameters, python, n_rows, target=None, groups=None):
    rows = np.zeros((n_rows, 1))
    target = [0] * n_rows if target is None else target
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        splits = list(python.split(rows, np.asarray(target), None if groups is None else np.asarray(groups)))
    return {
        "name": name,
        "splitter": splitter,
        "parameters": parameters,
        "target": target,
        "groups": groups,
        "train": [train.tolist() for train, _ in splits],
        "test": [test.tolist() for _, test in splits],
    }


def split_cases():
    random = np.random.default_rng(12)
    for n_rows, n_splits in [(10, 5), (11, 3), (7, 7), (23, 4)]:
        yield split_case(f"{n_rows} rows in {n_splits} folds", "kFold", {"nSplits": n_splits}, KFold(n_splits), n_rows)
    for n_rows, n_splits, n_classes in [(20, 5, 2), (37, 4, 3), (50, 10, 4), (15, 3, 3)]:
        target = random.integers(0, n_classes, n_rows).tolist()
        yield split_case(f"{n_rows} rows of {n_classes} classes in {n_splits} folds", "stratifiedKFold", {"nSplits": n_splits}, StratifiedKFold(n_splits), n_rows, target)
    sorted_classes = [2] * 9 + [0] * 8 + [1] * 3
    yield split_case("sorted classes, one of them rare", "stratifiedKFold", {"nSplits": 4}, StratifiedKFold(4), 20, sorted_classes)
    for n_rows, n_splits, n_groups in [(20, 3, 5), (40, 4, 9), (60, 5, 30)]:
        groups = random.integers(0, n_groups, n_rows).tolist()
        yield split_case(f"{n_rows} rows in {n_groups} groups and {n_splits} folds", "groupKFold", {"nSplits": n_splits}, GroupKFold(n_splits), n_rows, groups=groups)
    names = ["mia", "tom", "mia", "ada", "tom", "zoe", "zoe", "ada"]
    yield split_case("groups of equal size", "groupKFold", {"nSplits": 3}, GroupKFold(3), 8, groups=names)
    for parameters, keywords in [
        ({"nSplits": 5}, {"n_splits": 5}),
        ({"nSplits": 3, "testSize": 2}, {"n_splits": 3, "test_size": 2}),
        ({"nSplits": 3, "maxTrainSize": 4}, {"n_splits": 3, "max_train_size": 4}),
        ({"nSplits": 3, "gap": 2}, {"n_splits": 3, "gap": 2}),
        ({"nSplits": 2, "gap": 1, "testSize": 3, "maxTrainSize": 5}, {"n_splits": 2, "gap": 1, "test_size": 3, "max_train_size": 5}),
    ]:
        yield split_case(f"a time series {parameters}", "timeSeriesSplit", parameters, TimeSeriesSplit(**keywords), 17)


def rows_of(path, header):
    with (ROOT / "examples" / path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[header:]
    return np.array([[float(cell) for cell in row[:-1]] for row in rows]), [row[-1] for row in rows]


def validation_cases():
    """Cross-validations of the examples' rows; the scores of each fold on the rows kept apart and on its own."""
    iris, species = rows_of("iris/iris.csv", header=0)
    diabetes, progression = rows_of("diabetes/diabetes-train.csv", header=1)
    progression = np.array([float(cell) for cell in progression])
    # At the minimum, which neither solver reaches by its default tolerance.
    logistic = LogisticRegression(tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    groups = (np.arange(len(progression)) * 7 % 23).tolist()
    cases = [
        ("iris", "kFold", {"nSplits": 5}, KFold(5), logistic, iris, np.array(species), None, ["accuracy", "neg_log_loss"]),
        ("iris", "stratifiedKFold", {"nSplits": 5}, StratifiedKFold(5), logistic, iris, np.array(species), None, ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]),
        ("iris", "stratifiedKFold", {"nSplits": 10}, StratifiedKFold(10), logistic, iris, np.array(species), None, ["accuracy", "neg_log_loss"]),
        ("diabetes", "kFold", {"nSplits": 5}, KFold(5), Ridge(), diabetes, progression, None, ["r2", "neg_mean_absolute_error"]),
        ("diabetes", "groupKFold", {"nSplits": 4}, GroupKFold(4), Ridge(), diabetes, progression, groups, ["r2", "neg_root_mean_squared_error"]),
        ("diabetes", "timeSeriesSplit", {"nSplits": 4}, TimeSeriesSplit(4), Ridge(), diabetes, progression, None, ["r2", "neg_median_absolute_error"]),
    ]
    for data, splitter, parameters, python, estimator, x, y, groups, names in cases:
        model = make_pipeline(StandardScaler(), estimator)
        found = cross_validate(model, x, y, groups=groups, cv=python, scoring=names, return_train_score=True, error_score="raise")
        yield {
            "data": data,
            "splitter": splitter,
            "parameters": parameters,
            "groups": groups,
            "train": {name: found[f"train_{name}"].tolist() for name in names},
            "test": {name: found[f"test_{name}"].tolist() for name in names},
            "mean": {name: float(found[f"test_{name}"].mean()) for name in names},
            "std": {name: float(found[f"test_{name}"].std()) for name in names},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the stored values instead of writing them")
    check = parser.parse_args().check

    # Shares of nothing are 0, with a warning that is of no use here.
    warnings.simplefilter("ignore", metrics._classification.UndefinedMetricWarning)
    warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
    warnings.filterwarnings("ignore", message="A single label was found")
    parts = {
        "classes": list(class_cases()),
        "numbers": list(number_cases()),
        "splits": list(split_cases()),
        "validations": list(validation_cases()),
    }
    lines = [
        f'"{part}": [\n' + ",\n".join(json.dumps(case, ensure_ascii=False, allow_nan=False) for case in cases) + "\n]"
        for part, cases in parts.items()
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if not check:
        STORED.write_text(text, encoding="utf-8")
        return 0
    found = differences(json.loads(STORED.read_text(encoding="utf-8")), json.loads(text), at=STORED.name)
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"{sum(map(len, parts.values()))} cases of scores and splits agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
