//! Asks a value's rules, unless a fault found before makes their answer worthless.

use serde_json::Value;

use super::{finding::Finding, words::shown};
use crate::{
    document::child,
    rule::{self, Rule},
};

/// Appends what the rules of `schema` find; `inside` tells where in `found` the findings about this value begin.
pub(super) fn ask(value: &Value, schema: &Value, path: &str, found: &mut Vec<Finding>, inside: usize) {
    let written = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    let known = written
        .filter_map(|rule| rule["rule"].as_str())
        .filter_map(rule::by_cel);
    for rule in known {
        if rule.holds(value) || is_moot(rule, value, path, &found[inside..]) {
            continue;
        }
        let blamed = value
            .pointer(&format!("/{}", rule.field.replace('.', "/")))
            .filter(|_| !rule.field.is_empty());
        let message = match blamed.unwrap_or(value) {
            Value::Object(_) | Value::Array(_) => rule.message.clone(),
            scalar => format!("{}: {}", shown(scalar), rule.message),
        };
        found.push(Finding::fault(&field(path, rule.field), message));
    }
}

/// Whether the rule would complain a second time about what is told already.
fn is_moot(rule: &Rule, value: &Value, path: &str, found: &[Finding]) -> bool {
    let blamed = field(path, rule.field);
    let is_told = found
        .iter()
        .filter(|finding| !finding.is_unknown_field)
        .map(|finding| finding.fault.path.as_str())
        .any(|told| {
            // The value's own fields are no reason against a rule about the whole of it.
            told == blamed
                || !rule.field.is_empty()
                    && (is_under(told, &blamed) || is_under(&blamed, told) && told != path)
        });
    let is_directly_under =
        |told: &str, union: &str| is_under(told, union) && !told[union.len() + 1..].contains(['.', '[']);
    // A misspelt member is one, though not yet one that counts.
    let is_misspelt_union = !rule.members.is_empty()
        && rule.members.iter().all(|member| value.get(member).is_none())
        && found
            .iter()
            .any(|finding| finding.is_unknown_field && is_directly_under(&finding.fault.path, path));
    let union = field(path, rule.rests_on);
    let is_unclear = !rule.rests_on.is_empty()
        && found
            .iter()
            .map(|finding| finding.fault.path.as_str())
            .any(|told| told == union || is_directly_under(told, &union));
    is_told || is_misspelt_union || is_unclear
}

fn field(path: &str, inner: &str) -> String {
    if inner.is_empty() {
        path.to_owned()
    } else {
        child(path, inner)
    }
}

/// Whether `path` leads from `outer` further in.
fn is_under(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}
