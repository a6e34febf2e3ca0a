//! Cases about versions: written, numbered, listed, deleted.

use auriga_crds::{Digest, ModelKey};

use super::{
    TestStore,
    fixtures::{activation, draft, draft_of, facts, model, moment, version},
};
use crate::{Draft, Listing, PersistError, Persister, VersionManifest, Which, Written};

/// Bytes and every field of the manifest come back, numbers to the last digit.
pub async fn a_version_reads_back_as_it_was_written(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    let written = store
        .write(&iris, draft("first"))
        .await
        .expect("a write succeeds");
    let expected = VersionManifest {
        manifest_version: 1,
        number: version(1),
        digest: Digest::of(b"first"),
        length: 5,
        idempotency_key: draft("first").idempotency_key,
        created: moment(60),
        facts: facts(),
    };
    assert_eq!(written, Written::New(expected.clone()));
    let read = store
        .read(&iris, Which::Number(version(1)))
        .await
        .expect("it is read");
    assert_eq!(read.manifest, expected);
    assert_eq!(read.blob, b"first");
    let listing = store.list(&iris).await.expect("it is listed");
    assert_eq!((listing.versions, listing.damaged), (vec![expected], Vec::new()));
}

/// The numbers of a model are 1, 2, 3, …, in the order of the writes.
pub async fn numbers_count_from_one_without_gaps(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    for expected in 1..=5 {
        assert_eq!(write(&*store, &iris, &format!("key {expected}")).await, expected);
    }
    assert_eq!(numbers(&*store, &iris).await, [1, 2, 3, 4, 5]);
}

/// "Highest number there is, plus one" would give the number of a deleted version a second time.
pub async fn the_newest_number_is_not_given_again_after_its_deletion(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    for key in ["a", "b", "c"] {
        write(&*store, &iris, key).await;
    }
    store
        .delete(&iris, version(3))
        .await
        .expect("an inactive version is deleted");
    assert_eq!(write(&*store, &iris, "d").await, 4);
    assert_eq!(numbers(&*store, &iris).await, [1, 2, 4]);
}

