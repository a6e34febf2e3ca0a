//! Two versions side by side.

use std::collections::{BTreeMap, BTreeSet};

use auriga_crds::{Difference, ModelKey};
use auriga_learn::{ColumnKind, Signature};
use auriga_persist::{Facts, Importance, Scores, VersionManifest};
use serde_json::{Value, json};

use super::{Specs, line, specs};
use crate::{console::Console, failure::Failure};

/// Prints in what `old` and `new` differ. Paths are those of a version in `auriga list --output json`, facts without
/// `facts.` in front; in brackets stands a name, where the list there has an entry of that name.
pub(super) fn compare(
    key: &ModelKey,
    old: &VersionManifest,
    new: &VersionManifest,
    console: &Console,
) -> Result<(), Failure> {
    let Specs {
        differences: mut found,
        unknown,
    } = specs(old, &new.facts.spec_hash, new.facts.spec.as_ref());
    signatures(&old.facts.signature, &new.facts.signature, &mut found);
    scores(&old.facts.scores, &new.facts.scores, &mut found);
    numbers(averages(&old.facts), averages(&new.facts), &mut found);
    numbers(importances(&old.facts), importances(&new.facts), &mut found);
    let facts = |version: &VersionManifest| {
        let facts = &version.facts;
        [
            ("dataHash", json!(facts.data_hash)),
            ("digest", json!(version.digest)),
            ("length", json!(version.length)),
            ("runtimeVersion", json!(facts.runtime_version)),
            ("trained", json!(facts.trained)),
            ("created", json!(version.created)),
        ]
    };
    for ((path, old), (_, new)) in facts(old).into_iter().zip(facts(new)) {
        note(path.to_owned(), Some(old), Some(new), &mut found);
    }

    let mut lines = vec![format!("{key}: version {} -> version {}", old.number, new.number)];
    lines.extend(found.iter().map(with_change));
    if found.is_empty() {
        lines.push("  no difference".to_owned());
    } else if old.facts.data_hash == new.facts.data_hash {
        lines.push("  both were fitted and scored on the same rows".to_owned());
    }
    lines.extend(unknown.iter().map(|why| format!("  note: {why}")));
    console.result(
        lines.join("\n"),
        json!({
            "model": key.to_string(),
            "old": old.number,
            "new": new.number,
            "differences": found,
            "specsKnown": unknown.is_none(),
        }),
    )
}

fn note(path: String, old: Option<Value>, new: Option<Value>, found: &mut Vec<Difference>) {
    if old != new {
        found.push(Difference { path, old, new });
    }
}

/// Columns that came, went, or are of another kind.
fn signatures(old: &Signature, new: &Signature, found: &mut Vec<Difference>) {
    let kind = |signature: &Signature, name: &str| {
        let field = signature.features.iter().find(|field| field.name == name)?;
        Some(word(field.kind))
    };
    let added = (new.features.iter()).filter(|field| kind(old, &field.name).is_none());
    for field in old.features.iter().chain(added) {
        let name = &field.name;
        note(
            format!("signature.features[{name}]"),
            kind(old, name),
            kind(new, name),
            found,
        );
    }
    let target = |signature: &Signature| {
        json!(format!(
            "{} ({})",
            signature.target.name,
            word_of(signature.target.kind)
        ))
    };
    note(
        "signature.target".to_owned(),
        Some(target(old)),
        Some(target(new)),
        found,
    );
}

fn word(kind: ColumnKind) -> Value {
    word_of(kind).into()
}

fn word_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Number => "number",
        ColumnKind::Text => "text",
        ColumnKind::Boolean => "boolean",
    }
}

fn scores(old: &Scores, new: &Scores, found: &mut Vec<Difference>) {
    let names = |scores: &Scores| -> BTreeSet<(String, String)> {
        let splits = scores.iter();
        splits
            .flat_map(|(split, scores)| scores.keys().map(|metric| (split.clone(), metric.clone())))
            .collect()
    };
    for (split, metric) in names(old).union(&names(new)) {
        let score = |scores: &Scores| Some(json!(scores.get(split)?.get(metric)?));
        note(format!("scores.{split}.{metric}"), score(old), score(new), found);
    }
}

/// Means and standard deviations of the cross-validation, by path.
fn averages(facts: &Facts) -> BTreeMap<String, f64> {
    let averages =
        (facts.cross_validation.iter()).flat_map(|found| [("mean", &found.mean), ("std", &found.std)]);
    averages
        .flat_map(|(name, scores)| {
            scores
                .iter()
                .map(move |(metric, score)| (format!("crossValidation.{name}.{metric}"), *score))
        })
        .collect()
}

fn importances(facts: &Facts) -> BTreeMap<String, f64> {
    let named = facts.importances.iter();
    named
        .map(|Importance { column, share }| (format!("importances[{column}]"), *share))
        .collect()
}

fn numbers(old: BTreeMap<String, f64>, new: BTreeMap<String, f64>, found: &mut Vec<Difference>) {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let number = |numbers: &BTreeMap<String, f64>| numbers.get(path).map(|number| json!(number));
        note(path.clone(), number(&old), number(&new), found);
    }
}

/// A line; of a score or a share also by how much it changed.
fn with_change(difference: &Difference) -> String {
    let line = line(difference);
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    match (number(&difference.old), number(&difference.new)) {
        (Some(old), Some(new))
            if ["scores.", "crossValidation.", "importances["]
                .iter()
                .any(|start| difference.path.starts_with(start)) =>
        {
            format!("{line} ({:+.4})", new - old)
        }
        _ => line,
    }
}
