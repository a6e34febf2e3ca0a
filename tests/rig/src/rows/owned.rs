//! Which fields of an object are the operator's, by what the API server keeps of who wrote what.

use serde_json::{Value, json};

/// A way to a field: names and places in lists.
pub(super) type Path = Vec<String>;

/// Ways to the fields without further ones below them that `manager` has written.
pub(super) fn leaves(object: &Value, manager: &str) -> Vec<Path> {
    let mut found = Vec::new();
    let entries = object["metadata"]["managedFields"].as_array();
    for entry in entries.into_iter().flatten() {
        if entry["manager"] == manager && entry["subresource"].is_null() {
            walk(&entry["fieldsV1"], object, &mut Vec::new(), &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn walk(fields: &Value, object: &Value, at: &mut Path, found: &mut Vec<Path>) {
    let below: Vec<(&String, &Value)> = (fields.as_object().into_iter().flatten())
        .filter(|(key, _)| *key != ".")
        .collect();
    if below.is_empty() && !at.is_empty() {
        found.push(at.clone());
    }
    for (key, fields) in below {
        let Some(step) = step(key, object) else { continue };
        let inner = match object {
            Value::Array(items) => step.parse().ok().and_then(|place: usize| items.get(place)),
            object => object.get(&step),
        };
        if let Some(inner) = inner {
            at.push(step);
            walk(fields, inner, at, found);
            at.pop();
        }
    }
}

/// A step as the API server writes it (Kubernetes API reference, "FieldsV1"): `f:` a field, `k:` an item of a list by its
/// keys, `v:` one by its value.
fn step(key: &str, object: &Value) -> Option<String> {
    let (kind, rest) = key.split_once(':')?;
    let place = |is_it: &dyn Fn(&Value) -> bool| {
        let place = object.as_array()?.iter().position(is_it)?;
        Some(place.to_string())
    };
    match kind {
        "f" => Some(rest.to_owned()),
        "k" => {
            let keys: Value = serde_json::from_str(rest).ok()?;
            let keys = keys.as_object()?;
            place(&|item| keys.iter().all(|(key, value)| item[key] == *value))
        }
        "v" => {
            let value: Value = serde_json::from_str(rest).ok()?;
            place(&|item| *item == value)
        }
        _ => None,
    }
}

/// The same as a JSON pointer.
pub(super) fn pointer(path: &Path) -> String {
    let escaped = |step: &String| step.replace('~', "~0").replace('/', "~1");
    path.iter().map(|step| format!("/{}", escaped(step))).collect()
}

/// Another value that the field might take; `None` if there is none to think of.
pub(super) fn edited(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(set) => json!(!set),
        Value::Number(number) => json!(number.as_i64()? + 1),
        Value::String(text) => json!(another(text)),
        Value::Array(items) => {
            let mut items = items.clone();
            items.push(items.last()?.clone());
            Value::Array(items)
        }
        Value::Null | Value::Object(_) => return None,
    })
}

fn another(text: &str) -> String {
    let words = [
        ("IfNotPresent", "Always"),
        ("Always", "IfNotPresent"),
        ("ClusterIP", "NodePort"),
        ("TCP", "UDP"),
        ("RuntimeDefault", "Unconfined"),
        ("AlwaysAllow", "IfHealthyBudget"),
        ("HTTP", "HTTPS"),
    ];
    if let Some((_, other)) = words.iter().find(|(word, _)| *word == text) {
        return (*other).to_owned();
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    match number.parse::<u64>() {
        Ok(number) => format!("{}{unit}", number + 1),
        Err(_) => format!("{text}x"),
    }
}

/// Sets the field at `path`, or takes it out.
pub(super) fn set(object: &mut Value, path: &Path, value: Option<&Value>) {
    let Some((last, before)) = path.split_last() else {
        return;
    };
    let parent = object.pointer_mut(&pointer(&before.to_vec()));
    match (parent, value) {
        (Some(Value::Object(fields)), Some(value)) => {
            fields.insert(last.clone(), value.clone());
        }
        (Some(Value::Object(fields)), None) => {
            fields.remove(last);
        }
        (Some(Value::Array(items)), value) => {
            let place = last.parse().ok().filter(|place: &usize| *place < items.len());
            match (place, value) {
                (Some(place), Some(value)) => items[place] = value.clone(),
                (Some(place), None) => drop(items.remove(place)),
                (None, _) => {}
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Value {
        json!({
            "metadata": {
                "labels": { "a/b": "c", "other": "d" },
                "managedFields": [
                    { "manager": "auriga", "fieldsV1": {
                        "f:metadata": { "f:labels": { ".": {}, "f:a/b": {} } },
                        "f:spec": { "f:ports": { "k:{\"port\":80}": { ".": {}, "f:name": {}, "f:port": {} } } },
                    } },
                    { "manager": "auriga", "subresource": "status", "fieldsV1": { "f:status": {} } },
                    { "manager": "else", "fieldsV1": { "f:metadata": { "f:labels": { "f:other": {} } } } },
                ],
            },
            "spec": { "ports": [{ "port": 443 }, { "port": 80, "name": "http" }] },
        })
    }

    #[test]
    fn fields_of_a_manager_are_found_in_maps_and_in_lists_by_key() {
        let found: Vec<String> = leaves(&service(), "auriga").iter().map(pointer).collect();
        assert_eq!(
            found,
            [
                "/metadata/labels/a~1b",
                "/spec/ports/1/name",
                "/spec/ports/1/port"
            ]
        );
    }

    #[test]
    fn a_field_is_set_or_taken_out_by_its_path() {
        let mut object = service();
        let paths = leaves(&object, "auriga");
        set(&mut object, &paths[0], None);
        set(&mut object, &paths[2], Some(&json!(81)));
        assert_eq!(object["metadata"]["labels"], json!({ "other": "d" }));
        assert_eq!(object["spec"]["ports"][1], json!({ "port": 81, "name": "http" }));
    }

    #[test]
    fn another_value_is_of_the_same_kind() {
        let check = |value: Value, expected: Option<Value>| assert_eq!(edited(&value), expected);
        check(json!("64Mi"), Some(json!("65Mi")));
        check(json!("TCP"), Some(json!("UDP")));
        check(json!("serve"), Some(json!("servex")));
        check(json!(true), Some(json!(false)));
        check(json!(3), Some(json!(4)));
        check(json!(["a"]), Some(json!(["a", "a"])));
        check(json!({}), None);
    }
}
