//! The only way from a written manifest to a checked one; reports all faults at once.

mod columns;
mod finding;
mod metadata;
mod rules;
mod shape;
mod words;

use serde_json::{Value, json};

use crate::{Checked, Fault, Faults, GROUP, Model, ModelSpec, VERSION, document::Document};

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
        faults.push(Fault::nowhere(
            "",
            format!("{found} is no manifest; write a map of apiVersion, kind, metadata and spec"),
        ));
        return Err(placed(document, faults));
    }
    head(document, &mut faults);
    if document.kind() == "Model" {
        faults.extend(inside(&document.value));
    }
    if faults.is_empty() {
        match serde_json::from_value::<Model>(metadata::without_server_fields(&document.value)) {
            Ok(model) => {
                let spec = value_of(&model.spec);
                return Checked::of(model, spec).map_err(|fault| placed(document, vec![fault]));
            }
            // Reached only if serde is stricter than the schema; its words name the field.
            Err(error) => faults.push(Fault::nowhere("", error.to_string())),
        }
    }
    Err(placed(document, faults))
}

/// As [`check`], for a Model that was read already, as from an API server; what the server writes is not looked at.
///
/// Errors: every fault; none has a place in a text.
pub fn check_model(model: &Model) -> Result<Checked, Faults> {
    let mut written = json!({ "metadata": metadata::of_user(&model.metadata), "spec": model.spec });
    let mut faults = inside(&written);
    faults.dedup();
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let model = Model {
        metadata: model.metadata.clone(),
        spec: model.spec.clone(),
        status: None,
    };
    Checked::of(model, written["spec"].take()).map_err(|fault| Faults(vec![fault]))
}

/// What is wrong with what a Model says.
fn inside(model: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    shape::walk(model, metadata::schema(), &mut String::new(), &mut found);
    let mut faults: Vec<Fault> = found.into_iter().map(|finding| finding.fault).collect();
    columns::check(model, &mut faults);
    faults
}

fn value_of(spec: &ModelSpec) -> Value {
    serde_json::to_value(spec).expect("a spec has only text keys and finite numbers")
}

/// What tells the API server which schema to use.
fn head(document: &Document, faults: &mut Vec<Fault>) {
    let mut expect = |field: &str, expected: &str| {
        let message = match document.value.get(field) {
            Some(Value::String(found)) if found == expected => return,
            Some(found) => format!("{} is not known; write {expected}", words::shown(found)),
            None => format!("is missing; write {field}: {expected}"),
        };
        faults.push(Fault::nowhere(field, message));
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
