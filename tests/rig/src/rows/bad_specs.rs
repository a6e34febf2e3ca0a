//! Bad specs that the API server takes: those that break a rule between fields, and those that nobody can carry out.

use auriga_e2e::{Manifest, Space};
use serde_json::{Value, json};

use super::schema::{Kind, variants};

/// A bad spec.
#[derive(Clone, Debug)]
pub(super) struct Bad {
    /// What is bad about it, for people.
    pub(super) what: String,
    spec: Value,
    /// The reason that is told.
    pub(super) reason: &'static str,
    /// What the message has to contain: the field, or else the thing that it names.
    pub(super) names: String,
}

impl Bad {
    /// The spec as that of a Model with rows of its own.
    pub(super) fn of_model(&self, name: &str) -> Manifest {
        let mut spec = self.spec.clone();
        for source in ["train", "test"] {
            if let Some(of) = spec.pointer_mut(&format!("/dataset/{source}/csv/configMap/name"))
                && *of == BASE
            {
                *of = json!(name);
            }
        }
        good(name).with("/spec", spec)
    }
}

/// The good spec.
pub(super) fn good(name: &str) -> Manifest {
    Manifest::iris(name).on_postgres().with("/spec/replicas", 1)
}

/// The name in the manifest that bad specs are made of.
const BASE: &str = "iris";

/// Every variant of a field that the API server takes and that breaks a rule between fields.
pub(super) async fn broken_rules(space: &Space, schema: &Value) -> Vec<Bad> {
    let rich = good(BASE)
        .with(
            "/spec/serving/entryPoints",
            json!([{
                "path": "/predict",
                "mapping": [{ "name": "sepal length", "type": "float" }, { "name": "width", "type": "float", "column": "sepal width" }],
            }]),
        )
        .with("/spec/transformers", json!([{ "name": "scale", "standardScaler": {} }]))
        .with("/spec/training/crossValidation", json!({ "kFold": { "shuffle": true } }));
    let mut found: Vec<Bad> = Vec::new();
    for base in [good(BASE), rich] {
        for variant in variants(schema, &base.value()["spec"]) {
            if variant.kind == Kind::Invalid {
                continue;
            }
            let what = format!("{}: {}", variant.field, short(&variant.value));
            let manifest = good(BASE).with("/spec", variant.spec.clone());
            let Ok(model) = serde_json::from_value(manifest.value().clone()) else {
                continue;
            };
            let Err(faults) = auriga_crds::check_model(&model) else {
                continue;
            };
            let is_there = found.iter().any(|bad| bad.what == what);
            let fresh = manifest.with("/metadata/name", "fresh");
            if is_there || space.would_take(fresh.value()).await.is_err() {
                continue;
            }
            let fault = faults.0.first();
            // A fault of the whole has no place.
            let names = fault.map(|fault| {
                if fault.path.is_empty() {
                    &fault.message
                } else {
                    &fault.path
                }
            });
            found.push(Bad {
                what,
                spec: variant.spec,
                reason: "InvalidSpec",
                names: names.cloned().unwrap_or_default(),
            });
        }
    }
    found
}

/// What no rule forbids and nobody can carry out.
pub(super) fn impossible() -> Vec<Bad> {
    let misfit =
        json!([{ "path": "/predict", "mapping": [{ "name": "a", "type": "float", "column": "b" }] }]);
    let all = [
        (
            "dataset/train/csv/configMap/name",
            json!("nothing"),
            "ConfigMapNotFound",
            "ConfigMap nothing",
        ),
        (
            "dataset/test/csv/configMap/name",
            json!("nothing"),
            "ConfigMapNotFound",
            "ConfigMap nothing",
        ),
        (
            "dataset/train/csv/configMap/key",
            json!("nothing.csv"),
            "ConfigMapNotFound",
            "nothing.csv",
        ),
        (
            "dataset/train/csv/path",
            json!("/data/iris.csv"),
            "InvalidSpec",
            "spec.dataset.train.csv.path",
        ),
        ("dataset/train/csv/nrows", json!(1), "InvalidData", "species"),
        ("dataset/train/csv/skiprows", json!(100_000), "InvalidData", "row"),
        (
            "dataset/train/csv/types",
            json!({ "species": "number" }),
            "InvalidData",
            "species",
        ),
        ("dataset/train/csv/separator", json!(";"), "InvalidData", "column"),
        (
            "dataset/target",
            json!("weight"),
            "InvalidSpec",
            "spec.dataset.target",
        ),
        (
            "serving/entryPoints",
            misfit,
            "InvalidSpec",
            "entry point \"/predict\"",
        ),
        (
            "activation",
            json!({ "policy": "Pinned", "version": 9 }),
            "VersionNotFound",
            "9",
        ),
        (
            "serving/resources",
            json!({ "requests": { "cpu": "500" } }),
            "Unschedulable",
            "cpu",
        ),
        (
            "serving/resources",
            json!({ "requests": { "example.com/gpu": 1 }, "limits": { "example.com/gpu": 1 } }),
            "Unschedulable",
            "example.com/gpu",
        ),
        (
            "pod/nodeSelector",
            json!({ "disk": "golden" }),
            "Unschedulable",
            "selector",
        ),
        (
            "pod/priorityClassName",
            json!("nobody"),
            "Forbidden",
            "PriorityClass",
        ),
        (
            "pod/affinity",
            json!({ "nodeAffinity": 7 }),
            "InvalidSpec",
            "spec.pod.affinity",
        ),
        (
            "pod/labels",
            json!({ "a label": "with spaces" }),
            "InvalidSpec",
            "labels",
        ),
        (
            "pod/annotations",
            json!({ "a note": "with spaces" }),
            "InvalidSpec",
            "annotations",
        ),
        (
            "pod/tolerations",
            json!([{ "key": "a", "effect": "Sometimes" }]),
            "InvalidSpec",
            "tolerations[0].effect",
        ),
        (
            "persister/secretRef/name",
            json!("nobody"),
            "SecretNotFound",
            "nobody",
        ),
        (
            "persister/uri",
            json!("sqlite:///var/lib/auriga/models.db"),
            "InvalidSpec",
            "spec.persister.uri",
        ),
        ("persister", Value::Null, "InvalidSpec", "spec.persister"),
    ];
    let bad = |(place, value, reason, names): (&str, Value, &'static str, &str)| {
        let what = format!("{}: {}", place.replace('/', "."), short(&value));
        let mut spec = good(BASE).with(&format!("/spec/{place}"), value).value()["spec"].clone();
        if place == "dataset/train/csv/path"
            && let Some(csv) = spec["dataset"]["train"]["csv"].as_object_mut()
        {
            csv.remove("configMap");
        }
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        Bad {
            what,
            spec,
            reason,
            names: names.to_owned(),
        }
    };
    all.into_iter().map(bad).collect()
}

/// The beginning of a value.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(40).collect()
}
