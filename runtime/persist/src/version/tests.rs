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
}

#[test]
fn a_number_of_a_cross_validation_that_json_cannot_hold_is_named() {
    let check = |part: fn(&mut CrossValidation) -> &mut BTreeMap<String, f64>, place: &str| {
        let mut facts = facts();
        part(facts.cross_validation.as_mut().unwrap()).insert("r2".to_owned(), f64::NAN);
        assert_eq!(
            facts.check_numbers(),
            Err(format!(
                "crossValidation.{place}.r2 is NaN; only finite numbers can be kept"
            ))
        );
    };
    check(|found| &mut found.mean, "mean");
    check(|found| &mut found.std, "std");
    check(|found| &mut found.folds[0].test, "folds[0].test");
    check(|found| &mut found.folds[0].train, "folds[0].train");
    assert_eq!(facts().check_numbers(), Ok(()));
}
