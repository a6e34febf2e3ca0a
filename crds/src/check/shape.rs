//! Walks a value along a structural schema, as the API server does, but in words that name value and remedy.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::{
    finding::Finding,
    rules,
    words::{hint, listed, shown},
};
use crate::{
    document::{Step, child, item},
    rule,
};

/// Appends what is wrong with `value`, whose place is `path`; that is the same again afterwards.
pub(super) fn walk(value: &Value, schema: &Value, path: &mut String, found: &mut Vec<Finding>) {
    let inside = found.len();
    // A field without a type is checked elsewhere or not at all.
    let Some(expected) = schema["type"].as_str() else {
        return;
    };
    if value.is_null() {
        let instead = if has_defaults(schema) {
            "write {} for its defaults,"
        } else {
            "give it a value"
        };
        let message = format!("is empty; {instead} or remove the line");
        found.push(Finding::fault(path, message));
        return;
    }
    match (expected, value) {
        ("object", Value::Object(fields)) => object(fields, schema, path, found),
        ("array", Value::Array(items)) => list(items, schema, path, found),
        ("string", Value::String(text)) => string(text, schema, path, found),
        ("boolean", Value::Bool(_)) => {}
        ("integer", Value::Number(number)) if is_whole(number) => integer(number, schema, path, found),
        ("number", Value::Number(_)) => range(value, schema, path, found),
        _ => {
            let message = format!(
                "{} is not {}{}",
                shown(value),
                article(expected),
                type_hint(expected, value, schema)
            );
            found.push(Finding::fault(path, message));
            return;
        }
    }
    rules::ask(value, schema, path, found, inside);
}

/// Whether `{}` is a value of this type.
fn has_defaults(schema: &Value) -> bool {
    schema["type"] == "object"
        && schema["additionalProperties"].is_null()
        && schema["required"].is_null()
        && members(schema).is_empty()
}

/// Of which exactly one is given, if the schema is that of a union.
fn members(schema: &Value) -> &'static [&'static str] {
    let written = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    let mut rules = written.filter_map(|written| rule::by_cel(written["rule"].as_str()?));
    rules
        .find(|rule| !rule.members.is_empty())
        .map_or(&[], |rule| rule.members)
}

/// The same for a value inside of that of `path`. Most values are right: no path is made for each of them alone.
fn walk_inside(
    (step, value): (Step<'_>, &Value),
    schema: &Value,
    path: &mut String,
    found: &mut Vec<Finding>,
) {
    let outside = path.len();
    step.append_to(path);
    walk(value, schema, path, found);
    path.truncate(outside);
}

fn object(fields: &Map<String, Value>, schema: &Value, path: &mut String, found: &mut Vec<Finding>) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let additional = schema
        .get("additionalProperties")
        .filter(|inner| inner.is_object());
    // Fields that only the API server can judge, when it is asked to make a pod of them.
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    for (name, value) in fields {
        match properties.get(name).or(additional) {
            Some(inner) => walk_inside((Step::Key(name), value), inner, path, found),
            None => {
                let known = properties
                    .iter()
                    .filter(|(_, inner)| inner["description"].is_string())
                    .map(|(name, _)| name.as_str());
                let message = format!("is not a known field{}", hint(name, known));
                found.push(Finding::unknown_field(&child(path, name), message));
            }
        }
    }
    for name in required(schema).filter(|name| !fields.contains_key(*name)) {
        let purpose = properties[name]["description"].as_str().unwrap_or_default();
        found.push(Finding::fault(
            &child(path, name),
            format!("is missing: {}", first_sentence(purpose)),
        ));
    }
    if let Some(most) = schema["maxProperties"]
        .as_u64()
        .filter(|most| fields.len() as u64 > *most)
    {
        found.push(Finding::fault(
            path,
            format!("has {} entries; at most {most} are allowed", fields.len()),
        ));
    }
}

fn list<'items>(items: &'items [Value], schema: &Value, path: &mut String, found: &mut Vec<Finding>) {
    let count = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|least| count < least) {
        found.push(Finding::fault(
            path,
            "is an empty list; name at least one entry or remove the field".to_owned(),
        ));
    }
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| count > *most) {
        found.push(Finding::fault(
            path,
            format!("has {count} entries; at most {most} are allowed"),
        ));
    }
    for (at, value) in items.iter().enumerate() {
        walk_inside((Step::Index(at), value), &schema["items"], path, found);
    }
    let key = schema["x-kubernetes-list-map-keys"][0].as_str();
    let identity = |value: &'items Value| match (schema["x-kubernetes-list-type"].as_str(), key) {
        (Some("set"), _) => Some(value),
        (Some("map"), Some(key)) => value.get(key),
        _ => None,
    };
    let mut first_at: HashMap<&Value, usize> = HashMap::new();
    for (at, value) in items.iter().enumerate() {
        let Some(same) = identity(value) else { continue };
        if let Some(first) = first_at.get(same) {
            let path = key.map_or(item(path, at), |key| child(&item(path, at), key));
            let message = format!("{} occurs twice; entry {} has it too", shown(same), first + 1);
            found.push(Finding::fault(&path, message));
        } else {
            first_at.insert(same, at);
        }
    }
}

