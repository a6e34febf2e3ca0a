//! The only way from a written manifest to a checked one; reports all faults at once.

mod columns;
mod finding;
mod metadata;
mod rules;
mod shape;
mod words;

use serde_json::Value;

use crate::{Checked, Fault, Faults, GROUP, Model, VERSION, document::Document};

/// Checks a document that should be a Model.
///
/// Walks the CRD's own schema, so that the command line and the API server refuse the same: unknown and missing
/// fields, types, ranges, lists with doubles, and the rules that the CRD carries as CEL. Beyond those, columns are held
/// against the names that the manifest gives them.
///
/// Errors: every fault, in the order of their places in the text.
pub fn check(document: &Document) -> Result<Checked, Faults> {
    let mut faults = Vec::new();
    if !document.value.is_object() {
        let found = words::shown(&document.value);
        faults.push(Fault {
            path: String::new(),
            message: format!("{found} is no manifest; write a map of apiVersion, kind, metadata and spec"),
            position: None,
        });
        return Err(placed(document, faults));
    }
    head(document, &mut faults);
    if document.kind() == "Model" {
        let mut found = Vec::new();
        shape::walk(
            &document.value,
            metadata::schema(),
            &mut String::new(),
            &mut found,
        );
        faults.extend(found.into_iter().map(|finding| finding.fault));
        columns::check(&document.value, &mut faults);
    }
    if faults.is_empty() {
        match serde_json::from_value::<Model>(metadata::without_server_fields(&document.value)) {
            Ok(model) => return Checked::from_model(model).map_err(|fault| placed(document, vec![fault])),
            // Reached only if serde is stricter than the schema; its words name the field.
            Err(error) => faults.push(Fault {
                path: String::new(),
                message: error.to_string(),
                position: None,
            }),
        }
    }
    Err(placed(document, faults))
}

/// What tells the API server which schema to use.
fn head(document: &Document, faults: &mut Vec<Fault>) {
    let mut expect = |field: &str, expected: &str| {
        let message = match document.value.get(field) {
            Some(Value::String(found)) if found == expected => return,
            Some(found) => format!("{} is not known; write {expected}", words::shown(found)),
            None => format!("is missing; write {field}: {expected}"),
        };
        faults.push(Fault {
            path: field.to_owned(),
            message,
            position: None,
        });
    };
    expect("apiVersion", &format!("{GROUP}/{VERSION}"));
    expect("kind", "Model");
}

fn placed(document: &Document, mut faults: Vec<Fault>) -> Faults {
    for fault in &mut faults {
        fault.position = document.position(&fault.path);
    }
    // A stable sort: faults of one place stay in the order of the walk.
    faults.sort_by_key(|fault| fault.position);
    faults.dedup();
    Faults(faults)
}

#[cfg(test)]
mod tests;
