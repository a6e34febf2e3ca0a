//! The command that shows a new user an answer: a real row of the model's own.

use std::net::SocketAddr;

use auriga_learn::{Cell, ColumnKind, Fitted, FittedTransformer, GoldenCell, TableBuilder};
use auriga_serve::{EntryPoint, Loaded, Param};
use serde_json::{Map, Value};

use crate::shell;

/// A curl line for the first entry point that is answered with 200.
///
/// The row is a golden request, preferably one without missing cells: then it fits into the query. A version without
/// golden requests gets a row of zeros and of categories that it knows.
pub(crate) fn line(address: SocketAddr, entry_point: &EntryPoint, loaded: &Loaded) -> String {
    let features = &loaded.fitted().signature().features;
    let is_whole = |row: &&Vec<GoldenCell>| !row.contains(&GoldenCell::Missing);
    let golden = &loaded.manifest().facts.golden.rows;
    let row = golden
        .iter()
        .find(is_whole)
        .or(golden.first())
        .cloned()
        .unwrap_or_else(|| made_up(loaded.fitted()));
    let named: Vec<(&str, &GoldenCell)> = (features.iter().zip(&row))
        .filter_map(|(feature, cell)| Some((parameter(entry_point, &feature.name)?, cell)))
        .collect();
    let url = format!("http://{address}{}", entry_point.path);
    let mut query: Vec<String> = (entry_point.params.iter())
        .filter_map(|param| Some(pair(&param.name, &example(param, loaded.fitted())?)))
        .collect();
    if !entry_point.unwrap_sample && named.iter().all(|(_, cell)| **cell != GoldenCell::Missing) {
        let cells = named.into_iter().map(|(name, cell)| pair(name, &text(cell)));
        let query: Vec<String> = cells.chain(query).collect();
        return format!("curl '{url}?{}'", query.join("&"));
    }
    let body = if entry_point.unwrap_sample {
        named.into_iter().map(|(_, cell)| json(cell)).collect()
    } else {
        let fields: Map<String, Value> = named
            .into_iter()
            .map(|(name, cell)| (name.to_owned(), json(cell)))
            .collect();
        Value::Array(vec![fields.into()])
    };
    let body = shell::quoted(&body.to_string());
    if !query.is_empty() {
        query[0].insert(0, '?');
    }
    format!("curl '{url}{}' -d {body}", query.join("&"))
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", escaped(name), escaped(value))
}

/// A value for a parameter: its default, else one that the model names.
fn example(param: &Param, fitted: &Fitted) -> Option<String> {
    param.default.clone().or_else(|| {
        let mut known = fitted.predict_parameters().iter();
        let known = known.find(|known| known.name == param.name)?;
        Some(known.usual.to_string())
    })
}

/// What a request calls the feature.
fn parameter<'a>(entry_point: &'a EntryPoint, feature: &'a str) -> Option<&'a str> {
    match &entry_point.mapping {
        None => Some(feature),
        Some(mapping) => {
            let fills =
                |mapped: &&auriga_serve::Mapped| mapped.column.as_deref().unwrap_or(&mapped.name) == feature;
            Some(&mapping.iter().find(fills)?.name)
        }
    }
}

/// Zeros, and for each text a category that the model does not refuse.
fn made_up(fitted: &Fitted) -> Vec<GoldenCell> {
    let features = &fitted.signature().features;
    let categories = known_categories(fitted);
    let cell = |kind| match kind {
        ColumnKind::Number => GoldenCell::Number(0.0),
        ColumnKind::Boolean => GoldenCell::Boolean(false),
        ColumnKind::Text => GoldenCell::Text(categories.first().cloned().unwrap_or_default()),
    };
    let mut row: Vec<GoldenCell> = features.iter().map(|feature| cell(feature.kind)).collect();
    let mut tried = vec![0; features.len()];
    // The model itself says which column does not know its category.
    while let Some(at) = refused(fitted, &row) {
        tried[at] += 1;
        match categories.get(tried[at]) {
            Some(category) if features[at].kind == ColumnKind::Text => {
                row[at] = GoldenCell::Text(category.clone())
            }
            _ => break,
        }
    }
    row
}

/// One category of each column that is encoded.
fn known_categories(fitted: &Fitted) -> Vec<String> {
    let columns = fitted
        .transformers()
        .flat_map(|(_, transformer)| match transformer {
            FittedTransformer::OneHotEncoder(encoder) => encoder.columns(),
            _ => &[],
        });
    columns
        .filter_map(|column| column.texts().first().cloned())
        .collect()
}

/// The feature for which the model refuses `row`.
fn refused(fitted: &Fitted, row: &[GoldenCell]) -> Option<usize> {
    let features = &fitted.signature().features;
    let cells: Vec<Cell<'_>> = (row.iter())
        .map(|cell| match cell {
            GoldenCell::Missing => Cell::Missing,
            GoldenCell::Boolean(boolean) => Cell::Boolean(*boolean),
            GoldenCell::Number(number) => Cell::Number(*number),
            GoldenCell::Text(text) => Cell::Text(text),
        })
        .collect();
    let mut builder = TableBuilder::new(features.clone());
    builder.push(&cells).ok()?;
    let error = fitted.predict(&builder.finish().ok()?).err()?;
    features
        .iter()
        .position(|feature| Some(feature.name.as_str()) == error.column())
}

fn json(cell: &GoldenCell) -> Value {
    match cell {
        GoldenCell::Missing => Value::Null,
        GoldenCell::Boolean(boolean) => (*boolean).into(),
        GoldenCell::Number(number) => (*number).into(),
        GoldenCell::Text(text) => text.as_str().into(),
    }
}

fn text(cell: &GoldenCell) -> String {
    match cell {
        GoldenCell::Text(text) => text.clone(),
        GoldenCell::Number(number) => number.to_string(),
        other => json(other).to_string(),
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
