"""Fits the model of examples/iris/model.yaml with scikit-learn, into a folder that MLServer can serve.

    python mlserver_model.py FOLDER

Classes are numbers, since MLServer encodes texts at extra cost: 1 stands for Iris-versicolor.
"""

import csv
import json
import pathlib
import sys

import joblib
from sklearn.linear_model import LogisticRegression

IRIS = pathlib.Path(__file__).resolve().parents[2] / "examples/iris/iris.csv"
CLASSES = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]

with IRIS.open(encoding="utf-8", newline="") as file:
    rows = [row for row in csv.reader(file) if row][:100]
x = [[float(cell) for cell in row[:4]] for row in rows]
y = [CLASSES.index(row[4]) for row in rows]

folder = pathlib.Path(sys.argv[1])
model = folder / "iris"
model.mkdir(parents=True)
joblib.dump(LogisticRegression(C=0.3, max_iter=200).fit(x, y), model / "model.joblib")
settings = {"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"}}
(model / "model-settings.json").write_text(json.dumps(settings), encoding="utf-8")
