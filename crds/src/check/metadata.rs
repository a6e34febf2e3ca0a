//! What the API server itself says about objects of every kind, beside the schema of one.

use std::sync::LazyLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use crate::crd;

/// What the server sets: in a manifest that was read back from a cluster, and nobody's mistake.
const SET_BY_THE_SERVER: [&str; 10] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "selfLink",
];

/// The schema of a whole Model: its CRD's, and what that leaves to the server. A field without a type takes any value,
/// and one without a description is not for users to write.
pub(super) fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema = crd::model_schema().clone();
        let fields = &mut schema["properties"];
        fields["apiVersion"] = json!({ "description": "The group and version of the kind." });
        fields["kind"] = json!({ "description": "The kind." });
        fields["metadata"] = metadata();
        if let Some(status) = fields["status"].as_object_mut() {
            status.remove("description");
        }
        schema["required"] = json!(["metadata", "spec"]);
        schema
    });
    &SCHEMA
}

fn metadata() -> Value {
    let texts = |description: &str| json!({ "type": "object", "description": description, "additionalProperties": { "type": "string" } });
    let mut schema = json!({
        "type": "object",
        "description": "The Model's name, and its namespace if that is not default.",
        "properties": {
            "name": {
                "type": "string",
                "description": "The Model's name, at most 52 lower-case letters, digits and \"-\".",
            },
            "generateName": { "type": "string", "description": "What the server makes a name from." },
            "namespace": { "type": "string", "description": "The Model's namespace." },
            "labels": texts("Texts to select the Model by."),
            "annotations": texts("Texts about the Model."),
        },
        "required": ["name"],
    });
    for field in SET_BY_THE_SERVER {
        schema["properties"][field] = json!({});
    }
    schema
}

/// What a user may write of an object's metadata.
pub(super) fn of_user(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        labels: metadata.labels.clone(),
        annotations: metadata.annotations.clone(),
        ..ObjectMeta::default()
    }
}

/// The value without what only the server reads and writes.
pub(super) fn without_server_fields(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let is_set_by_user = |name: &str| !SET_BY_THE_SERVER.contains(&name);
        *metadata = std::mem::take(metadata)
            .into_iter()
            .filter(|(name, _)| is_set_by_user(name))
            .collect::<Map<_, _>>();
    }
    value
}
