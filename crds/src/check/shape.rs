//! Walks a value along a structural schema, as the API server does, but in words that name value and remedy.

use serde_json::{Map, Value};

use super::words::{hint, shown};
use crate::{
    Fault,
    document::{child, item},
    rule,
};

/// Fields that every object has and no kind's schema lists.
const OBJECT_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Appends what is wrong with `value`.
pub(super) fn walk(value: &Value, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let before = faults.len();
    if value.is_null() {
        let message = "is empty; give it a value or remove the line".to_owned();
        faults.push(Fault {
            path: path.to_owned(),
            message,
            position: None,
        });
        return;
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Object(fields)) => object(fields, schema, path, faults),
        ("array", Value::Array(items)) => list(items, schema, path, faults),
        ("string", Value::String(text)) => string(text, schema, path, faults),
        ("boolean", Value::Bool(_)) => {}
        ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => {
            range(value, schema, path, faults)
        }
        ("number", Value::Number(_)) => range(value, schema, path, faults),
        (expected, _) => {
            let message = format!(
                "{} is not {}{}",
                shown(value),
                article(expected),
                type_hint(expected, value)
            );
            faults.push(Fault {
                path: path.to_owned(),
                message,
                position: None,
            });
        }
    }
    // Faults of this very value would make its rules complain a second time about the same thing; faults further in
    // would not.
    if !faults[before..]
        .iter()
        .any(|fault| parent_or_self(&fault.path, path))
    {
        rules(value, schema, path, faults);
    }
}

fn parent_or_self(fault: &str, path: &str) -> bool {
    let rest = fault.strip_prefix(path).unwrap_or(fault).trim_start_matches('.');
    !rest.contains(['.', '['])
}

fn object(fields: &Map<String, Value>, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let additional = schema
        .get("additionalProperties")
        .filter(|inner| inner.is_object());
    for (name, value) in fields {
        match properties.get(name).or(additional) {
            Some(inner) => walk(value, inner, &child(path, name), faults),
            None if path.is_empty() && OBJECT_FIELDS.contains(&name.as_str()) => {}
            None => {
                let known = properties
                    .keys()
                    .map(String::as_str)
                    .filter(|name| *name != "status");
                faults.push(fault(
                    &child(path, name),
                    format!("is not a known field{}", hint(name, known)),
                ));
            }
        }
    }
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    for name in required.filter(|name| !fields.contains_key(*name)) {
        let purpose = properties[name]["description"].as_str().unwrap_or_default();
        faults.push(fault(
            &child(path, name),
            format!("is missing: {}", first_sentence(purpose)),
        ));
    }
    if let Some(most) = schema["maxProperties"]
        .as_u64()
        .filter(|most| fields.len() as u64 > *most)
    {
        faults.push(fault(
            path,
            format!("has {} entries; at most {most} are allowed", fields.len()),
        ));
    }
}

fn list(items: &[Value], schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let count = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|least| count < least) {
        faults.push(fault(
            path,
            "is an empty list; name at least one entry or remove the field".to_owned(),
        ));
    }
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| count > *most) {
        faults.push(fault(
            path,
            format!("has {count} entries; at most {most} are allowed"),
        ));
    }
    for (at, value) in items.iter().enumerate() {
        walk(value, &schema["items"], &item(path, at), faults);
    }
    let key = schema["x-kubernetes-list-map-keys"][0].as_str();
    let identity = |value: &Value| match (schema["x-kubernetes-list-type"].as_str(), key) {
        (Some("set"), _) => Some(value.clone()),
        (Some("map"), Some(key)) => value.get(key).cloned(),
        _ => None,
    };
    let identities: Vec<Option<Value>> = items.iter().map(identity).collect();
    for (at, found) in identities.iter().enumerate() {
        if let Some(found) = found
            && let Some(first) = identities[..at]
                .iter()
                .position(|other| other.as_ref() == Some(found))
        {
            let path = key.map_or(item(path, at), |key| child(&item(path, at), key));
            faults.push(fault(
                &path,
                format!("{} occurs twice; entry {} has it too", shown(found), first + 1),
            ));
        }
    }
}

fn string(text: &str, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let length = text.chars().count() as u64;
    if let Some(allowed) = schema["enum"].as_array() {
        let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        if !allowed.contains(&text) {
            let message = format!(
                "{} is not a known value{}",
                shown(&text.into()),
                hint(text, allowed)
            );
            faults.push(fault(path, message));
        }
    }
    if schema["minLength"].as_u64().is_some_and(|least| length < least) {
        faults.push(fault(path, "is an empty text".to_owned()));
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        faults.push(fault(
            path,
            format!(
                "{} has {length} characters; at most {most} are allowed",
                shown(&text.into())
            ),
        ));
    }
}

fn range(value: &Value, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let number = value.as_f64().unwrap_or(f64::NAN);
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let allowed = match (least, most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, most) => format!("at most {}", most.unwrap_or(f64::INFINITY)),
        };
        faults.push(fault(
            path,
            format!("{} is out of range; allowed is {allowed}", shown(value)),
        ));
    }
}

fn rules(value: &Value, schema: &Value, path: &str, faults: &mut Vec<Fault>) {
    let written = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    for rule in written
        .filter_map(|rule| rule["rule"].as_str())
        .filter_map(rule::by_cel)
    {
        let field = if rule.field.is_empty() {
            path.to_owned()
        } else {
            child(path, rule.field)
        };
        // What is no value at all breaks the rules about it too: once is enough.
        let is_told = !rule.field.is_empty() && faults.iter().any(|fault| fault.path == field);
        if !is_told && !rule.holds(value) {
            let blamed = value
                .pointer(&format!("/{}", rule.field.replace('.', "/")))
                .filter(|_| !rule.field.is_empty());
            let quoted = blamed.unwrap_or(value);
            let message = match quoted {
                Value::Object(_) | Value::Array(_) => rule.message.clone(),
                scalar => format!("{}: {}", shown(scalar), rule.message),
            };
            faults.push(fault(&field, message));
        }
    }
}

fn fault(path: &str, message: String) -> Fault {
    Fault {
        path: path.to_owned(),
        message,
        position: None,
    }
}

fn article(kind: &str) -> &'static str {
    match kind {
        "object" => "a map of fields",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        _ => "a number",
    }
}

fn type_hint(expected: &str, value: &Value) -> String {
    match (expected, value) {
        ("string", Value::Number(_)) => format!("; write it in quotes: \"{value}\""),
        // kubectl reads these words the same way.
        ("string", Value::Bool(_)) => {
            "; YAML reads y, yes, on, n, no and off so: write the text in quotes".to_owned()
        }
        ("integer" | "number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            "; write it without quotes".to_owned()
        }
        ("array", Value::String(_)) => "; write it in brackets: [a, b]".to_owned(),
        _ => String::new(),
    }
}

fn first_sentence(description: &str) -> &str {
    description
        .split_inclusive(". ")
        .next()
        .unwrap_or_default()
        .trim_end()
        .trim_end_matches('.')
}
