//! Holds the columns that a manifest speaks of against the names that it gives them: what needs no data to be found.

use std::collections::HashSet;

use serde_json::Value;

use super::words::{listed, nearest, shown};
use crate::{
    Fault,
    document::{child, item},
};

/// Appends a fault for each column that cannot be there.
///
/// Only where the names are written down: `csv.names` for a file's columns, `usecols` for those kept of them, and
/// `features` for what the first transformer sees. What a later one sees, the transformers before it decide.
pub(super) fn check(model: &Value, faults: &mut Vec<Fault>) {
    let dataset = &model["spec"]["dataset"];
    let parts = ["train", "test"].map(|part| (format!("spec.dataset.{part}"), &dataset[part]["csv"]));
    for (part, csv) in &parts {
        let path = child(part, "csv");
        if let Some(names) = Known::list(&csv["names"], format!("the names of {part}")) {
            names.hold(&entries(&csv["usecols"], &child(&path, "usecols")), faults);
            names.hold(&keys(&csv["types"], &child(&path, "types")), faults);
        }
    }
    let target = dataset["target"].as_str();
    let mut needed: Vec<_> = target
        .map(|target| ("spec.dataset.target".to_owned(), target))
        .into_iter()
        .collect();
    needed.extend(entries(&dataset["features"], "spec.dataset.features"));
    for (part, csv) in &parts {
        let told = faults.len();
        if let Some(kept) = kept(csv, part) {
            kept.hold(&needed, faults);
        }
        // A name that no file has is told once.
        if faults.len() > told {
            break;
        }
    }
    let (train, csv) = &parts[0];
    if let (Some(groups), Some(kept)) = (groups(model), kept(csv, train)) {
        kept.hold(&[(GROUPS.to_owned(), groups)], faults);
    }
    first_transformer(model, &parts[0], faults);
}

const GROUPS: &str = "spec.training.crossValidation.groupKFold.groups";

/// The column that says which rows belong together.
fn groups(model: &Value) -> Option<&str> {
    model.pointer(&format!("/{}", GROUPS.replace('.', "/")))?.as_str()
}

/// The first transformer sees the features: those listed, or else all that are kept but the target and the groups.
fn first_transformer(model: &Value, (part, csv): &(String, &Value), faults: &mut Vec<Fault>) {
    let dataset = &model["spec"]["dataset"];
    let features = if dataset["features"].is_null() {
        kept(csv, part)
    } else {
        Known::list(&dataset["features"], "spec.dataset.features".to_owned())
    };
    let Some(mut features) = features else { return };
    let target = dataset["target"].as_str();
    let groups = groups(model);
    features
        .names
        .retain(|name| Some(*name) != target && Some(*name) != groups);
    let columns = &model["spec"]["transformers"][0]["columns"];
    let columns = entries(columns, "spec.transformers[0].columns");
    let (targets, columns): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .partition(|(_, column)| Some(*column) == target);
    for (path, target) in targets {
        let message = format!(
            "{} is the target, which no transformer sees; remove it",
            shown(&target.into())
        );
        faults.push(Fault::nowhere(&path, message));
    }
    features.hold(&columns, faults);
}

/// The columns of a source after reading.
fn kept<'a>(csv: &'a Value, part: &str) -> Option<Known<'a>> {
    if csv["usecols"].is_null() {
        Known::list(&csv["names"], format!("the names of {part}"))
    } else {
        Known::list(&csv["usecols"], format!("the usecols of {part}"))
    }
}

/// Names that are all there are.
struct Known<'a> {
    names: Vec<&'a str>,
    /// Where they are written.
    place: String,
}

impl<'a> Known<'a> {
    /// `None` unless `names` is a list of texts, and no shorter one than was meant.
    fn list(names: &'a Value, place: String) -> Option<Known<'a>> {
        let names: Option<Vec<&str>> = names.as_array()?.iter().map(Value::as_str).collect();
        names
            .filter(|names| !names.is_empty())
            .map(|names| Known { names, place })
    }

    /// Each of `columns`, with the path where it is written, must be known.
    fn hold(&self, columns: &[(String, &str)], faults: &mut Vec<Fault>) {
        let known: HashSet<&str> = self.names.iter().copied().collect();
        let unknown = columns.iter().filter(|(_, column)| !known.contains(column));
        for (at, (path, column)) in unknown.enumerate() {
            let quoted = |name: &str| shown(&name.into());
            let near = if at < GUESSED {
                nearest(column, &self.names)
            } else {
                None
            };
            let hint = match near {
                Some(near) => format!("did you mean {}?", quoted(near)),
                None => format!("they are {}", listed(self.names.iter().map(|name| quoted(name)))),
            };
            let message = format!("{} is not among {}; {hint}", quoted(column), self.place);
            faults.push(Fault::nowhere(path, message));
        }
    }
}

/// Unknown columns beyond this many get no guess: to compare thousands of names with each other takes minutes.
const GUESSED: usize = 16;

/// The texts of a list, each with its path.
fn entries<'a>(list: &'a Value, path: &str) -> Vec<(String, &'a str)> {
    let entries = list.as_array().into_iter().flatten().enumerate();
    entries
        .filter_map(|(at, column)| Some((item(path, at), column.as_str()?)))
        .collect()
}

/// The keys of a map, each with its path.
fn keys<'a>(map: &'a Value, path: &str) -> Vec<(String, &'a str)> {
    let keys = map.as_object().into_iter().flat_map(|map| map.keys());
    keys.map(|key| (child(path, key), key.as_str())).collect()
}

#[cfg(test)]
mod tests;
