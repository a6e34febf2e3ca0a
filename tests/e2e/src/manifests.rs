//! The manifests that tests begin with.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::cluster::Cluster;

/// One flower, as the query of a request; an Iris-versicolor.
pub const IRIS_ROW: &str =
    "/predict?sepal%20length=6.3&sepal%20width=2.5&petal%20length=4.9&petal%20width=1.5";

/// What the restricted Pod Security Standard asks of a container.
pub(crate) fn security_context() -> Value {
    json!({
    "allowPrivilegeEscalation": false,
    "readOnlyRootFilesystem": true,
    "runAsNonRoot": true,
    "runAsUser": 65532,
    "capabilities": { "drop": ["ALL"] },
    "seccompProfile": { "type": "RuntimeDefault" },
    })
}

/// The 150 flowers of the example, without a header.
pub fn iris_rows() -> String {
    let path: PathBuf = Cluster::root().join("examples/iris/iris.csv");
    fs::read_to_string(path).expect("the example has its rows")
}

/// A Model to be applied, changed word by word.
#[derive(Clone, Debug)]
pub struct Manifest(Value);

impl Manifest {
    /// The iris example: rows in the ConfigMap `<name>`, versions in SQLite on the claim `<name>`.
    pub fn iris(name: &str) -> Manifest {
        let columns = [
            "sepal length",
            "sepal width",
            "petal length",
            "petal width",
            "species",
        ];
        let csv = |more: &str, number: i64| json!({ "csv": { "configMap": { "name": name, "key": "iris.csv" }, "names": columns, more: number } });
        Manifest(json!({
            "apiVersion": "auriga.dev/v1alpha1",
            "kind": "Model",
            "metadata": { "name": name },
            "spec": {
                "dataset": { "train": csv("nrows", 100), "test": csv("skiprows", 100), "target": "species" },
                "estimator": { "logisticRegression": { "c": 0.3 } },
                "persister": {
                    "uri": "sqlite:///var/lib/auriga/models.db",
                    "persistentVolumeClaim": { "claimName": name },
                },
            },
        }))
    }

    /// The same with versions in the PostgreSQL of the namespace, and two replicas.
    pub fn on_postgres(self) -> Manifest {
        self.with(
            "/spec/persister",
            json!({ "uri": "postgres://postgres/auriga", "secretRef": { "name": "postgres" } }),
        )
        .with("/spec/replicas", 2)
    }

    /// With another regularization, so that it is another fit.
    pub fn c(self, c: f64) -> Manifest {
        self.with("/spec/estimator/logisticRegression/c", c)
    }

    /// With `value` at this JSON pointer; what leads there is made if need be.
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Manifest {
        let mut at = &mut self.0;
        for step in pointer.trim_start_matches('/').split('/') {
            at = match step.parse::<usize>() {
                Ok(index) if at.is_array() => &mut at[index],
                _ => &mut at[step],
            };
        }
        *at = value.into();
        self
    }

    /// The name of the Model.
    pub fn name(&self) -> &str {
        self.0["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// As JSON.
    pub fn value(&self) -> &Value {
        &self.0
    }
}
