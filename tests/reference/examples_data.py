"""Writes the CSV files of the examples from the data sets that scikit-learn ships, or checks them byte for byte.

    python examples_data.py            writes the CSV files below examples/
    python examples_data.py --check    fails if a file differs from what would be written

The rows are the published ones; only their order is ours: one shuffle with seed 0, so that the first rows are a fair
sample and a train set may be "the first n rows".
"""

import argparse
import pathlib
import sys

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.utils import shuffle

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SEED = 0
N_DIABETES_TRAIN_ROWS = 342
N_BREAST_CANCER_TRAIN_ROWS = 469
N_WINE_TRAIN_ROWS = 128


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check

    examples = {
        "iris": {"iris.csv": iris()},
        "diabetes": diabetes(),
        "breast-cancer": breast_cancer(),
        "wine": wine(),
    }
    files = {EXAMPLES / example / name: text for example, texts in examples.items() for name, text in texts.items()}
    stale = []
    for path, text in files.items():
        if not check:
            path.write_text(text, encoding="utf-8", newline="")
        elif not path.exists() or path.read_bytes() != text.encode():
            stale.append(path.relative_to(EXAMPLES.parent))
    for path in stale:
        print(f"{path} is not what {pathlib.Path(__file__).name} writes; run it without --check", file=sys.stderr)
    if check and not stale:
        print(f"{len(files)} data files are the published rows in their fixed order")
    return 1 if stale else 0


def iris() -> str:
    """150 rows without a header line: four lengths in cm, then the species under its UCI name."""
    bunch = load_iris()
    features, targets = shuffle(bunch.data, bunch.target, random_state=SEED)
    species = [f"Iris-{name}" for name in bunch.target_names]
    return lines([*(f"{length:.1f}" for length in row), species[target]] for row, target in zip(features, targets))


def diabetes() -> dict[str, str]:
    """442 rows in two files with a header line; the features in their own units, not scaled."""
    bunch = load_diabetes(scaled=False)
    features, targets = shuffle(bunch.data, bunch.target, random_state=SEED)
    header = [*bunch.feature_names, "progression"]
    return train_and_test("diabetes", header, features, targets, N_DIABETES_TRAIN_ROWS)


def breast_cancer() -> dict[str, str]:
    """569 rows in two files with a header line; the target says what the mass was found to be."""
    bunch = load_breast_cancer()
    features, targets = shuffle(bunch.data, bunch.target, random_state=SEED)
    header = [*bunch.feature_names, "diagnosis"]
    diagnoses = [str(bunch.target_names[target]) for target in targets]
    return train_and_test("breast-cancer", header, features, diagnoses, N_BREAST_CANCER_TRAIN_ROWS)


def wine() -> dict[str, str]:
    """178 rows in two files with a header line; the target is the cultivar's number as the source has it, from 1."""
    bunch = load_wine()
    features, targets = shuffle(bunch.data, bunch.target, random_state=SEED)
    header = [*bunch.feature_names, "cultivar"]
    return train_and_test("wine", header, features, targets + 1, N_WINE_TRAIN_ROWS)


def train_and_test(name: str, header: list, features, targets, n_train_rows: int) -> dict[str, str]:
    """The first rows for the fit, the others for the test, each file with the header."""
    rows = [[*row, target] for row, target in zip(features, targets)]
    return {
        f"{name}-train.csv": lines([header, *rows[:n_train_rows]]),
        f"{name}-test.csv": lines([header, *rows[n_train_rows:]]),
    }


def lines(rows) -> str:
    """Rows as CSV; no cell here needs a quote."""
    return "".join(",".join(map(cell, row)) + "\n" for row in rows)


def cell(value) -> str:
    # 15 digits undo what binary storage did to the published decimals, and write whole numbers without a point.
    return value if isinstance(value, str) else f"{value:.15g}"


if __name__ == "__main__":
    sys.exit(main())
