//! Values for every field of a schema: one that it allows, those at its bounds, and those that it forbids.

use serde_json::{Map, Value, json};

/// What a value is to its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Allowed.
    Valid,
    /// Allowed, and nothing beyond it is.
    Boundary,
    /// Forbidden.
    Invalid,
}

/// A spec with another value in one field.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    /// The field: `training.backoffLimit`.
    pub(super) field: String,
    /// What the value is to it.
    pub(super) kind: Kind,
    /// The value.
    pub(super) value: Value,
    /// The spec.
    pub(super) spec: Value,
    /// For a value that is forbidden: what would have been allowed, if the schema has a word or a number for it.
    allowed: Option<Value>,
}

/// The key of what stands in a map.
const KEY: &str = "key";
/// No text of a test is longer.
const LONGEST: u64 = 5000;

impl Variant {
    /// Whether a refusal says what is wrong: the field by its last name, and what is allowed.
    ///
    /// Errors: what it does not say.
    pub(super) fn is_told_by(&self, words: &str) -> Result<(), String> {
        let last = self.field.rsplit('.').find(|step| step.parse::<usize>().is_err());
        let last = last.unwrap_or_default();
        let is_named = words.match_indices(last).any(|(at, _)| {
            let (before, after) = (&words[..at], &words[at + last.len()..]);
            let ends = |one: Option<char>| one.is_none_or(|one| !one.is_alphanumeric());
            before.ends_with(['.', '"', '[']) && ends(after.chars().next())
        });
        if !is_named {
            return Err(format!("the refusal does not name {last}: {words}"));
        }
        let is_told = match &self.allowed {
            None => true,
            Some(Value::String(word)) => words.contains(&format!("\"{word}\"")),
            Some(limit) => numbers(words).any(|number| Some(number) == limit.as_f64()),
        };
        if is_told {
            return Ok(());
        }
        let allowed = self.allowed.as_ref().unwrap_or(&Value::Null);
        Err(format!("the refusal does not say {allowed}: {words}"))
    }
}

/// All numbers in a text.
fn numbers(words: &str) -> impl Iterator<Item = f64> {
    let is_part = |one: char| one.is_ascii_digit() || ['.', '-', '+', 'e'].contains(&one);
    let parts = words.split(move |one: char| !is_part(one));
    parts.filter_map(|part| part.trim_end_matches(['.', 'e']).parse().ok())
}

/// A word or a number that the schema allows where it forbids `value`; `None` where it forbids the type.
fn limit(schema: &Value, value: &Value) -> Option<Value> {
    if let Some(words) = schema["enum"].as_array() {
        return words.first().cloned();
    }
    let name = match (schema["type"].as_str()?, value) {
        ("integer" | "number", Value::Number(number)) => {
            let number = number.as_f64()?;
            let below = schema["minimum"].as_f64().is_some_and(|least| number < least);
            if below { "minimum" } else { "maximum" }
        }
        ("string", Value::String(text)) if text.is_empty() => "minLength",
        ("string", Value::String(_)) => "maxLength",
        ("array", Value::Array(_)) => "minItems",
        _ => return None,
    };
    Some(schema[name].clone())
}

/// All variants of `base`, field by field.
pub(super) fn variants(schema: &Value, base: &Value) -> Vec<Variant> {
    let mut found = Vec::new();
    walk(schema, schema, base, &mut Vec::new(), &mut found);
    found
}

fn walk(root: &Value, schema: &Value, base: &Value, at: &mut Vec<String>, found: &mut Vec<Variant>) {
    for (kind, value) in values(schema) {
        if at.is_empty() {
            break;
        }
        found.push(Variant {
            field: at.join("."),
            kind,
            spec: with(root, base, at, &value),
            allowed: if kind == Kind::Invalid {
                limit(schema, &value)
            } else {
                None
            },
            value,
        });
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        at.push(name.clone());
        walk(root, inner, base, at, found);
        at.pop();
    }
    for (step, inner) in [("0", &schema["items"]), (KEY, &schema["additionalProperties"])] {
        if inner.is_object() {
            at.push(step.to_owned());
            walk(root, inner, base, at, found);
            at.pop();
        }
    }
}

