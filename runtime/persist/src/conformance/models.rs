//! Cases about models: named, listed, kept apart.

use auriga_crds::ModelKey;

use super::{
    TestStore,
    fixtures::{activation, draft, model, version},
    versions::{numbers, write},
};
use crate::{Listing, PersistError, Properties, Which, Written};

/// Asking for what was never written is no error, and leaves nothing behind.
pub async fn an_unknown_model_is_empty(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    assert_eq!(
        store.list(&iris).await.expect("an empty list"),
        Listing::default()
    );
    assert_eq!(store.ledger(&iris).await.expect("an empty ledger"), []);
    let properties = store.properties(&iris).await.expect("empty properties");
    let schema_version = properties.schema_version;
    assert_eq!(
        properties,
        Properties {
            schema_version,
            ..Properties::default()
        }
    );
    let active = store.read(&iris, Which::Active).await;
    assert!(
        matches!(active, Err(PersistError::NothingActive { .. })),
        "{active:?}"
    );
    assert_eq!(store.models().await.expect("an empty list"), []);
}

/// By namespace, then by name; a model whose versions are all deleted had some.
pub async fn models_are_listed_in_order_and_outlive_their_versions(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    for key in ["b/a", "a-b/x", "a/z", "a/y"] {
        write(&*store, &model(key), "key").await;
    }
    store
        .delete(&model("a/y"), version(1))
        .await
        .expect("an inactive version is deleted");
    let listed = store.models().await.expect("the models are listed");
    assert_eq!(listed, ["a/y", "a/z", "a-b/x", "b/a"].map(model));
}

/// Teams may share a store: nothing that one does shows in the other's namespace.
pub async fn one_name_in_two_namespaces_is_two_models(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    let (ours, theirs) = (model("ours/iris"), model("theirs/iris"));
    write(&*store, &ours, "a").await;
    write(&*store, &ours, "b").await;
    store
        .activate(&ours, activation(version(2), 0))
        .await
        .expect("it is activated");
    assert_eq!(
        store.list(&theirs).await.expect("an empty list"),
        Listing::default()
    );
    assert_eq!(write(&*store, &theirs, "a").await, 1);
    assert_eq!(store.ledger(&theirs).await.expect("an empty ledger"), []);
    let ours_only = store.activate(&theirs, activation(version(2), 0)).await;
    assert!(
        matches!(ours_only, Err(PersistError::VersionAbsent { .. })),
        "{ours_only:?}"
    );
    store
        .delete(&theirs, version(1))
        .await
        .expect("an inactive version is deleted");
    assert_eq!(numbers(&*store, &ours).await, [1, 2]);
    store
        .read(&ours, Which::Active)
        .await
        .expect("the bytes that both had are still there");
}

/// Keys are per model.
pub async fn one_key_of_two_models_is_two_versions(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    for key in ["default/iris", "default/wine"] {
        let written = store
            .write(&model(key), draft("key"))
            .await
            .expect("a write succeeds");
        assert!(matches!(written, Written::New(_)), "{key}");
    }
}

/// Names never reach a store unchecked, and those that pass keep apart however alike they look.
pub async fn hostile_names_cannot_be_built_and_odd_ones_do_not_meet(store: &dyn TestStore) {
    for hostile in [
        "../../etc/passwd",
        "default/..",
        "default/.",
        "default/",
        "/iris",
        "default/iris/1",
        "default/%2e%2e",
        "default/iris\0",
        "default/iris'; DROP TABLE version; --",
        "default\\iris",
        "default/Iris",
        "default/ıris",
    ] {
        assert!(hostile.parse::<ModelKey>().is_err(), "{hostile}");
    }
    let store = store.handle().await.expect("the store opens");
    let longest = format!("{}/{}", "n".repeat(63), "m".repeat(52));
    let odd = [
        "a/b-c",
        "a-b/c",
        "a/b",
        "b/a",
        "null/null",
        "0/select",
        "1/v",
        "a--b/c--d",
        &longest,
    ];
    for key in odd {
        assert_eq!(write(&*store, &model(key), key).await, 1, "{key}");
    }
    for key in odd {
        let read = store
            .read(&model(key), Which::Number(version(1)))
            .await
            .expect("it is read");
        assert_eq!(read.blob, key.as_bytes());
    }
}
