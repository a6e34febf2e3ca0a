//! Which fields of an object are the operator's, by what the API server keeps of who wrote what.

use serde_json::{Value, json};

/// A way to a field, in steps as the API server writes them (Kubernetes API reference, "FieldsV1"): `f:` a field, `k:` an
/// item of a list by its keys, `v:` one by its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<String>);

/// Ways to the fields without further ones below them that `manager` has written.
pub(super) fn leaves(object: &Value, manager: &str) -> Vec<Path> {
    let entries = object["metadata"]["managedFields"].as_array();
    let by_manager = |entry: &&Value| entry["manager"] == manager && entry["subresource"].is_null();
    let all: Vec<&Value> = entries.into_iter().flatten().filter(by_manager).collect();
    // Who makes an object owns what the API server fills in, too; who applies one owns what he has asked for.
    let was_applied = all.iter().any(|entry| entry["operation"] == "Apply");
    let mut found = Vec::new();
    for entry in all {
        if !was_applied || entry["operation"] == "Apply" {
            walk(&entry["fieldsV1"], &mut Vec::new(), &mut found);
        }
    }
    // Who made a map first is its owner, too, and means each of its entries.
    let is_map = |value: &Value| value.as_object().is_some_and(|map| !map.is_empty());
    found.retain(|path| path.get(object).is_some_and(|value| !is_map(value)));
    found.sort();
    found.dedup();
    found
}

fn walk(fields: &Value, at: &mut Vec<String>, found: &mut Vec<Path>) {
    let below: Vec<(&String, &Value)> = (fields.as_object().into_iter().flatten())
        .filter(|(key, _)| *key != ".")
        .collect();
    if below.is_empty() && !at.is_empty() {
        found.push(Path(at.clone()));
    }
    for (key, fields) in below {
        at.push(key.clone());
        walk(fields, at, found);
        at.pop();
    }
}

impl Path {
    /// The same as a JSON pointer into `object`; `None` if it has no such field.
    pub(super) fn place(&self, object: &Value) -> Option<String> {
        let (mut place, mut at) = (String::new(), object);
        for step in &self.0 {
            let step = resolve(step, at)?;
            at = match at {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                at => at.get(&step)?,
            };
            place.push('/');
            place.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        Some(place)
    }

    /// The field in `object`.
    pub(super) fn get<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        object.pointer(&self.place(object)?)
    }

    /// The list in which this field tells its item from the others, if it does so.
    pub(super) fn list_that_it_is_a_key_of(&self) -> Option<Path> {
        let (field, before) = self.0.split_last()?;
        let (item, list) = before.split_last()?;
        let keys: Value = serde_json::from_str(item.strip_prefix("k:")?).ok()?;
        let is_key = keys.get(field.strip_prefix("f:")?).is_some();
        is_key.then(|| Path(list.to_vec()))
    }
}

fn resolve(step: &str, object: &Value) -> Option<String> {
    let (kind, rest) = step.split_once(':')?;
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
    let Some(place) = path.place(object) else { return };
    if let Some(value) = value {
        if let Some(field) = object.pointer_mut(&place) {
            *field = value.clone();
        }
        return;
    }
    let Some((parent, last)) = place.rsplit_once('/') else {
        return;
    };
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&last.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => {
            if let Some(place) = last.parse().ok().filter(|place: &usize| *place < items.len()) {
                items.remove(place);
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
                        "f:metadata": { "f:labels": { "f:a/b": {} } },
                        "f:spec": { "f:ports": { "k:{\"port\":80}": { ".": {}, "f:name": {}, "f:port": {} } } },
                    } },
                    { "manager": "auriga", "fieldsV1": { "f:metadata": { "f:labels": { ".": {} } } } },
                    { "manager": "auriga", "subresource": "status", "fieldsV1": { "f:status": {} } },
                    { "manager": "else", "fieldsV1": { "f:metadata": { "f:labels": { "f:other": {} } } } },
                ],
            },
            "spec": { "ports": [{ "port": 443 }, { "port": 80, "name": "http" }] },
        })
    }

    #[test]
    fn fields_of_a_manager_are_found_in_maps_and_in_lists_by_key() {
        let object = service();
        let found: Vec<String> = (leaves(&object, "auriga").iter())
            .filter_map(|path| path.place(&object))
            .collect();
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
    fn what_was_filled_in_for_who_made_an_object_is_left_out_once_it_was_applied() {
        let made =
            json!({ "manager": "auriga", "operation": "Update", "fieldsV1": { "f:a": {}, "f:b": {} } });
        let applied = json!({ "manager": "auriga", "operation": "Apply", "fieldsV1": { "f:a": {} } });
        let count = |fields: Value| {
            let object = json!({ "a": 1, "b": 2, "metadata": { "managedFields": fields } });
            leaves(&object, "auriga").len()
        };
        assert_eq!((count(json!([made])), count(json!([made, applied]))), (2, 1));
    }

    #[test]
    fn a_field_that_tells_an_item_of_a_list_from_others_is_known() {
        let object = service();
        let lists: Vec<Option<String>> = (leaves(&object, "auriga").iter())
            .map(|path| path.list_that_it_is_a_key_of()?.place(&object))
            .collect();
        assert_eq!(lists, [None, None, Some("/spec/ports".to_owned())]);
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
