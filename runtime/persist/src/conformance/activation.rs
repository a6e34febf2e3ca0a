//! Cases about the active pointer and its ledger.

use std::sync::Arc;

use auriga_crds::{Digest, ModelKey, VersionNumber};

use super::{
    TestStore,
    fixtures::{activation, draft, model, moment, version},
};
use crate::{Activation, LedgerEntry, PersistError, Persister, Which};

/// A write activates nothing.
pub async fn nothing_is_active_before_the_first_activation(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    let read = store.read(&iris, Which::Active).await;
    assert!(
        matches!(read, Err(PersistError::NothingActive { .. })),
        "{read:?}"
    );
    let properties = store.properties(&iris).await.expect("the properties are read");
    assert_eq!((properties.active_version, properties.ledger_revision), (None, 0));
    assert_eq!(properties.high_water_mark, 2);
}

/// Pointer and ledger row come together, and the row keeps what the caller said.
pub async fn an_activation_moves_the_pointer_and_leaves_a_row(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    let first = store
        .activate(&iris, activation(version(2), 0))
        .await
        .expect("it is activated");
    let expected = LedgerEntry {
        revision: 1,
        from: None,
        to: Some(version(2)),
        digest: Some(Digest::of(b"version 2")),
        reason: "fit".to_owned(),
        actor: "pod iris-v7-0".to_owned(),
        time: moment(120),
    };
    assert_eq!(first, expected);
    let back = Activation {
        reason: "rollback".to_owned(),
        ..activation(version(1), 1)
    };
    let second = store.activate(&iris, back).await.expect("it is activated");
    assert_eq!(
        (second.revision, second.from, second.to),
        (2, Some(version(2)), Some(version(1)))
    );
    assert_eq!(second.reason, "rollback");
    assert_eq!(
        store.ledger(&iris).await.expect("the ledger is read"),
        [first, second]
    );
    assert_eq!(active(&*store, &iris).await, (Some(version(1)), 2));
    let properties = store.properties(&iris).await.expect("the properties are read");
    assert_eq!(properties.previous_version, Some(version(2)));
    let read = store
        .read(&iris, Which::Active)
        .await
        .expect("the active version is read");
    assert_eq!(read.blob, b"version 1");
}

/// Replicas of one version all want the same: those that come late are content, whatever revision they saw.
pub async fn activating_the_active_version_answers_the_standing_row(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 1).await;
    let first = store
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    for from_revision in [0, 1, 7] {
        let wish = Activation {
            actor: "another pod".to_owned(),
            ..activation(version(1), from_revision)
        };
        assert_eq!(
            store.activate(&iris, wish).await.expect("it stands already"),
            first
        );
    }
    assert_eq!(store.ledger(&iris).await.expect("the ledger is read"), [first]);
}

/// Who acts on what it saw before somebody else's move loses, and changes nothing.
pub async fn an_old_revision_loses(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    store
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    for expected in [0, 2, u64::MAX] {
        match store.activate(&iris, activation(version(2), expected)).await {
            Err(PersistError::RevisionMoved {
                expected: seen,
                found,
                ..
            }) => {
                assert_eq!((seen, found), (expected, 1));
            }
            other => panic!("revision {expected} was not refused: {other:?}"),
        }
    }
    assert_eq!(active(&*store, &iris).await, (Some(version(1)), 1));
}

/// The pointer may come back to where it was, the revision never does.
pub async fn the_revision_grows_when_a_version_comes_back(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    for (number, from_revision) in [(1, 0), (2, 1), (1, 2)] {
        let wish = activation(version(number), from_revision);
        store.activate(&iris, wish).await.expect("it is activated");
    }
    assert_eq!(active(&*store, &iris).await, (Some(version(1)), 3));
    let stale = store.activate(&iris, activation(version(2), 1)).await;
    assert!(
        matches!(stale, Err(PersistError::RevisionMoved { found: 3, .. })),
        "{stale:?}"
    );
}

/// Nothing becomes active that was never written.
pub async fn an_absent_version_is_not_activated(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 1).await;
    let result = store.activate(&iris, activation(version(2), 0)).await;
    assert!(
        matches!(result, Err(PersistError::VersionAbsent { .. })),
        "{result:?}"
    );
    let unknown = store
        .activate(&model("default/wine"), activation(version(1), 0))
        .await;
    assert!(
        matches!(unknown, Err(PersistError::VersionAbsent { latest: None, .. })),
        "{unknown:?}"
    );
    assert_eq!(active(&*store, &iris).await, (None, 0));
}

/// Nor what was deleted since.
pub async fn a_deleted_version_is_not_activated(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    store
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    store
        .delete(&iris, version(2))
        .await
        .expect("an inactive version is deleted");
    let result = store.activate(&iris, activation(version(2), 1)).await;
    assert!(
        matches!(result, Err(PersistError::VersionAbsent { .. })),
        "{result:?}"
    );
    assert_eq!(active(&*store, &iris).await, (Some(version(1)), 1));
}

/// What answers requests stays.
pub async fn the_active_version_is_not_deleted(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 1).await;
    store
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    let result = store.delete(&iris, version(1)).await;
    assert!(
        matches!(result, Err(PersistError::VersionActive { .. })),
        "{result:?}"
    );
    let read = store
        .read(&iris, Which::Active)
        .await
        .expect("the active version is read");
    assert_eq!(read.blob, b"version 1");
}

/// "Which version was live at that time?" has an answer after its deletion too.
pub async fn the_ledger_remembers_a_deleted_version(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 2).await;
    let first = store
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    let second = store
        .activate(&iris, activation(version(2), 1))
        .await
        .expect("it is activated");
    store
        .delete(&iris, version(1))
        .await
        .expect("a version that is no longer active is deleted");
    assert_eq!(
        store.ledger(&iris).await.expect("the ledger is read"),
        [first, second]
    );
}

async fn with_versions(store: &dyn TestStore, n_versions: u64) -> (Arc<dyn Persister>, ModelKey) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    for number in 1..=n_versions {
        let draft = draft(&format!("version {number}"));
        store.write(&iris, draft).await.expect("a write succeeds");
    }
    (store, iris)
}

async fn active(store: &dyn Persister, model: &ModelKey) -> (Option<VersionNumber>, u64) {
    let properties = store.properties(model).await.expect("the properties are read");
    (properties.active_version, properties.ledger_revision)
}
