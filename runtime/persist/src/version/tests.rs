//! Manifests of versions: fields that came later, numbers that JSON cannot hold.

use serde_json::Value;

use super::*;
use crate::conformance::fixtures::{facts, moment};

fn manifest() -> VersionManifest {
    VersionManifest {
        manifest_version: VersionManifest::MANIFEST_VERSION,
        number: VersionNumber::FIRST,
        digest: Digest::of(b"blob"),
        length: 4,
        idempotency_key: IdempotencyKey("fit".to_owned()),
        created: moment(0),
        facts: facts(),
    }
}

fn read(text: &str) -> VersionManifest {
    VersionManifest::from_json(text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[test]
fn a_manifest_comes_back_as_it_was_written() {
    assert_eq!(read(&manifest().to_json()), manifest());
}

#[test]
fn a_manifest_from_before_there_was_cross_validation_is_still_read() {
    let mut document: Value = serde_json::from_str(&manifest().to_json()).unwrap();
    let fields = document["facts"].as_object_mut().unwrap();
    assert!(fields.remove("crossValidation").is_some() && fields.remove("scoring").is_some());
    let mut expected = manifest();
    (expected.facts.cross_validation, expected.facts.scoring) = (None, None);
    assert_eq!(read(&document.to_string()), expected);
    assert_eq!(
        expected.to_json(),
        document.to_string(),
        "and is written as it was"
    );
}

#[test]
fn a_number_of_a_cross_validation_that_json_cannot_hold_is_named() {
    let check = |spoil: fn(&mut CrossValidation), place: &str| {
        let mut facts = facts();
        spoil(facts.cross_validation.as_mut().unwrap());
        assert_eq!(
            facts.check_numbers(),
            Err(format!(
                "crossValidation.{place} is NaN; only finite numbers can be kept"
            ))
        );
    };
    check(
        |found| drop(found.mean.insert("accuracy".to_owned(), f64::NAN)),
        "mean.accuracy",
    );
    check(
        |found| drop(found.std.insert("accuracy".to_owned(), f64::NAN)),
        "std.accuracy",
    );
    check(
        |found| drop(found.folds[0].test.insert("r2".to_owned(), f64::NAN)),
        "folds[0].test.r2",
    );
    check(
        |found| drop(found.folds[0].train.insert("r2".to_owned(), f64::NAN)),
        "folds[0].train.r2",
    );
    assert_eq!(facts().check_numbers(), Ok(()));
}
