"""Fits the examples with scikit-learn and keeps, or checks, what comes out: scores, weights, predictions.

    python examples_reference.py                      writes examples.json beside this file
    python examples_reference.py --check              computes again and compares with the stored values
    python examples_reference.py --check --auriga P   then lets the program P fit and serve the examples and compares

The manifests are read as they stand, so that there is one place that says what an example is. Logistic regression is
solved by newton-cholesky: scikit-learn's default, lbfgs, stops when the loss changes by less than 64 units in the last
place, whatever `tol` says, and leaves these weights about 3e-6 off the minimum. Newton's gradient is below 1e-12, so a
tolerance of 1e-6 leaves room for other processors' rounding and for nothing else.
"""

import argparse
import csv
import json
import pathlib
import sys
import warnings

import sklearn
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import auriga_program
from compare import differences

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
STORED = HERE / "examples.json"
NAMES = ["iris", "diabetes", "breast-cancer", "wine"]

# A forest is compared by the mean of so many: other random numbers make another forest.
N_SEEDS = 10

ESTIMATORS = {
    "linearRegression": lambda: LinearRegression(),
    "logisticRegression": lambda c=1.0: LogisticRegression(C=c, tol=1e-10, max_iter=10_000, solver="newton-cholesky"),
    "randomForestClassifier": lambda: RandomForestClassifier(random_state=0),
    "ridge": lambda alpha=1.0: Ridge(alpha=alpha),
}
TRANSFORMERS = {"standardScaler": lambda: StandardScaler()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the stored values instead of writing them")
    parser.add_argument("--auriga", metavar="PROGRAM", type=pathlib.Path, help="compare this program too")
    arguments = parser.parse_args()

    warnings.simplefilter("error", ConvergenceWarning)
    examples = {name: fit(EXAMPLES / name) for name in NAMES}
    found = []
    if arguments.check:
        stored = json.loads(STORED.read_text(encoding="utf-8"))
        found += differences(stored["examples"], examples, at=STORED.name)
    else:
        document = {"scikit-learn": sklearn.__version__, "examples": examples}
        STORED.write_text(pretty(document) + "\n", encoding="utf-8")
    if arguments.auriga:
        for name, expected in examples.items():
            rows = [dict(zip(expected["features"], row)) for row in test_rows(EXAMPLES / name)]
            found += auriga_program.differences(arguments.auriga, EXAMPLES / name / "model.yaml", expected, rows)

    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"{len(NAMES)} examples agree" if arguments.check or arguments.auriga else f"wrote {STORED.name}")
    return 1 if found else 0


def fit(folder: pathlib.Path) -> dict:
    """Everything that is compared of one example."""
    spec = manifest(folder)
    features, x_train, y_train = table(folder, spec, "train")
    _, x_test, y_test = table(folder, spec, "test")
    kind, estimator = one_of(ESTIMATORS, spec["estimator"])
    steps = [transformer_of(entry) for entry in spec.get("transformers", [])]
    model = make_pipeline(*steps, estimator).fit(x_train, y_train)

    classifies = hasattr(estimator, "classes_")
    predictions = model.predict(x_test).tolist()
    expected = {
        "estimator": kind,
        "nTrainRows": len(x_train),
        "nTestRows": len(x_test),
        "features": features,
        "metric": "accuracy" if classifies else "r2",
        "trainScore": model.score(x_train, y_train),
        "testScore": model.score(x_test, y_test),
    }
    if classifies:
        expected["classes"] = estimator.classes_.tolist()
    expected["sample"] = {"row": dict(zip(features, x_test[0])), "prediction": predictions[0]}
    if kind.startswith("randomForest"):
        expected["testScore"] = mean_score(model, x_train, y_train, x_test, y_test)
        return expected
    # The weights of the estimator itself: behind a scaler they belong to the scaled columns.
    expected["coefficients"] = estimator.coef_.tolist()
    expected["intercepts"] = estimator.intercept_.tolist() if classifies else float(estimator.intercept_)
    expected["predictions"] = predictions
    if classifies:
        expected["probabilities"] = model.predict_proba(x_test).tolist()
    return expected


def mean_score(model, x_train, y_train, x_test, y_test) -> float:
    """The test score of a pipeline that ends in a forest, as the mean over seeds."""
    scores = []
    for seed in range(N_SEEDS):
        model[-1].set_params(random_state=seed)
        scores.append(model.fit(x_train, y_train).score(x_test, y_test))
    return sum(scores) / N_SEEDS


def test_rows(folder: pathlib.Path) -> list[list[float]]:
    """The features of the test rows."""
    return table(folder, manifest(folder), "test")[1]


def manifest(folder: pathlib.Path) -> dict:
    return yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))["spec"]


def table(folder: pathlib.Path, spec: dict, split: str) -> tuple[list[str], list[list[float]], list]:
    """Names of the features, their numbers row by row, and the targets: text where a cell is no number."""
    source = dict(spec["dataset"][split]["csv"])
    path, names = folder / source.pop("path"), source.pop("names", None)
    skiprows, nrows = source.pop("skiprows", 0), source.pop("nrows", None)
    if source:
        raise SystemExit(f"{folder.name}: this script does not know {', '.join(source)} of a csv source")
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))[skiprows:]
    if names is None:
        names, lines = lines[0], lines[1:]
    rows = [dict(zip(names, line, strict=True)) for line in lines[:nrows]]
    target = spec["dataset"]["target"]
    features = [name for name in names if name != target]
    x = [[float(row[name]) for name in features] for row in rows]
    return features, x, [number_or_text(row[target]) for row in rows]


def number_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def transformer_of(entry: dict):
    union = {key: value for key, value in entry.items() if key != "name"}
    return one_of(TRANSFORMERS, union)[1]


def one_of(known: dict, union: dict):
    """The kind that a union names, and the object made with its hyperparameters."""
    [(kind, hyperparameters)] = union.items()
    if kind not in known:
        raise SystemExit(f"this script does not know {kind}; add it to {pathlib.Path(__file__).name}")
    return kind, known[kind](**(hyperparameters or {}))


def pretty(value, indent: str = "") -> str:
    """JSON in which what holds no further list or object takes one line."""
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if not any(isinstance(entry, (dict, list)) for entry in entries):
        return json.dumps(value)
    deeper = indent + "  "
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {pretty(entry, deeper)}" for key, entry in value.items()]
    else:
        lines = [pretty(entry, deeper) for entry in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(deeper + line for line in lines) + f"\n{indent}{closing}"


if __name__ == "__main__":
    sys.exit(main())
