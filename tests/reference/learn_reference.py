"""Writes what scikit-learn learns and predicts from small data sets, as JSON for the tests of auriga-learn.

    python learn_reference.py            writes runtime/learn/tests/fixtures/reference.json
    python learn_reference.py --check    computes again and compares with the stored values

Each case has the rows of a fit, the steps (named as in a manifest), rows to predict, and what came out. Logistic
regressions are solved by newton-cholesky with a tolerance far below the default, so that the minimum is compared and
not the path to it: lbfgs, the default, also stops when the loss no longer falls by 64 units in the last place.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler

from compare import differences

STORED = pathlib.Path(__file__).resolve().parents[2] / "runtime/learn/tests/fixtures/reference.json"
TIGHT = {"tol": 1e-10, "max_iter": 10_000, "solver": "newton-cholesky"}


def numbers(array):
    """Floats as JSON has them: a missing one is null."""
    return [None if np.isnan(x) else float(x) for x in np.asarray(array, dtype=float)]


def column(name, cells, kind="number"):
    cells = numbers(cells) if kind == "number" else [None if c is None else (str(c) if kind == "text" else bool(c)) for c in cells]
    return {"name": name, "kind": kind, "cells": cells}


def table(x, prefix="x"):
    return [column(f"{prefix}{i}", x[:, i]) for i in range(x.shape[1])]


def scores(model, x, y, names):
    return {name: float(get_scorer(name)(model, x, y)) for name in names}


def classes_data(seed, n_rows, n_features, n_classes, spread=1.0):
    """Overlapping blobs, so that the weights stay finite."""
    random = np.random.default_rng(seed)
    y = np.arange(n_rows) % n_classes
    centers = random.normal(size=(n_classes, n_features))
    x = centers[y] + random.normal(size=(n_rows, n_features)) * spread
    return x, y


def classifier(name, model, parameters, x, y, labels=None, kind="number"):
    """A case of a classifier without transformers; `labels` turns the class numbers into other values."""
    labels = np.asarray(labels if labels is not None else range(int(y.max()) + 1), dtype=object)
    target = labels[y] if kind != "number" else labels[y].astype(float)
    half = len(y) * 2 // 3
    # Without an object array scikit-learn would turn booleans into numbers.
    fit_target = np.array(target[:half].tolist())
    model.fit(x[:half], fit_target)
    return {
        "name": name,
        "features": table(x[:half]),
        "target": column("y", target[:half], kind),
        "transformers": [],
        "estimator": {"kind": "logisticRegression", **parameters},
        "test_features": table(x[half:]),
        "test_target": column("y", target[half:], kind),
        "expected": {
            "coefficients": model.coef_.ravel().tolist(),
            "intercepts": np.broadcast_to(model.intercept_, model.coef_.shape[0]).tolist(),
            "predictions": column("y", model.predict(x[half:]), kind)["cells"],
            "probabilities": model.predict_proba(x[half:]).tolist(),
            "scores": scores(model, x[half:], np.array(target[half:].tolist()), ["accuracy", "neg_log_loss"]),
        },
    }


def logistic_cases():
    binary = classes_data(1, 60, 4, 2)
    three = classes_data(2, 75, 3, 3)
    uneven = classes_data(3, 90, 3, 3)
    keep = np.flatnonzero((uneven[1] != 2) | (np.arange(90) % 4 == 0))
    uneven = (uneven[0][keep], uneven[1][keep])
    far = classes_data(4, 45, 2, 3, spread=0.05)
    yield classifier("logistic binary", LogisticRegression(**TIGHT), {}, *binary)
    yield classifier("logistic binary with boolean classes", LogisticRegression(**TIGHT), {}, *binary, labels=[False, True], kind="boolean")
    yield classifier("logistic binary without intercept", LogisticRegression(fit_intercept=False, **TIGHT), {"fitIntercept": False}, *binary)
    yield classifier("logistic with a strong penalty", LogisticRegression(C=0.01, **TIGHT), {"c": 0.01}, *binary)
    yield classifier("logistic with a weak penalty", LogisticRegression(C=100.0, **TIGHT), {"c": 100.0}, *binary)
    yield classifier("logistic with three text classes", LogisticRegression(**TIGHT), {}, *three, labels=["setosa", "virginica", "versicolor"], kind="text")
    yield classifier("logistic with three classes without intercept", LogisticRegression(fit_intercept=False, **TIGHT), {"fitIntercept": False}, *three)
    yield classifier("logistic balanced", LogisticRegression(class_weight="balanced", **TIGHT), {"classWeight": "balanced"}, *uneven)
    yield classifier("logistic with weights by class", LogisticRegression(class_weight={2: 5.0, 0: 0.5}, **TIGHT), {"classWeight": {"2": 5.0, "0": 0.5}}, *uneven)
    yield classifier("logistic binary with weights by class", LogisticRegression(class_weight={"no": 3.0}, **TIGHT), {"classWeight": {"no": 3.0}}, *binary, labels=["no", "yes"], kind="text")
    yield classifier("logistic with classes far apart", LogisticRegression(C=1e4, **TIGHT), {"c": 1e4}, *far)
    yield classifier("logistic with the default tolerance", LogisticRegression(), {"default_tolerance": True}, *three)


def regressor(name, model, estimator, x, y):
    half = len(y) * 2 // 3
    model.fit(x[:half], y[:half])
    return {
        "name": name,
        "features": table(x[:half]),
        "target": column("y", y[:half]),
        "transformers": [],
        "estimator": estimator,
        "test_features": table(x[half:]),
        "test_target": column("y", y[half:]),
        "expected": {
            "coefficients": model.coef_.tolist(),
            "intercepts": [float(model.intercept_)],
            "predictions": model.predict(x[half:]).tolist(),
            "scores": scores(model, x[half:], y[half:], ["r2", "neg_mean_squared_error"]),
        },
    }


def regression_cases():
    random = np.random.default_rng(5)
    x = random.normal(size=(60, 4)) * [1, 10, 0.1, 3] + [0, 5, -1, 100]
    y = x @ [1.5, -0.3, 7.0, 0.02] + 4 + random.normal(size=60)
    wide = random.normal(size=(15, 14))
    wide_y = random.normal(size=15)
    dependent = np.column_stack([x[:, 0], x[:, 1], x[:, 0] + x[:, 1], x[:, 0]])
    constant = np.column_stack([x[:, :2], np.full(60, 3.0)])
    yield regressor("linear", LinearRegression(), {"kind": "linearRegression"}, x, y)
    yield regressor("linear without intercept", LinearRegression(fit_intercept=False), {"kind": "linearRegression", "fitIntercept": False}, x, y)
    yield regressor("linear with more columns than rows", LinearRegression(), {"kind": "linearRegression"}, wide, wide_y)
    yield regressor("linear with dependent columns", LinearRegression(), {"kind": "linearRegression"}, dependent, y)
    nearly = dependent + random.normal(size=dependent.shape) * 1e-12
    yield regressor("linear with columns that differ by rounding", LinearRegression(), {"kind": "linearRegression"}, nearly, y)
    units = wide * 10.0 ** np.linspace(-1.5, 1.5, 14)
    yield regressor("linear with more columns than rows in many units", LinearRegression(), {"kind": "linearRegression"}, units, wide_y)
    # With its default tolerance scikit-learn would drop the small column.
    small = np.column_stack([x[:, 0] * 1e7, x[:, 1] * 1e-3])
    yield regressor("linear with a column in small units", LinearRegression(tol=0.0), {"kind": "linearRegression"}, small, y)
    yield regressor("linear with a constant column", LinearRegression(), {"kind": "linearRegression"}, constant, y)
    yield regressor("linear with a constant target", LinearRegression(), {"kind": "linearRegression"}, x, np.full(60, 2.5))
    yield regressor("ridge", Ridge(), {"kind": "ridge"}, x, y)
    yield regressor("ridge with a small penalty", Ridge(alpha=0.01), {"kind": "ridge", "alpha": 0.01}, x, y)
    yield regressor("ridge with a large penalty", Ridge(alpha=1000.0), {"kind": "ridge", "alpha": 1000.0}, x, y)
    yield regressor("ridge without intercept", Ridge(fit_intercept=False), {"kind": "ridge", "fitIntercept": False}, x, y)
    yield regressor("ridge with more columns than rows", Ridge(), {"kind": "ridge"}, wide, wide_y)
    yield regressor("ridge with dependent columns", Ridge(), {"kind": "ridge"}, dependent, y)


def transformed(name, steps, names, fit_columns, test_columns, apply, **more):
    """A case that compares the matrix; a ridge comes last because a model needs an estimator."""
    n_rows = len(fit_columns[0]["cells"])
    return {
        "name": name,
        "features": fit_columns,
        "target": column("y", np.arange(n_rows)),
        "transformers": steps,
        "estimator": {"kind": "ridge"},
        "test_features": test_columns,
        "expected": {"matrix": np.asarray(apply, dtype=float).tolist(), "n_columns": len(names)} | more,
    }


def transformer_cases():
    random = np.random.default_rng(6)
    x = np.column_stack([random.normal(size=12), random.normal(size=12) * 1e-3 + 1e6, np.full(12, 7.7), random.integers(0, 4, 12)])
    holes = x.copy()
    holes[[0, 3, 7], 0] = np.nan
    holes[[1, 2], 1] = np.nan
    holes[[4, 5, 6], 3] = np.nan
    fit, test = x[:8], x[8:]
    for parameters, keywords in [
        ({}, {}),
        ({"withMean": False}, {"with_mean": False}),
        ({"withStd": False}, {"with_std": False}),
    ]:
        scaler = StandardScaler(**keywords).fit(fit)
        step = {"name": "scale", "kind": "standardScaler", **parameters}
        yield transformed(f"scaler {parameters}", [step], range(4), table(fit), table(test), scaler.transform(test))
    spread = x[:, [0, 2, 3]]
    for parameters, keywords in [
        ({}, {}),
        ({"min": -2.0, "max": 0.5}, {"feature_range": (-2, 0.5)}),
        ({"clip": True}, {"clip": True}),
    ]:
        scaler = MinMaxScaler(**keywords).fit(spread[:8])
        step = {"name": "scale", "kind": "minMaxScaler", **parameters}
        yield transformed(f"min-max scaler {parameters}", [step], range(3), table(spread[:8]), table(spread * 2), scaler.transform(spread * 2))
    small = random.normal(size=(12, 4))
    for parameters, keywords in [
        ({}, {}),
        ({"degree": 3, "includeBias": False}, {"degree": 3, "include_bias": False}),
        ({"degree": 4, "interactionOnly": True}, {"degree": 4, "interaction_only": True}),
    ]:
        features = PolynomialFeatures(**keywords).fit(small)
        step = {"name": "products", "kind": "polynomialFeatures", **parameters}
        names = features.get_feature_names_out([f"x{i}" for i in range(4)])
        yield transformed(f"polynomial features {parameters}", [step], names, table(small[:8]), table(small), features.transform(small), column_names=list(names))
    for strategy, python in [("mean", "mean"), ("median", "median"), ("mostFrequent", "most_frequent")]:
        imputer = SimpleImputer(strategy=python).fit(holes[:8])
        step = {"name": "fill", "kind": "simpleImputer", "strategy": strategy}
        yield transformed(f"imputer {strategy}", [step], range(4), table(holes[:8]), table(holes), imputer.transform(holes))
    imputer = SimpleImputer(strategy="constant", fill_value=-1.5).fit(holes[:8])
    step = {"name": "fill", "kind": "simpleImputer", "strategy": "constant", "fillValue": -1.5}
    yield transformed("imputer constant", [step], range(4), table(holes[:8]), table(holes), imputer.transform(holes))
    scaler = StandardScaler().fit(holes[:8])
    imputer = SimpleImputer().fit(scaler.transform(holes[:8]))
    steps = [{"name": "scale", "kind": "standardScaler"}, {"name": "fill", "kind": "simpleImputer", "strategy": "mean"}]
    yield transformed("scaler before imputer", steps, range(4), table(holes[:8]), table(holes), imputer.transform(scaler.transform(holes)))

    city = np.array([["Paris"], ["London"], [None], ["Zürich"], ["London"], [""], ["Paris"]], dtype=object)
    test_city = np.array([["London"], [None], ["Oslo"], ["Zürich"], [""]], dtype=object)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(city)
    step = {"name": "encode", "kind": "oneHotEncoder", "handleUnknown": "ignore"}
    columns = lambda cells: [column("city", cells[:, 0], "text")]
    yield transformed("one-hot with missing cells", [step], encoder.categories_[0], columns(city), columns(test_city), encoder.transform(test_city))

    color = np.array([["red"], ["blue"], ["red"], ["green"], [None], ["blue"], ["red"]], dtype=object)
    imputer = SimpleImputer(strategy="most_frequent", missing_values=None).fit(color)
    encoder = OneHotEncoder(sparse_output=False).fit(imputer.transform(color))
    steps = [{"name": "fill", "kind": "simpleImputer", "strategy": "mostFrequent"}, {"name": "encode", "kind": "oneHotEncoder"}]
    columns = lambda cells: [column("color", cells[:, 0], "text")]
    yield transformed("imputer of texts, then one-hot", steps, encoder.categories_[0], columns(color), columns(color), encoder.transform(imputer.transform(color)))


def pipeline_case():
    """Numbers imputed and scaled, a text encoded, a boolean passed on; then a logistic regression."""
    random = np.random.default_rng(7)
    n_rows = 60
    age = random.normal(40, 12, n_rows).round(1)
    age[::9] = np.nan
    city = np.array(["Bern", "Rome", "Oslo"], dtype=object)[random.integers(0, 3, n_rows)]
    income = random.lognormal(10, 0.4, n_rows).round()
    member = random.integers(0, 2, n_rows).astype(bool)
    score = np.nan_to_num(age, nan=40) / 12 + (city == "Rome") * 1.5 + member + random.normal(size=n_rows)
    y = np.where(score > np.median(score), "stays", "leaves").astype(object)
    frame = np.column_stack([age, city, income, member]).astype(object)

    filled = ColumnTransformer([("age", SimpleImputer(), [0])], remainder="passthrough").fit(frame[:40])
    prepared = lambda rows: filled.transform(rows)
    scaled = ColumnTransformer([
        ("scale", StandardScaler(), [0, 2]),
        ("encode", OneHotEncoder(sparse_output=False), [1]),
        ("rest", "passthrough", [3]),
    ]).fit(prepared(frame[:40]))
    # Auriga leaves columns in their places: age, city=…, income, member.
    order = [0, 2, 3, 4, 1, 5]
    matrix = lambda rows: scaled.transform(prepared(rows))[:, order].astype(float)
    model = LogisticRegression(**TIGHT).fit(matrix(frame[:40]), y[:40])
    columns = lambda rows: [
        column("age", age[rows]),
        column("city", city[rows], "text"),
        column("income", income[rows]),
        column("member", member[rows], "boolean"),
    ]
    fit, test = slice(0, 40), slice(40, 60)
    yield {
        "name": "steps of every kind",
        "features": columns(fit),
        "target": column("y", y[fit], "text"),
        "transformers": [
            {"name": "fill", "kind": "simpleImputer", "strategy": "mean", "columns": ["age"]},
            {"name": "scale", "kind": "standardScaler", "columns": ["income", "age"]},
            {"name": "encode", "kind": "oneHotEncoder"},
        ],
        "estimator": {"kind": "logisticRegression"},
        "test_features": columns(test),
        "test_target": column("y", y[test], "text"),
        "expected": {
            "matrix": matrix(frame[test]).tolist(),
            "coefficients": model.coef_.ravel().tolist(),
            "intercepts": model.intercept_.tolist(),
            "predictions": model.predict(matrix(frame[test])).tolist(),
            "probabilities": model.predict_proba(matrix(frame[test])).tolist(),
            "scores": scores(model, matrix(frame[test]), y[test], ["accuracy", "neg_log_loss"]),
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the stored values instead of writing them")
    check = parser.parse_args().check

    cases = [*logistic_cases(), *regression_cases(), *transformer_cases(), *pipeline_case()]
    lines = [json.dumps(case, ensure_ascii=False, allow_nan=False) for case in cases]
    if not check:
        STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        return 0
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    found = differences(stored, [json.loads(line) for line in lines], at=STORED.name)
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"{len(cases)} cases of the learn crate agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
