"""Writes the trees that scikit-learn grows from small data sets, as JSON for the tests of auriga-learn.

    python trees_reference.py            writes runtime/learn/tests/fixtures/trees.json
    python trees_reference.py --check    computes again and compares with the stored values

scikit-learn draws which of equally good splits it makes, so that only data without such ties have one right tree: a case
takes the first data of which several seeds grow the same. It also keeps numbers in 32 bits; these are the same in both.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from compare import differences

STORED = pathlib.Path(__file__).resolve().parents[2] / "runtime/learn/tests/fixtures/trees.json"
SEEDS = range(8)
WORDS = {
    "maxDepth": "max_depth",
    "minSamplesSplit": "min_samples_split",
    "minSamplesLeaf": "min_samples_leaf",
    "maxLeafNodes": "max_leaf_nodes",
    "minImpurityDecrease": "min_impurity_decrease",
}
CRITERIA = {"gini": "gini", "entropy": "entropy", "squaredError": "squared_error", "poisson": "poisson"}


def nodes(tree, node=0):
    """The nodes below one, each before its children and the left child first."""
    if tree.children_left[node] < 0:
        return [{"leaf": tree.value[node, 0].tolist()}]
    split = {"column": int(tree.feature[node]), "threshold": float(tree.threshold[node])}
    return [split, *nodes(tree, tree.children_left[node]), *nodes(tree, tree.children_right[node])]


def data(seed, criterion, n_columns):
    """150 rows of normal numbers, and a target that follows from them, roughly."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(150, 4)).astype(np.float32).astype(float)
    score = x @ [1.0, 0.7, 0.3, 0.0] + random.normal(size=150) * 0.4
    targets = {
        "squaredError": score * 10 + 500,
        "poisson": random.poisson(np.exp(0.6 * x[:, 0] + 0.3 * x[:, 1])).astype(float),
    }
    return x[:, :n_columns], targets.get(criterion, np.digitize(score, [-1.0, 0.8]).astype(float))


def case(criterion, weights=None, n_columns=4, **growth):
    """`weights` are those of the classes 0, 1, …, or "balanced"."""
    name = f"{criterion}, {weights}, {growth}"
    keywords = {"criterion": CRITERIA[criterion], **{WORDS[word]: value for word, value in growth.items()}}
    make = DecisionTreeRegressor
    if criterion in ("gini", "entropy"):
        make = DecisionTreeClassifier
        keywords["class_weight"] = dict(enumerate(weights)) if isinstance(weights, list) else weights
    for seed in range(1000):
        x, y = data(seed, criterion, n_columns)
        models = [make(random_state=seed, **keywords).fit(x, y) for seed in SEEDS]
        grown = [nodes(model.tree_) for model in models]
        if not any(differences(grown[0], other, at=name) for other in grown):
            break
    else:
        raise SystemExit(f"{name}: there are always ties; stop the growth earlier")
    return {
        "name": name,
        "columns": x.T.tolist(),
        "target": y.tolist(),
        "criterion": criterion,
        "weights": weights,
        "growth": growth,
        "nodes": grown[0],
        "importances": models[0].feature_importances_.tolist(),
    }


def cases():
    uneven = [5.0, 1.0, 0.25]
    for criterion in ("gini", "entropy"):
        yield case(criterion, minSamplesLeaf=12)
        yield case(criterion, maxDepth=3)
        yield case(criterion, maxLeafNodes=6)
        yield case(criterion, "balanced", minSamplesLeaf=12)
        yield case(criterion, uneven, minSamplesLeaf=12)
        yield case(criterion, minImpurityDecrease=0.015)
        yield case(criterion, uneven, minImpurityDecrease=0.02)
        yield case(criterion, n_columns=1)
    for criterion, decrease in (("squaredError", 1.5), ("poisson", 0.02)):
        yield case(criterion, minSamplesLeaf=8)
        yield case(criterion, maxDepth=4)
        yield case(criterion, maxLeafNodes=9)
        yield case(criterion, minImpurityDecrease=decrease)
        yield case(criterion, minSamplesSplit=30)
        yield case(criterion, n_columns=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the stored values instead of writing them")
    check = parser.parse_args().check

    computed = list(cases())
    if not check:
        lines = [json.dumps(one, ensure_ascii=False, allow_nan=False) for one in computed]
        STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        return 0
    found = differences(json.loads(STORED.read_text(encoding="utf-8")), computed, at=STORED.name)
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"{len(computed)} trees agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
