//! The manual: every field of every kind with type, default, range and description, out of the CRDs themselves.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{crd::all_crds, document::child, rule};

/// The manual as text, one block per field.
pub fn describe() -> String {
    let mut text = String::new();
    for crd in all_crds() {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let _ = writeln!(
            text,
            "{kind} ({})\n    {}\n",
            crd["metadata"]["name"].as_str().unwrap_or_default(),
            words(schema)
        );
        fields(schema, "", &mut text);
    }
    text
}

/// Each field's path and schema, in the order of the manual.
pub(crate) fn walk_fields<'a>(schema: &'a Value, path: &str, visit: &mut dyn FnMut(&str, &'a Value, bool)) {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = child(path, name);
        visit(&path, field, required.contains(&name.as_str()));
        let (path, inner) = match field["type"].as_str() {
            Some("array") => (format!("{path}[]"), &field["items"]),
            _ => (path, field),
        };
        walk_fields(inner, &path, visit);
    }
}

fn fields(schema: &Value, path: &str, text: &mut String) {
    walk_fields(schema, path, &mut |path, field, required| {
        let mut facts = vec![kind(field)];
        facts.extend(required.then(|| "required".to_owned()));
        facts.extend(range(field));
        facts.extend(range_of_each(field));
        facts.extend(field.get("default").map(|default| format!("default {default}")));
        let _ = writeln!(text, "{path}  <{}>\n    {}", facts.join(", "), words(field));
        for rule in rules(field).filter(|rule| !is_positive(rule)) {
            let _ = writeln!(text, "    Rule: {}", rule["message"].as_str().unwrap_or_default());
        }
        text.push('\n');
    });
}

fn kind(field: &Value) -> String {
    match (
        field["type"].as_str(),
        field["enum"].as_array(),
        field.get("additionalProperties"),
    ) {
        (_, Some(allowed), _) => allowed
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" | "),
        (Some("array"), ..) => format!("list of {}", kind(&field["items"])),
        (Some("object"), _, Some(inner)) => format!("map of {}", kind(inner)),
        (kind, ..) => kind.unwrap_or_default().to_owned(),
    }
}

fn range(field: &Value) -> Option<String> {
    let bounds = |least: &Value, most: &Value, unit: &str| match (least.as_f64(), most.as_f64()) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{}", unit.trim_end_matches('s'))),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    };
    let numbers = bounds(&field["minimum"], &field["maximum"], "");
    if rules(field).any(is_positive) {
        let above = "greater than 0".to_owned();
        return Some(numbers.map_or(above.clone(), |numbers| format!("{above}, {numbers}")));
    }
    numbers
        .or_else(|| bounds(&field["minLength"], &field["maxLength"], " characters"))
        .or_else(|| bounds(&field["minItems"], &field["maxItems"], " entries"))
        .or_else(|| bounds(&Value::Null, &field["maxProperties"], " entries"))
}

/// The range of a list's items or a map's values, where those have no block of their own.
fn range_of_each(field: &Value) -> Option<String> {
    let each = [&field["items"], &field["additionalProperties"]];
    let range = each.into_iter().find_map(range)?;
    Some(format!("each {range}"))
}

fn rules(field: &Value) -> impl Iterator<Item = &Value> {
    field["x-kubernetes-validations"].as_array().into_iter().flatten()
}

/// Whether a rule is an exclusive minimum, which belongs to the range.
fn is_positive(rule: &Value) -> bool {
    rule["rule"].as_str() == Some(&rule::positive().cel)
}

fn words(field: &Value) -> String {
    field["description"]
        .as_str()
        .unwrap_or_default()
        .replace('\n', "\n    ")
}
