//! The word that each failure has in conditions.

use auriga_crds::{Reason, VersionNumber};
use auriga_data::DataError;
use auriga_learn::{FitError, LoadError};
use auriga_persist::{Fault, PersistError};
use auriga_serve::LoadFailure;

use super::Failure;

#[test]
fn a_failure_has_the_word_that_conditions_know() {
    let check = |failure: Failure, is_mistake: bool, reason: Reason| {
        assert_eq!(
            (failure.is_mistake, failure.reason),
            (is_mistake, reason),
            "{failure}"
        );
    };
    let store = |fault| PersistError::Store {
        store: "sqlite://models.db".to_owned(),
        fault,
        source: None,
    };
    let model = || "default/iris".parse().unwrap();
    let version = VersionNumber::FIRST;
    check(Failure::mistake("x"), true, Reason::InvalidSpec);
    check(Failure::data("x"), true, Reason::InvalidData);
    check(Failure::trouble("x"), false, Reason::Failed);
    check(
        DataError::Absent {
            place: "iris.csv".to_owned(),
            hint: String::new(),
        }
        .into(),
        true,
        Reason::InvalidData,
    );
    check(
        DataError::Setting {
            field: "separator",
            fault: String::new(),
        }
        .into(),
        true,
        Reason::InvalidSpec,
    );
    check(
        DataError::Changed {
            place: "iris.csv".to_owned(),
        }
        .into(),
        false,
        Reason::Failed,
    );
    check(
        store(Fault::Unavailable("timeout".to_owned())).into(),
        false,
        Reason::PersisterUnavailable,
    );
    check(store(Fault::Full).into(), false, Reason::PersisterFull);
    check(
        store(Fault::CredentialsMissing("no password".to_owned())).into(),
        false,
        Reason::SecretNotFound,
    );
    check(
        store(Fault::Refused("wrong password".to_owned())).into(),
        false,
        Reason::PersisterUnavailable,
    );
    check(
        store(Fault::TooNew { found: 9, known: 2 }).into(),
        false,
        Reason::SchemaIncompatible,
    );
    check(
        PersistError::VersionAbsent {
            model: model(),
            version,
            latest: None,
        }
        .into(),
        true,
        Reason::VersionNotFound,
    );
    let unreadable = |source| LoadFailure::Unreadable {
        model: model(),
        version,
        source,
    };
    check(
        unreadable(LoadError::Altered).into(),
        false,
        Reason::DigestMismatch,
    );
    check(
        unreadable(LoadError::NotAModel).into(),
        false,
        Reason::ModelLoadFailed,
    );
    check(
        unreadable(LoadError::TooNew { found: 9, known: 1 }).into(),
        false,
        Reason::SchemaIncompatible,
    );
}

#[test]
fn a_fit_that_is_refused_tells_the_manifest_from_the_rows() {
    let reason = |error| Failure::of_fit("iris", &error).reason;
    assert_eq!(reason(too_large(1)), Reason::InvalidSpec);
    assert_eq!(reason(FitError::NoRows), Reason::InvalidData);
    let stopped = Failure::of_fit("iris", &FitError::Cancelled);
    assert_eq!((stopped.is_mistake, stopped.reason), (false, Reason::Failed));
}

#[test]
fn a_fit_that_a_container_is_too_small_for_names_the_limit_to_raise() {
    let says = |limit| Failure::of_fit("iris", &too_large(limit)).message;
    assert_eq!(
        says(20 << 20),
        "cannot fit iris: randomForestClassifier: 100 trees would take 8192 MiB, more than 20 MiB; plant fewer; or let the \
         container have more, in spec.training.resources.limits.memory"
    );
    assert!(says(auriga_learn::BYTES_MAX).ends_with("8 GiB, more than 4 GiB; plant fewer"));
}

fn too_large(limit: u64) -> FitError {
    FitError::TooLarge {
        owner: "randomForestClassifier".to_owned(),
        what: "100 trees".to_owned(),
        bytes: 8 << 30,
        limit,
        remedy: "plant fewer".to_owned(),
    }
}
