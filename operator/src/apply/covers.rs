//! Whether an object is as it should be already: then nothing is written.

use serde_json::{Map, Value};

/// Fields whose values are quantities, in which `1Gi` and `1024Mi` are the same.
const QUANTITIES: [&str; 3] = ["limits", "requests", "sizeLimit"];

/// Whether `live` has everything that `desired` asks for; what it has beyond, defaults and what others wrote, is nobody's
/// business. A field that is asked to be empty may be absent, as the API leaves out what is empty; but not one that is asked to
/// be false, since a right or a token that nobody denies is granted. Items of a list that all
/// have names are found by them, others by their place.
pub fn covers(live: &Value, desired: &Value) -> bool {
    value(Some(live), desired, false)
}

fn value(live: Option<&Value>, desired: &Value, is_quantity: bool) -> bool {
    match (live, desired) {
        (None | Some(Value::Null), desired) => is_empty(desired),
        (Some(Value::Object(live)), Value::Object(desired)) => object(live, desired, is_quantity),
        (Some(Value::Array(live)), Value::Array(desired)) => list(live, desired),
        (Some(Value::Number(live)), Value::Number(desired)) => {
            live == desired || (live.as_f64().is_some() && live.as_f64() == desired.as_f64())
        }
        (Some(live), desired) if is_quantity => {
            live == desired || matches!((amount(live), amount(desired)), (Some(a), Some(b)) if a == b)
        }
        (Some(live), desired) => live == desired,
    }
}

fn object(live: &Map<String, Value>, desired: &Map<String, Value>, is_quantity: bool) -> bool {
    desired.iter().all(|(field, wanted)| {
        let is_quantity = is_quantity || QUANTITIES.contains(&field.as_str());
        value(live.get(field), wanted, is_quantity)
    })
}

/// A list of ours is the whole list, but for items with names, among which others may put theirs.
fn list(live: &[Value], desired: &[Value]) -> bool {
    let name = |item: &Value| item.get("name").and_then(Value::as_str).map(str::to_owned);
    let names: Option<Vec<String>> = desired.iter().map(name).collect();
    match names {
        Some(names) if !names.is_empty() => names.iter().zip(desired).all(|(wanted, item)| {
            let found = live.iter().find(|live| name(live).as_ref() == Some(wanted));
            found.is_some_and(|found| value(Some(found), item, false))
        }),
        _ => {
            live.len() == desired.len()
                && (live.iter().zip(desired)).all(|(live, desired)| value(Some(live), desired, false))
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

/// A quantity in thousandths (Kubernetes API reference, "Quantity").
fn amount(quantity: &Value) -> Option<i128> {
    let text = match quantity {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let end = text
        .find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let (times, over): (i128, i128) = match suffix {
        "n" => (1, 1_000_000),
        "u" => (1, 1000),
        "m" => (1, 1),
        "" => (1000, 1),
        "k" => (1_000_000, 1),
        "M" => (1000 * 1000_i128.pow(2), 1),
        "G" => (1000 * 1000_i128.pow(3), 1),
        "T" => (1000 * 1000_i128.pow(4), 1),
        "P" => (1000 * 1000_i128.pow(5), 1),
        "E" => (1000 * 1000_i128.pow(6), 1),
        "Ki" => (1000 * 1024, 1),
        "Mi" => (1000 * 1024_i128.pow(2), 1),
        "Gi" => (1000 * 1024_i128.pow(3), 1),
        "Ti" => (1000 * 1024_i128.pow(4), 1),
        "Pi" => (1000 * 1024_i128.pow(5), 1),
        "Ei" => (1000 * 1024_i128.pow(6), 1),
        exponent => {
            let power: u32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            (1000 * 10_i128.checked_pow(power)?, 1)
        }
    };
    let over = over * 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let scaled = digits.checked_mul(times)?;
    // The API server rounds up what is finer than it keeps, and so what cannot be divided is no match.
    (scaled % over == 0).then(|| scaled / over)
}

#[cfg(test)]
mod tests;
