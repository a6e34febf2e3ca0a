//! Cases about old versions that go.

use std::sync::Arc;

use auriga_crds::ModelKey;

use super::{
    TestStore,
    fixtures::{activation, model, version},
    races::{all, handles},
    versions::{numbers, write},
};
use crate::{Persister, prune};

/// The lowest numbers go first, and only as many as have to.
pub async fn the_oldest_versions_beyond_the_limit_go(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 6).await;
    let pruned = prune(&*store, &iris, 6, &[]).await.expect("pruning succeeds");
    assert_eq!(pruned, [], "nothing is beyond the limit");
    let pruned = prune(&*store, &iris, 4, &[]).await.expect("pruning succeeds");
    assert_eq!(pruned, [1, 2].map(version));
    assert_eq!(numbers(&*store, &iris).await, [3, 4, 5, 6]);
    let pruned = prune(&*store, &iris, 4, &[]).await.expect("pruning succeeds");
    assert_eq!(pruned, []);
    let unknown = prune(&*store, &model("default/wine"), 1, &[]).await;
    assert_eq!(unknown.expect("an unknown model has nothing to prune"), []);
}

/// What answers, what a rollback needs and what somebody named outlive their age.
pub async fn the_active_the_previous_and_the_named_versions_stay(store: &dyn TestStore) {
    let (store, iris) = with_versions(store, 9).await;
    for (number, from_revision) in [(2, 0), (7, 1), (3, 2), (5, 3), (1, 4)] {
        let wish = activation(version(number), from_revision);
        store.activate(&iris, wish).await.expect("it is activated");
    }
    // The version before the active one is gone: the one before that is what a rollback would go to.
    store
        .delete(&iris, version(5))
        .await
        .expect("an inactive version is deleted");
    let pruned = prune(&*store, &iris, 2, &[version(4), version(77)])
        .await
        .expect("pruning succeeds");
    assert_eq!(pruned, [2, 6, 7].map(version));
    assert_eq!(numbers(&*store, &iris).await, [1, 3, 4, 8, 9]);
    let pruned = prune(&*store, &iris, 0, &[]).await.expect("pruning succeeds");
    assert_eq!(pruned, [4, 8, 9].map(version));
    assert_eq!(numbers(&*store, &iris).await, [1, 3]);
    assert_eq!(write(&*store, &iris, "ten").await, 10);
}

/// Two fits that end at once prune at once: what one has deleted is no error for the other.
pub async fn many_who_prune_at_once_delete_each_version_once(store: &dyn TestStore) {
    let (first, iris) = with_versions(store, 12).await;
    let handles = handles(store).await;
    let pruned = all(&handles, store.load().activators, |handle, _| async move {
        let iris = model("default/iris");
        prune(&*handle, &iris, 3, &[]).await.expect("pruning succeeds")
    })
    .await;
    let mut pruned = pruned.concat();
    pruned.sort_unstable();
    assert_eq!(pruned, (1..=9).map(version).collect::<Vec<_>>());
    assert_eq!(numbers(&*first, &iris).await, [10, 11, 12]);
}

async fn with_versions(store: &dyn TestStore, n_versions: u64) -> (Arc<dyn Persister>, ModelKey) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    for number in 1..=n_versions {
        write(&*store, &iris, &format!("version {number}")).await;
    }
    (store, iris)
}
