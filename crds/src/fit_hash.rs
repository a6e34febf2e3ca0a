//! The hash of what decides a fit: equal hashes need no new fit.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Checked, ConfigMapKey, Digest, ModelSpec, crd};

/// Counts the ways this hash was computed; another way is another number, so that old hashes never match by chance.
const HASH_VERSION: u32 = 1;

/// What decides nothing before a version exists.
const UNDECIDING: [&str; 7] = [
    "activation",
    "deletionPolicy",
    "historyLimit",
    "pod",
    "replicas",
    "serving",
    "suspend",
];
/// What a fit may use, but learns nothing from: more memory must not fit again what fitted into less.
const UNDECIDING_OF_TRAINING: [&str; 3] = ["activeDeadlineSeconds", "backoffLimit", "resources"];

/// A text of more bytes is kept as its digest and length: what is stored with each version must not grow with data.
const LONGEST_TEXT: usize = 256;

/// `v1-<64 hex digits>` over the fields of the spec that decide the fit and the digests of the ConfigMap texts they name.
///
/// Values equal to their schema's default count as absent, so that a later build with one more defaulted field computes
/// the same. What says how versions are served, kept or run is left out: it decides nothing before a version exists.
pub fn fit_hash(checked: &Checked, config_maps: &BTreeMap<ConfigMapKey, Digest>) -> String {
    let contents = contents(config_maps, Digest::to_string);
    let hashed = json!({ "spec": checked.fit, "configMaps": contents });
    // serde_json keeps object keys sorted and prints a number the same way each time: the text is canonical.
    format!(
        "v{HASH_VERSION}-{}",
        Digest::of(hashed.to_string().as_bytes()).hex()
    )
}

/// What [`fit_hash`] hashes, small enough to be kept with every version: `spec`, whose long texts (inline rows) are
/// replaced by their digest and length, and `configMaps`, where each `<name>/<key>` has the same for its text.
///
/// [`crate::differences`] compares two of them.
pub fn fit_spec(checked: &Checked, config_maps: &BTreeMap<ConfigMapKey, String>) -> Value {
    json!({ "spec": shortened(&checked.fit), "configMaps": contents(config_maps, |text: &String| summary(text)) })
}

fn contents<T>(config_maps: &BTreeMap<ConfigMapKey, T>, shown: impl Fn(&T) -> String) -> Map<String, Value> {
    (config_maps.iter())
        .map(|(ConfigMapKey { name, key }, text)| (format!("{name}/{key}"), shown(text).into()))
        .collect()
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::String(text) if text.len() > LONGEST_TEXT => summary(text).into(),
        scalar => scalar.clone(),
    }
}

fn summary(text: &str) -> String {
    format!("{} bytes, {}", text.len(), Digest::of(text.as_bytes()))
}

/// `<64 hex digits>` over the fields of the spec that the pods of a version must be started anew for: how it is served,
/// where it is kept, where its pods run. Values equal to their default count as absent, as in [`fit_hash`].
pub fn serve_hash(spec: &ModelSpec) -> String {
    let mut fields = chosen_fields(spec);
    fields.retain(|field, _| ["persister", "pod", "serving"].contains(&field.as_str()));
    if let Some(Value::Object(serving)) = fields.get_mut("serving") {
        // How long to wait for pods is nothing that a pod knows.
        serving.remove("progressDeadlineSeconds");
        if serving.is_empty() {
            fields.remove("serving");
        }
    }
    Digest::of(Value::Object(fields).to_string().as_bytes()).hex()
}

/// `<64 hex digits>` over everything that a person chooses in the spec: values equal to their default count as absent, as
/// in [`fit_hash`], and the number of pods does not count, which an autoscaler changes all day.
pub fn edition_hash(spec: &ModelSpec) -> String {
    let mut fields = chosen_fields(spec);
    fields.remove("replicas");
    Digest::of(Value::Object(fields).to_string().as_bytes()).hex()
}

/// The fields of the spec without those that say what their default says.
fn chosen_fields(spec: &ModelSpec) -> Map<String, Value> {
    let spec = serde_json::to_value(spec).expect("a spec has only text keys and finite numbers");
    match without_defaults(spec, &crd::model_schema()["properties"]["spec"]) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The fields that decide the fit, as written, without those that say what their default says.
pub(crate) fn deciding_fields(spec: &ModelSpec) -> Value {
    let mut fields = chosen_fields(spec);
    for undeciding in UNDECIDING {
        fields.remove(undeciding);
    }
    if let Some(Value::Object(training)) = fields.get_mut("training") {
        training.retain(|field, _| !UNDECIDING_OF_TRAINING.contains(&field.as_str()));
        if training.is_empty() {
            fields.remove("training");
        }
    }
    Value::Object(fields)
}

fn without_defaults(value: Value, schema: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            (fields.into_iter())
                .filter_map(|(name, value)| {
                    let inner = schema["properties"]
                        .get(&name)
                        .unwrap_or(&schema["additionalProperties"]);
                    let value = without_defaults(value, inner);
                    let default = inner
                        .get("default")
                        .map(|default| without_defaults(default.clone(), inner));
                    (Some(&value) != default.as_ref()).then_some((name, value))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| without_defaults(item, &schema["items"]))
                .collect(),
        ),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests;
