# The model of examples/iris/model.yaml, for Palladium; IRIS_MODELS is the SQLite file that keeps the versions.
{
    "dataset_loader_train": {
        "!": "palladium.dataset.Table",
        "path": here + "/../../examples/iris/iris.csv",
        "sep": ",",
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
        "nrows": 100,
    },
    "dataset_loader_test": {
        "!": "palladium.dataset.Table",
        "path": here + "/../../examples/iris/iris.csv",
        "sep": ",",
        "names": ["sepal length", "sepal width", "petal length", "petal width", "species"],
        "target_column": "species",
        "skiprows": 100,
    },
    "model": {"!": "sklearn.linear_model.LogisticRegression", "C": 0.3, "max_iter": 200},
    "model_persister": {
        "!": "palladium.persistence.CachedUpdatePersister",
        "impl": {"!": "palladium.persistence.Database", "url": "sqlite:///" + environ["IRIS_MODELS"]},
    },
    "predict_service": {
        "!": "palladium.server.PredictService",
        "mapping": [
            ("sepal length", "float"),
            ("sepal width", "float"),
            ("petal length", "float"),
            ("petal width", "float"),
        ],
    },
    "service_metadata": {"service_name": "iris", "service_version": "1"},
    # Without this, Palladium logs at DEBUG, which no service in use would.
    "logging": {"version": 1, "disable_existing_loggers": False, "root": {"level": "WARNING"}},
}
