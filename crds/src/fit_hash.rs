//! The hash of what decides a fit: equal hashes need no new fit.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Checked, ConfigMapKey, Digest, crd};

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
    let spec = deciding_fields(checked);
    let config_maps = contents(config_maps, Digest::to_string);
    format!(
        "v{HASH_VERSION}-{}",
        Digest::of_json(&Deciding { config_maps, spec }).hex()
    )
}

/// What [`fit_hash`] hashes, small enough to be kept with every version: `spec`, whose long texts (inline rows) are
/// replaced by their digest and length, and `configMaps`, where each `<name>/<key>` has the same for its text.
///
/// [`crate::differences`] compares two of them.
pub fn fit_spec(checked: &Checked, config_maps: &BTreeMap<ConfigMapKey, String>) -> Value {
    let spec = deciding_fields(checked);
    let spec: Map<_, _> = (spec.into_iter())
        .map(|(field, value)| (field.to_owned(), shortened(&value)))
        .collect();
    json!({ "spec": spec, "configMaps": contents(config_maps, |text: &String| summary(text)) })
}

/// What decides a fit, its fields in the order of their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deciding<'spec> {
    config_maps: Map<String, Value>,
    spec: Fields<'spec>,
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
pub fn serve_hash(checked: &Checked) -> String {
    let mut fields = fields(checked, |field| ["persister", "pod", "serving"].contains(&field));
    // How long to wait for pods is nothing that a pod knows.
    remove_inside(&mut fields, "serving", &["progressDeadlineSeconds"]);
    Digest::of_json(&fields).hex()
}

/// `<64 hex digits>` over everything that a person chooses in the spec: values equal to their default count as absent, as
/// in [`fit_hash`], and the number of pods does not count, which an autoscaler changes all day.
pub fn edition_hash(checked: &Checked) -> String {
    Digest::of_json(&fields(checked, |field| field != "replicas")).hex()
}

/// Some fields of a spec, without those that say what their default says.
type Fields<'spec> = BTreeMap<&'spec str, Cow<'spec, Value>>;

fn fields(checked: &Checked, is_meant: impl Fn(&str) -> bool) -> Fields<'_> {
    let fields = checked.chosen.iter().filter(|(field, _)| is_meant(field));
    fields
        .map(|(field, value)| (field.as_str(), Cow::Borrowed(value)))
        .collect()
}

/// The fields that decide the fit.
fn deciding_fields(checked: &Checked) -> Fields<'_> {
    let mut fields = fields(checked, |field| !UNDECIDING.contains(&field));
    remove_inside(&mut fields, "training", &UNDECIDING_OF_TRAINING);
    fields
}

fn remove_inside(fields: &mut Fields<'_>, outer: &'static str, removed: &[&str]) {
    let Some(Value::Object(inner)) = fields.get(outer).map(Cow::as_ref) else {
        return;
    };
    let mut inner = inner.clone();
    inner.retain(|field, _| !removed.contains(&field.as_str()));
    if inner.is_empty() {
        fields.remove(outer);
    } else {
        fields.insert(outer, Cow::Owned(Value::Object(inner)));
    }
}

/// The fields of a spec without those that say what their default says.
pub(crate) fn chosen_fields(mut spec: Value) -> Map<String, Value> {
    remove_defaults(&mut spec, &crd::model_schema()["properties"]["spec"]);
    match spec {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn remove_defaults(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let inner = schema["properties"]
                .get(name)
                .unwrap_or(&schema["additionalProperties"]);
            remove_defaults(value, inner);
            !is_default(value, inner)
        }),
        Value::Array(items) => {
            for item in items {
                remove_defaults(item, &schema["items"]);
            }
        }
        _ => {}
    }
}

/// Whether `value`, without the defaults in it, is what the schema gives where nothing is written.
fn is_default(value: &Value, schema: &Value) -> bool {
    match schema.get("default") {
        Some(default @ (Value::Object(_) | Value::Array(_))) => {
            let mut default = default.clone();
            remove_defaults(&mut default, schema);
            *value == default
        }
        scalar => scalar == Some(value),
    }
}

#[cfg(test)]
mod tests;
