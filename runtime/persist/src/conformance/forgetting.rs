//! Cases about letting no version be active, and about deleting all of them.

use std::sync::Arc;

use auriga_crds::{ModelKey, VersionNumber};

use super::{
    TestStore,
    fixtures::{activation, draft, model, moment, version},
    versions::{numbers, write},
};
use crate::{Deactivation, LedgerEntry, Listing, PersistError, Persister, Which, forget};

/// The pointer goes and leaves a row, which says who took it away from what.
pub async fn a_deactivation_leaves_no_version_active_and_a_row(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 1).await;
    let row = store
        .deactivate(&iris, deactivation())
        .await
        .expect("it is deactivated")
        .expect("it was active");
    let expected = LedgerEntry {
        revision: 2,
        from: Some(version(1)),
        to: None,
        digest: None,
        reason: "delete".to_owned(),
        actor: "pod clean".to_owned(),
        time: moment(180),
    };
    assert_eq!(row, expected);
    assert_eq!(active(&*store, &iris).await, (None, 2));
    let ledger = store.ledger(&iris).await.expect("the ledger is read");
    assert_eq!((ledger.len(), &ledger[1]), (2, &expected));
    let read = store.read(&iris, Which::Active).await;
    assert!(
        matches!(read, Err(PersistError::NothingActive { .. })),
        "{read:?}"
    );
    let read = store.read(&iris, Which::Number(version(1))).await;
    assert!(read.is_ok(), "the version itself stays");
}

/// Whoever repeats it adds no row.
pub async fn a_deactivation_where_nothing_is_active_changes_nothing(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 1).await;
    let deactivate = async |key: &ModelKey| {
        let deactivated = store.deactivate(key, deactivation()).await;
        deactivated.expect("it is no error")
    };
    assert!(deactivate(&iris).await.is_some());
    assert_eq!(deactivate(&iris).await, None);
    assert_eq!(active(&*store, &iris).await, (None, 2));
    assert_eq!(deactivate(&model("default/wine")).await, None);
    assert_eq!(active(&*store, &model("default/wine")).await, (None, 0));
    assert_eq!(store.models().await.expect("they are listed"), [iris]);
}

/// Who was told a revision from before loses; the version that was active is no exception.
pub async fn a_version_becomes_active_again_from_the_revision_after_a_deactivation(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 1).await;
    store
        .deactivate(&iris, deactivation())
        .await
        .expect("it is deactivated");
    let stale = store.activate(&iris, activation(version(1), 1)).await;
    assert!(
        matches!(stale, Err(PersistError::RevisionMoved { found: 2, .. })),
        "{stale:?}"
    );
    let row = store
        .activate(&iris, activation(version(1), 2))
        .await
        .expect("it is activated");
    assert_eq!((row.revision, row.from, row.to), (3, None, Some(version(1))));
    assert_eq!(active(&*store, &iris).await, (Some(version(1)), 3));
}

/// All go, no number comes again, and the ledger remembers.
pub async fn a_model_that_is_forgotten_keeps_its_numbers_and_its_ledger(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 3).await;
    let deleted = forget(&*store, &iris, &deactivation())
        .await
        .expect("it is forgotten");
    assert_eq!(deleted, [1, 2, 3].map(version));
    assert_eq!(store.list(&iris).await.expect("a list"), Listing::default());
    assert_eq!(active(&*store, &iris).await, (None, 2));
    let ledger = store.ledger(&iris).await.expect("the ledger is read");
    assert_eq!(
        ledger.iter().map(|row| row.to).collect::<Vec<_>>(),
        [Some(version(3)), None]
    );
    let gone = store.activate(&iris, activation(version(3), 2)).await;
    assert!(
        matches!(gone, Err(PersistError::VersionAbsent { .. })),
        "{gone:?}"
    );
    assert_eq!(write(&*store, &iris, "again").await, 4);
}

/// As a clean-up does that was killed, or runs twice.
pub async fn a_model_is_forgotten_from_wherever_another_one_stopped(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 3).await;
    store
        .deactivate(&iris, deactivation())
        .await
        .expect("it is deactivated");
    store
        .delete(&iris, version(3))
        .await
        .expect("what is no longer active is deleted");
    let forgotten = async || {
        let deleted = forget(&*store, &iris, &deactivation()).await;
        deleted.expect("it is forgotten")
    };
    assert_eq!(forgotten().await, [1, 2].map(version));
    assert_eq!(forgotten().await, []);
    assert_eq!(active(&*store, &iris).await, (None, 2));
    let unknown = forget(&*store, &model("default/wine"), &deactivation()).await;
    assert_eq!(unknown.expect("there is nothing to forget"), []);
}

/// Models that share a store share nothing else.
pub async fn a_forgotten_model_takes_nothing_from_another_one(store: &dyn TestStore) {
    let (store, iris) = with_active(store, 1).await;
    let other = model("other/iris");
    // The same bytes.
    write(&*store, &other, "1").await;
    forget(&*store, &iris, &deactivation())
        .await
        .expect("it is forgotten");
    assert_eq!(numbers(&*store, &other).await, [1]);
    let read = store.read(&other, Which::Number(version(1))).await;
    assert_eq!(read.expect("it is read").blob, b"1");
}

/// Pods of a deleted model may still be about to activate their version: one of the two comes first.
pub async fn forgetting_and_activating_at_once_leave_nothing_behind(store: &dyn TestStore) {
    for round in 0..store.load().rounds as u64 {
        let (forgetful, iris) = (
            store.handle().await.expect("the store opens"),
            model(&format!("default/iris-{round}")),
        );
        for key in ["1", "2"] {
            write(&*forgetful, &iris, key).await;
        }
        let pods = [1, 2].map(|number| (number, iris.clone()));
        let mut tasks = tokio::task::JoinSet::new();
        for (number, iris) in pods {
            let pod = store.handle().await.expect("the store opens");
            tasks.spawn(async move {
                for revision in 0..4 {
                    match pod.activate(&iris, activation(version(number), revision)).await {
                        Ok(_)
                        | Err(PersistError::VersionAbsent { .. } | PersistError::RevisionMoved { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        forget(&*forgetful, &iris, &deactivation())
            .await
            .expect("it is forgotten");
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no pod panics");
        }
        assert_eq!(numbers(&*forgetful, &iris).await, [0; 0]);
        assert_eq!(active(&*forgetful, &iris).await.0, None);
        let ledger = forgetful.ledger(&iris).await.expect("the ledger is read");
        let mut standing = None;
        for (row, revision) in ledger.iter().zip(1..) {
            assert_eq!((row.revision, row.from), (revision, standing));
            standing = row.to;
        }
    }
}

/// So many versions, the last of which is active.
async fn with_active(store: &dyn TestStore, n_versions: u64) -> (Arc<dyn Persister>, ModelKey) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    for number in 1..=n_versions {
        let draft = draft(&number.to_string());
        store.write(&iris, draft).await.expect("a write succeeds");
    }
    store
        .activate(&iris, activation(version(n_versions), 0))
        .await
        .expect("it is activated");
    (store, iris)
}

fn deactivation() -> Deactivation {
    Deactivation {
        reason: "delete".to_owned(),
        actor: "pod clean".to_owned(),
        time: moment(180),
    }
}

async fn active(store: &dyn Persister, model: &ModelKey) -> (Option<VersionNumber>, u64) {
    let properties = store.properties(model).await.expect("the properties are read");
    (properties.active_version, properties.ledger_revision)
}
