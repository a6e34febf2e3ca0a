"""Compares the random forests of the auriga program with those of scikit-learn: they differ tree by tree, not in worth.

    python forests_reference.py --auriga P

Each data set is split by ten seeds; both sides fit each train part with the seed. The mean accuracy, or r2, on the test
parts may differ by a point, and the mean importances must rank alike.
"""

import argparse
import csv
import pathlib
import sys
import tempfile

import numpy as np
import yaml
from scipy.stats import spearmanr
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import train_test_split

import auriga_program

SEEDS = range(10)
POINT = 0.01
RANK_CORRELATION = 0.9
CLASSIFIER = ("randomForestClassifier", RandomForestClassifier, "accuracy")
REGRESSOR = ("randomForestRegressor", RandomForestRegressor, "r2")
DATA = {
    "iris": (datasets.load_iris, CLASSIFIER),
    "wine": (datasets.load_wine, CLASSIFIER),
    "breast cancer": (datasets.load_breast_cancer, CLASSIFIER),
    "digits": (datasets.load_digits, CLASSIFIER),
    "diabetes": (datasets.load_diabetes, REGRESSOR),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--auriga", metavar="PROGRAM", type=pathlib.Path, required=True)
    program = parser.parse_args().auriga

    faults = []
    for name, (load, kind) in DATA.items():
        theirs, ours = compare(program, *load(return_X_y=True), *kind)
        rank = spearmanr(theirs[1], ours[1]).statistic
        line = f"{name}: {kind[2]} {ours[0]:.4f}, scikit-learn {theirs[0]:.4f}; importances rank alike by {rank:.3f}"
        print(line, flush=True)
        if abs(theirs[0] - ours[0]) > POINT or rank < RANK_CORRELATION:
            faults.append(line)
    for fault in faults:
        print(f"too far apart: {fault}", file=sys.stderr)
    return 1 if faults else 0


def compare(program: pathlib.Path, x, y, kind: str, estimator, metric: str):
    """For each side the mean score on the test rows, and the mean importance of each column."""
    theirs, ours = [], []
    for seed in SEEDS:
        parts = train_test_split(x, y, test_size=0.3, random_state=seed)
        x_train, x_test, y_train, y_test = parts
        model = estimator(random_state=seed, n_jobs=2).fit(x_train, y_train)
        theirs.append((model.score(x_test, y_test), model.feature_importances_))
        with tempfile.TemporaryDirectory() as folder:
            ours.append(fit(program, pathlib.Path(folder), (x_train, y_train), (x_test, y_test), kind, metric, seed))
    return [[np.mean(values, axis=0) for values in zip(*side)] for side in (theirs, ours)]


def fit(program: pathlib.Path, folder: pathlib.Path, train, test, kind: str, metric: str, seed: int):
    """The score of the auriga program on the test rows, and the importance of each column."""
    source = {}
    for part, (x, y) in {"train": train, "test": test}.items():
        path = folder / f"{part}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{column}" for column in range(x.shape[1])), "target"])
            writer.writerows([*map(repr, map(float, row)), target] for row, target in zip(x, y))
        source[part] = {"csv": {"path": path.name}}
    manifest = folder / "model.yaml"
    document = {
        "apiVersion": "auriga.dev/v1alpha1",
        "kind": "Model",
        "metadata": {"name": "forest"},
        "spec": {"dataset": {**source, "target": "target"}, "estimator": {kind: {"randomState": seed}}},
    }
    manifest.write_text(yaml.safe_dump(document), encoding="utf-8")
    database = folder / "models.db"
    outcome = auriga_program.fit(program, manifest, f"sqlite://{database}")
    _, facts = auriga_program.read(database)
    shares = {entry["column"]: entry["share"] for entry in facts["importances"]}
    return outcome["scores"]["test"][metric], [shares[f"x{column}"] for column in range(train[0].shape[1])]


if __name__ == "__main__":
    sys.exit(main())