/// The high-water mark outlives every version, also for a handle opened later.
pub async fn numbers_go_on_after_all_versions_are_deleted(store: &dyn TestStore) {
    let (first, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    write(&*first, &iris, "a").await;
    write(&*first, &iris, "b").await;
    for number in [1, 2] {
        first
            .delete(&iris, version(number))
            .await
            .expect("an inactive version is deleted");
    }
    drop(first);
    let second = store.handle().await.expect("the store opens again");
    let properties = second.properties(&iris).await.expect("the model is known");
    assert_eq!(properties.high_water_mark, 2);
    assert_eq!(write(&*second, &iris, "c").await, 3);
}

/// A repeated write answers the version of the first one, whatever bytes it brings.
pub async fn the_same_key_twice_is_one_version(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    let first = store.write(&iris, draft("key")).await.expect("a write succeeds");
    let again = store
        .write(&iris, draft("key"))
        .await
        .expect("a repeated write succeeds");
    assert_eq!(again, Written::Existing(first.manifest().clone()));
    let other_bytes = draft_of("key", b"fitted again, a little differently".to_vec());
    let third = store
        .write(&iris, other_bytes)
        .await
        .expect("a repeated write succeeds");
    assert_eq!(third, Written::Existing(first.manifest().clone()));
    assert_eq!(
        write(&*store, &iris, "other key").await,
        2,
        "repeated writes use no number up"
    );
}

/// A deleted version no longer answers for its key.
pub async fn the_key_of_a_deleted_version_makes_a_new_one(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    write(&*store, &iris, "key").await;
    store
        .delete(&iris, version(1))
        .await
        .expect("an inactive version is deleted");
    let again = store.write(&iris, draft("key")).await.expect("a write succeeds");
    assert!(matches!(again, Written::New(_)));
    assert_eq!(again.manifest().number, version(2));
}

/// The error names the version asked for and the latest there is.
pub async fn an_absent_version_is_named_with_the_latest(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    let latest_of = |result| match result {
        Err(PersistError::VersionAbsent {
            version: asked,
            latest,
            ..
        }) => {
            assert_eq!(asked, version(u64::MAX));
            latest
        }
        other => panic!("not an absent version: {other:?}"),
    };
    let huge = version(u64::MAX);
    assert_eq!(
        latest_of(store.read(&iris, Which::Number(huge)).await.map(drop)),
        None
    );
    write(&*store, &iris, "a").await;
    write(&*store, &iris, "b").await;
    assert_eq!(
        latest_of(store.read(&iris, Which::Number(huge)).await.map(drop)),
        Some(version(2))
    );
    assert_eq!(latest_of(store.delete(&iris, huge).await), Some(version(2)));
}

/// A deleted version is neither read nor listed, and cannot be deleted again.
pub async fn a_deleted_version_is_gone(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    write(&*store, &iris, "a").await;
    write(&*store, &iris, "b").await;
    store
        .delete(&iris, version(1))
        .await
        .expect("an inactive version is deleted");
    assert_eq!(numbers(&*store, &iris).await, [2]);
    for result in [
        store.read(&iris, Which::Number(version(1))).await.map(drop),
        store.delete(&iris, version(1)).await,
    ] {
        assert!(
            matches!(result, Err(PersistError::VersionAbsent { .. })),
            "{result:?}"
        );
    }
}

/// A manifest that nobody could read back must not be committed.
pub async fn a_number_that_json_cannot_hold_is_refused_by_its_field(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    let spoiled = |spoil: &dyn Fn(&mut Draft)| {
        let mut draft = draft("key");
        spoil(&mut draft);
        draft
    };
    for (draft, field) in [
        (
            spoiled(&|draft| set_score(draft, f64::NAN)),
            "scores.test.accuracy is NaN",
        ),
        (
            spoiled(&|draft| set_score(draft, f64::INFINITY)),
            "scores.test.accuracy is inf",
        ),
        (
            spoiled(&|draft| draft.facts.golden.tolerance = f64::NAN),
            "golden.tolerance is NaN",
        ),
        (
            spoiled(&|draft| draft.facts.golden.probabilities[1][0] = f64::NAN),
            "golden.probabilities[1] is NaN",
        ),
    ] {
        match store.write(&iris, draft).await {
            Err(PersistError::NotKeepable { what, .. }) => assert!(what.contains(field), "{what}"),
            other => panic!("{field} was not refused: {other:?}"),
        }
    }
    assert_eq!(
        store.list(&iris).await.expect("an empty list"),
        Listing::default()
    );
}

/// Versions, ledger, properties and models are the store's, not the handle's.
pub async fn another_handle_sees_the_same(store: &dyn TestStore) {
    let (first, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    write(&*first, &iris, "a").await;
    write(&*first, &iris, "b").await;
    first
        .activate(&iris, activation(version(1), 0))
        .await
        .expect("it is activated");
    let early = store.handle().await.expect("the store opens a second time");
    write(&*first, &iris, "c").await;
    let seen = everything(&*first, &iris).await;
    assert_eq!(everything(&*early, &iris).await, seen);
    drop((first, early));
    let late = store.handle().await.expect("the store opens again");
    assert_eq!(everything(&*late, &iris).await, seen);
}

fn set_score(draft: &mut Draft, score: f64) {
    let metrics = draft
        .facts
        .scores
        .get_mut("test")
        .expect("the fixture has test scores");
    metrics.insert("accuracy".to_owned(), score);
}

/// Writes a small draft; answers its number.
pub(super) async fn write(store: &dyn Persister, model: &ModelKey, key: &str) -> u64 {
    let written = store.write(model, draft(key)).await.expect("a write succeeds");
    written.manifest().number.get()
}

/// The numbers of all versions, in the order of the list.
pub(super) async fn numbers(store: &dyn Persister, model: &ModelKey) -> Vec<u64> {
    let versions = store.list(model).await.expect("the versions are listed").versions;
    versions.iter().map(|version| version.number.get()).collect()
}

async fn everything(store: &dyn Persister, model: &ModelKey) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        store.list(model).await.expect("the versions are listed"),
        store.ledger(model).await.expect("the ledger is read"),
        store.properties(model).await.expect("the properties are read"),
        store.models().await.expect("the models are listed"),
        store
            .read(model, Which::Active)
            .await
            .expect("the active version is read"),
    )
}
