//! The ConfigMap with the manifest that a pod reads.

use std::collections::BTreeMap;

use auriga_crds::{GROUP, Model, VERSION, contract::pod};
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::ResourceExt as _;
use serde_json::{Value, json};

/// An immutable ConfigMap with the manifest of `model`, as `metadata` names it.
pub fn config_map(metadata: ObjectMeta, model: &Model) -> ConfigMap {
    ConfigMap {
        metadata,
        immutable: Some(true),
        data: Some(BTreeMap::from([(pod::MANIFEST_FILE.to_owned(), manifest(model))])),
        ..ConfigMap::default()
    }
}

/// What the user wrote, without what the API server added: the same text works on a laptop.
pub fn manifest(model: &Model) -> String {
    let spec = serde_json::to_value(&model.spec).unwrap_or(Value::Null);
    let manifest = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "Model",
        "metadata": { "name": model.name_any(), "namespace": model.namespace() },
        "spec": spec,
    });
    serde_saphyr::to_string(&manifest).expect("a manifest has only text keys and finite numbers")
}