fn string(text: &str, schema: &Value, path: &str, found: &mut Vec<Finding>) {
    let length = text.chars().count() as u64;
    if let Some(allowed) = schema["enum"].as_array() {
        let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        if !allowed.contains(&text) {
            let message = format!(
                "{} is not a known value{}",
                shown(&text.into()),
                hint(text, allowed)
            );
            found.push(Finding::fault(path, message));
        }
    }
    if schema["minLength"].as_u64().is_some_and(|least| length < least) {
        found.push(Finding::fault(path, "is an empty text".to_owned()));
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        found.push(Finding::fault(
            path,
            format!(
                "{} has {length} characters; at most {most} are allowed",
                shown(&text.into())
            ),
        ));
    }
}

/// Whether a number has no fraction. The longest are known as floating point numbers alone.
fn is_whole(number: &Number) -> bool {
    const LARGEST: f64 = i64::MAX as f64;
    !number.is_f64() || number.as_f64().is_some_and(|number| number.abs() >= LARGEST)
}

/// A whole number beyond 63 bits is out of every range, which is named then with the bounds of the type.
fn integer(number: &Number, schema: &Value, path: &str, found: &mut Vec<Finding>) {
    if number.is_i64() {
        range(&Value::Number(number.clone()), schema, path, found);
    } else {
        let bound = |name: &str, of_type: i64| schema[name].as_f64().map_or(of_type, |bound| bound as i64);
        let (least, most) = (bound("minimum", i64::MIN), bound("maximum", i64::MAX));
        let message = format!("{number} is out of range; allowed is from {least} to {most}");
        found.push(Finding::fault(path, message));
    }
}

fn range(value: &Value, schema: &Value, path: &str, found: &mut Vec<Finding>) {
    let number = value.as_f64().unwrap_or(f64::NAN);
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let allowed = match (least, most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, most) => format!("at most {}", most.unwrap_or(f64::INFINITY)),
        };
        let message = format!("{} is out of range; allowed is {allowed}", shown(value));
        found.push(Finding::fault(path, message));
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

fn type_hint(expected: &str, value: &Value, schema: &Value) -> String {
    match (expected, value) {
        ("string", Value::Number(_)) => format!("; write it in quotes: \"{value}\""),
        // kubectl reads these words the same way.
        ("string", Value::Bool(_)) => {
            "; YAML reads y, yes, on, n, no and off so: write the text in quotes".to_owned()
        }
        ("integer" | "number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            "; write it without quotes".to_owned()
        }
        ("object", _) => fields_hint(schema),
        ("array", Value::String(_)) => "; write it in brackets: [a, b]".to_owned(),
        _ => String::new(),
    }
}

/// What to write where a map is wanted: the members of a union, or else the fields.
fn fields_hint(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return String::new();
    };
    let members = members(schema);
    if members.is_empty() {
        let known = properties
            .iter()
            .filter(|(_, inner)| inner["description"].is_string());
        let names: Vec<&String> = known.map(|(name, _)| name).collect();
        return if names.is_empty() {
            String::new()
        } else {
            format!("; its fields are {}", listed(names))
        };
    }
    let required: String = required(schema)
        .map(|name| format!("{}, and ", example(name, &properties[name])))
        .collect();
    let members = members.iter().map(|name| example(name, &properties[*name]));
    format!("; write {required}exactly one of {}", listed(members))
}

/// A field with the least that can be its value.
fn example(name: &str, schema: &Value) -> String {
    let value = match schema["type"].as_str() {
        Some("object") => {
            let inner = required(schema).map(|name| example(name, &schema["properties"][name]));
            format!("{{{}}}", inner.collect::<Vec<_>>().join(", "))
        }
        Some("array") => "[…]".to_owned(),
        Some(kind) => format!("<{}>", article(kind).trim_start_matches("a ")),
        None => "…".to_owned(),
    };
    format!("{name}: {value}")
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str)
}

fn first_sentence(description: &str) -> &str {
    description
        .split_inclusive(". ")
        .next()
        .unwrap_or_default()
        .trim_end()
        .trim_end_matches('.')
}