/// Values of a field by its own schema.
fn values(schema: &Value) -> Vec<(Kind, Value)> {
    use Kind::{Boundary, Invalid, Valid};
    if let Some(words) = schema["enum"].as_array() {
        let mut found: Vec<_> = words.iter().map(|word| (Valid, word.clone())).collect();
        found.push((Invalid, json!("no-such-word")));
        return found;
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return vec![(Valid, json!("64Mi")), (Valid, json!(1)), (Invalid, json!(true))];
    }
    match schema["type"].as_str() {
        Some("boolean") => vec![
            (Valid, json!(true)),
            (Valid, json!(false)),
            (Invalid, json!("maybe")),
        ],
        Some("integer") => number(schema, |number| json!(number as i64)),
        Some("number") => number(schema, |number| json!(number)),
        Some("string") => text(schema),
        Some("array") if schema["minItems"].as_u64() >= Some(1) => {
            vec![(Invalid, json!([])), (Invalid, json!("none"))]
        }
        Some("array") => vec![(Boundary, json!([])), (Invalid, json!("none"))],
        Some("object") if schema["properties"].is_object() => vec![(Invalid, json!(7))],
        Some("object") => vec![(Boundary, json!({})), (Invalid, json!(7))],
        _ => Vec::new(),
    }
}

fn number(schema: &Value, written: impl Fn(f64) -> Value) -> Vec<(Kind, Value)> {
    let bound = |name: &str| schema[name].as_f64();
    let valid = schema["default"].as_f64().or(bound("minimum")).unwrap_or(1.0);
    let mut found = vec![(Kind::Valid, written(valid))];
    for (name, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let Some(bound) = bound(name) {
            found.push((Kind::Boundary, written(bound)));
            found.push((Kind::Invalid, written(bound + beyond)));
        }
    }
    found.push((Kind::Invalid, json!("many")));
    found
}

fn text(schema: &Value) -> Vec<(Kind, Value)> {
    let mut found = vec![(Kind::Valid, json!("a"))];
    if schema["minLength"].as_u64() >= Some(1) {
        found.push((Kind::Invalid, json!("")));
    }
    if let Some(longest) = schema["maxLength"].as_u64().filter(|longest| *longest <= LONGEST) {
        let long = |length: u64| json!("a".repeat(usize::try_from(length).unwrap_or_default()));
        found.push((Kind::Boundary, long(longest)));
        found.push((Kind::Invalid, long(longest + 1)));
    }
    found.push((Kind::Invalid, json!(7)));
    found
}

/// `base` with `value` at `path`; what leads there is made if need be, with what it requires, and without what excludes it.
fn with(schema: &Value, base: &Value, path: &[String], value: &Value) -> Value {
    let Some((step, rest)) = path.split_first() else {
        return value.clone();
    };
    if let Some(items) = schema.get("items").filter(|_| step == "0") {
        let first = base.get(0).cloned().unwrap_or_else(|| least(items));
        let changed = with(items, &first, rest, value);
        let others = base.as_array().into_iter().flatten().skip(1).cloned();
        return std::iter::once(changed).chain(others).collect();
    }
    let mut object = base.as_object().cloned().unwrap_or_default();
    if object.is_empty() {
        object = least(schema).as_object().cloned().unwrap_or_default();
    }
    let inner = match schema["properties"].get(step) {
        Some(inner) => inner,
        None => &schema["additionalProperties"],
    };
    for other in rivals(schema, step) {
        object.remove(&other);
    }
    let before = object.get(step).cloned().unwrap_or_else(|| least(inner));
    object.insert(step.clone(), with(inner, &before, rest, value));
    Value::Object(object)
}

