"""Writes the rows that every library fits, as CSV with the columns f0, f1, ... and target.

    python make_data.py FILE ROWS FEATURES CLASSES

Twelve in twenty features carry information and four are sums of those, so that neither linear classes nor a single tree
are enough; the seed is fixed.
"""

import sys

import numpy as np
from sklearn.datasets import make_classification

file, (n_rows, n_features, n_classes) = sys.argv[1], map(int, sys.argv[2:5])
x, y = make_classification(
    n_samples=n_rows,
    n_features=n_features,
    n_informative=n_features * 3 // 5,
    n_redundant=n_features // 5,
    n_classes=n_classes,
    class_sep=1.2,
    random_state=0,
)
names = [f"f{feature}" for feature in range(n_features)] + ["target"]
# Every reader gets the very same numbers: eight digits survive the way through text in any of them.
cells = ["%.8g"] * n_features + ["%d"]
np.savetxt(file, np.column_stack([x, y]), delimiter=",", fmt=cells, header=",".join(names), comments="")
