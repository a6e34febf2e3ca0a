//! What changes the fit hash and what does not.

use super::*;
use crate::{check, document};

const RIDGE: &str = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata: {name: m}
spec:
  dataset: {train: {csv: {configMap: {name: rows, key: a.csv}}}, target: t}
  estimator: {ridge: {}}
";

fn hash_with(text: &str, rows: &str) -> String {
    let checked = check(&document::read(text).unwrap()[0]).unwrap();
    let contents = checked
        .config_maps()
        .map(|(_, key)| (key.clone(), Digest::of(rows.as_bytes())))
        .collect();
    fit_hash(&checked, &contents)
}

/// Whether the edit changes the hash.
fn refits(old: &str, new: &str) -> bool {
    assert!(RIDGE.contains(old), "{old}");
    hash_with(RIDGE, "t\n1\n") != hash_with(&RIDGE.replace(old, new), "t\n1\n")
}

#[test]
fn writing_a_default_down_changes_nothing() {
    assert!(!refits("ridge: {}", "ridge: {alpha: 1}"));
    assert!(!refits("ridge: {}", "ridge: {alpha: 1.0, fitIntercept: true}"));
    assert!(!refits(
        "ridge: {}}",
        "ridge: {}}\n  training: {goldenRequests: {rows: 5}}"
    ));
    assert!(!refits("key: a.csv}", "key: a.csv}, separator: ',', skiprows: 0"));
}

#[test]
fn what_decides_the_fit_changes_the_hash() {
    assert!(refits("ridge: {}", "ridge: {alpha: 2}"));
    assert!(refits("ridge: {}", "linearRegression: {}"));
    assert!(refits("key: a.csv}", "key: a.csv}, nrows: 5"));
    assert!(refits(
        "ridge: {}}",
        "ridge: {}}\n  transformers: [{name: s, standardScaler: {}}]"
    ));
    assert!(refits(
        "ridge: {}}",
        "ridge: {}}\n  persister: {uri: 'sqlite://x'}"
    ));
    assert_ne!(
        hash_with(RIDGE, "t\n1\n"),
        hash_with(RIDGE, "t\n2\n"),
        "the ConfigMap's content counts"
    );
}

#[test]
fn what_only_concerns_serving_or_the_name_changes_nothing() {
    assert!(!refits(
        "ridge: {}}",
        "ridge: {}}\n  serving: {entryPoints: [{path: /p}]}"
    ));
    assert!(!refits("ridge: {}}", "ridge: {}}\n  historyLimit: 3"));
    assert!(!refits("name: m", "name: other"));
}

#[test]
fn the_hash_of_a_release_stays_what_it_was() {
    // A changed value here means that every user's models are fitted again by the upgrade: raise HASH_VERSION then.
    assert_eq!(
        hash_with(RIDGE, "t\n1\n"),
        "v1-137a888f081c1807fe05d4d6a692c471671b2377ace7cd69037b6f7509d54c7d"
    );
}