/// The least value that a schema allows: what it requires, and the first member of each union.
fn least(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            let mut names: Vec<String> = required.filter_map(Value::as_str).map(str::to_owned).collect();
            names.extend(
                unions(schema)
                    .into_iter()
                    .filter_map(|members| members.into_iter().next()),
            );
            let fields = names.into_iter().map(|name| {
                let inner = least(&schema["properties"][&name]);
                (name, inner)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some("array") if schema["minItems"].as_u64() >= Some(1) => json!([least(&schema["items"])]),
        Some("array") => json!([]),
        Some("integer" | "number") => {
            json!(schema["minimum"].as_f64().map_or(1, |least| least.ceil() as i64))
        }
        Some("boolean") => json!(true),
        _ => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("a")),
    }
}

/// The other members of the union that `member` is of.
fn rivals(schema: &Value, member: &str) -> Vec<String> {
    let unions = unions(schema).into_iter();
    let of = unions.filter(|members| members.iter().any(|one| one == member));
    of.flatten().filter(|one| one != member).collect()
}

/// Members of which exactly one is to be given, by the rules of a schema.
fn unions(schema: &Value) -> Vec<Vec<String>> {
    let rules = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    let rules = rules.filter_map(|rule| rule["rule"].as_str());
    let members = |rule: &str| {
        let list = rule
            .strip_suffix("].exists_one(given, given)")?
            .strip_prefix('[')?;
        let names = list
            .split(", ")
            .filter_map(|one| one.strip_prefix("has(self.")?.strip_suffix(')'));
        Some(names.map(str::to_owned).collect())
    };
    rules.filter_map(members).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({ "type": "object", "properties": {
            "size": { "type": "integer", "minimum": 1, "maximum": 9 },
            "steps": { "type": "array", "items": {
                "type": "object", "required": ["name"],
                "properties": { "name": { "type": "string", "maxLength": 3 }, "on": { "type": "boolean" } },
            } },
            "either": {
                "type": "object",
                "x-kubernetes-validations": [{ "rule": "[has(self.a), has(self.b)].exists_one(given, given)" }],
                "properties": { "a": { "type": "object" }, "b": { "type": "boolean" } },
            },
        } })
    }

    fn of(field: &str, kind: Kind) -> Vec<(Value, Value)> {
        let base = json!({ "size": 2, "either": { "a": {} } });
        let found = variants(&schema(), &base).into_iter();
        let found = found.filter(|one| one.field == field && one.kind == kind);
        found.map(|one| (one.value, one.spec)).collect()
    }

    #[test]
    fn a_number_is_tried_at_its_bounds_and_beyond() {
        let values = |kind| {
            of("size", kind)
                .into_iter()
                .map(|(value, _)| value)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(Kind::Boundary), [json!(1), json!(9)]);
        assert_eq!(values(Kind::Invalid), [json!(0), json!(10), json!("many")]);
    }

    #[test]
    fn a_refusal_has_to_name_the_field_and_what_is_allowed() {
        let base = json!({ "size": 2 });
        let found = variants(&schema(), &base);
        let check = |value: Value, words: &str, expected: bool| {
            let variant = found
                .iter()
                .find(|one| one.kind == Kind::Invalid && one.value == value);
            let told = variant.unwrap().is_told_by(words);
            assert_eq!(told.is_ok(), expected, "{words}: {told:?}");
        };
        let words = "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9";
        check(json!(10), words, true);
        check(json!(10), "spec.size: Invalid value: 10", false);
        check(json!(10), "spec.sizes: 9", false);
        check(
            json!(0),
            "spec.size: Invalid value: 0: should be greater than or equal to 1e+00.",
            true,
        );
        check(json!("many"), ".spec.size: expected numeric", true);
        check(
            json!("aaaa"),
            "spec.steps[0].name: Too long: may not be more than 3 bytes",
            true,
        );
    }

    #[test]
    fn what_leads_to_a_field_is_made_with_what_it_requires() {
        let (_, spec) = of("steps.0.on", Kind::Valid).remove(0);
        assert_eq!(spec["steps"], json!([{ "name": "a", "on": true }]));
        assert_eq!(spec["size"], 2);
    }

    #[test]
    fn one_member_of_a_union_takes_the_place_of_another() {
        let (_, spec) = of("either.b", Kind::Valid).remove(0);
        assert_eq!(spec["either"], json!({ "b": true }));
    }
}
