//! Compares two specs field by field: what decided one fit and not the other.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{crd, document::child};

/// A field that two specs have different values in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The field, such as `spec.estimator.ridge.alpha` or `spec.transformers[scale]`; for a ConfigMap's text its name and
    /// key.
    pub path: String,
    /// The value in the first spec: the default where none was written, absent where there is none either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The same in the second spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// Every field in which two results of [`crate::fit_spec`] differ, in the order of their names; an absent field counts
/// as its default. Entries of lists that have a key, as transformers have their name, are held against each other by it.
pub fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let schema = &crd::model_schema()["properties"]["spec"];
    compare("spec", old.get("spec"), new.get("spec"), schema, &mut found);
    let texts = |spec: &Value| spec["configMaps"].as_object().cloned().unwrap_or_default();
    let (old, new) = (texts(old), texts(new));
    for name in names(&old, &new) {
        let (map, key) = name.split_once('/').unwrap_or((name, ""));
        let path = format!("ConfigMap {map}, key {key}");
        compare(&path, old.get(name), new.get(name), &Value::Null, &mut found);
    }
    found
}

fn compare(
    path: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    schema: &Value,
    found: &mut Vec<Difference>,
) {
    if old == new {
        return;
    }
    if let Some(key) = key(schema) {
        // A list of steps that is absent is one without steps.
        let entries = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
        return compare_entries(path, (&entries(old), &entries(new)), key, &schema["items"], found);
    }
    let default = schema.get("default");
    match (old.or(default), new.or(default)) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for name in names(old, new) {
                let inner = (schema["properties"].get(name)).unwrap_or(&schema["additionalProperties"]);
                compare(&child(path, name), old.get(name), new.get(name), inner, found);
            }
        }
        (old, new) if old != new => found.push(Difference {
            path: path.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
        }),
        _ => {}
    }
}

fn compare_entries(
    path: &str,
    (old, new): (&[Value], &[Value]),
    key: &str,
    schema: &Value,
    found: &mut Vec<Difference>,
) {
    let added = new.iter().filter(|entry| named(old, key, &entry[key]).is_none());
    for entry in old.iter().chain(added) {
        let name = &entry[key];
        let shown = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        let (old, new) = (named(old, key, name), named(new, key, name));
        compare(&format!("{path}[{shown}]"), old, new, schema, found);
    }
    // Steps run in their order: the same ones in another order make another fit.
    let kept = |list: &[Value], other: &[Value]| -> Vec<Value> {
        let names = list.iter().map(|entry| &entry[key]);
        names
            .filter(|name| named(other, key, name).is_some())
            .cloned()
            .collect()
    };
    let (before, after) = (kept(old, new), kept(new, old));
    if before != after {
        found.push(Difference {
            path: format!("{path} (order)"),
            old: Some(before.into()),
            new: Some(after.into()),
        });
    }
}

/// The entry of a list that has this name.
fn named<'a>(list: &'a [Value], key: &str, name: &Value) -> Option<&'a Value> {
    list.iter().find(|entry| entry[key] == *name)
}

/// The one field that tells the entries of a list apart, if it has one.
fn key(schema: &Value) -> Option<&str> {
    match schema["x-kubernetes-list-map-keys"].as_array()?.as_slice() {
        [key] => key.as_str(),
        _ => None,
    }
}

/// The names of either, each once.
fn names<'a>(old: &'a Map<String, Value>, new: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    old.keys().chain(new.keys()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check, document, fit_spec};

    const RIDGE: &str = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata: {name: m}
spec:
  dataset: {train: {csv: {configMap: {name: rows, key: a.csv}}}, target: t}
  transformers: [{name: fill, simpleImputer: {}}, {name: scale, standardScaler: {}}]
  estimator: {ridge: {}}
";

    fn spec(text: &str, rows: &str) -> Value {
        let checked = check(&document::read(text).unwrap()[0]).unwrap();
        let config_maps = checked.config_maps();
        fit_spec(
            &checked,
            &config_maps
                .map(|(_, key)| (key.clone(), rows.to_owned()))
                .collect(),
        )
    }

    fn lines(old: &Value, new: &Value) -> Vec<String> {
        let shown = |value: Option<Value>| value.map_or("absent".to_owned(), |value| value.to_string());
        let line = |Difference { path, old, new }| format!("{path}: {} -> {}", shown(old), shown(new));
        differences(old, new).into_iter().map(line).collect()
    }

    #[test]
    fn each_field_that_differs_is_named_with_both_values() {
        let check = |old: &str, new: &str, expected: &[&str]| {
            assert!(RIDGE.contains(old), "{old}");
            let edited = RIDGE.replace(old, new);
            assert_eq!(lines(&spec(RIDGE, "t"), &spec(&edited, "t")), expected, "{new}");
        };
        check("ridge: {}", "ridge: {alpha: 1}", &[]);
        check(
            "ridge: {}",
            "ridge: {alpha: 2}",
            &["spec.estimator.ridge.alpha: 1.0 -> 2.0"],
        );
        check(
            "ridge: {}",
            "linearRegression: {}",
            &[
                "spec.estimator.linearRegression: absent -> {}",
                "spec.estimator.ridge: {} -> absent",
            ],
        );
        check(
            "ridge: {}}",
            "ridge: {}}\n  training: {scoring: r2, goldenRequests: {rows: 1}}",
            &[
                "spec.training.goldenRequests.rows: 5 -> 1",
                "spec.training.scoring: absent -> \"r2\"",
            ],
        );
        check(
            "standardScaler: {}",
            "standardScaler: {withMean: false}",
            &["spec.transformers[scale].standardScaler.withMean: true -> false"],
        );
        check(
            "[{name: fill",
            "[{name: first, standardScaler: {}}, {name: fill",
            &["spec.transformers[first]: absent -> {\"name\":\"first\",\"standardScaler\":{}}"],
        );
        check(
            "  transformers: [{name: fill, simpleImputer: {}}, {name: scale, standardScaler: {}}]\n",
            "",
            &[
                "spec.transformers[fill]: {\"name\":\"fill\",\"simpleImputer\":{}} -> absent",
                "spec.transformers[scale]: {\"name\":\"scale\",\"standardScaler\":{}} -> absent",
            ],
        );
        check(
            "{name: fill, simpleImputer: {}}, {name: scale, standardScaler: {}}",
            "{name: scale, standardScaler: {}}, {name: fill, simpleImputer: {}}",
            &["spec.transformers (order): [\"fill\",\"scale\"] -> [\"scale\",\"fill\"]"],
        );
    }

    #[test]
    fn the_text_of_a_config_map_counts_by_its_digest() {
        let digest = |text: &str| crate::Digest::of(text.as_bytes());
        let expected = format!(
            "ConfigMap rows, key a.csv: \"3 bytes, {}\" -> \"4 bytes, {}\"",
            digest("t\n1"),
            digest("t\n12")
        );
        assert_eq!(lines(&spec(RIDGE, "t\n1"), &spec(RIDGE, "t\n12")), [expected]);
    }

    #[test]
    fn long_inline_rows_are_kept_as_digest_and_length() {
        let rows = "1,2\\n".repeat(1000);
        let inline = RIDGE.replace(
            "configMap: {name: rows, key: a.csv}",
            &format!("inline: \"x,t\\n{rows}\""),
        );
        let spec = spec(&inline, "");
        let kept = spec["spec"]["dataset"]["train"]["csv"]["inline"]
            .as_str()
            .unwrap();
        assert!(kept.starts_with("4004 bytes, sha256:"), "{kept}");
        assert!(spec.to_string().len() < 1000);
    }
}
