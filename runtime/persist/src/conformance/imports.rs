//! Cases about versions that come from another store.

use auriga_crds::{Digest, ModelKey};

use super::{
    TestStore,
    fixtures::{activation, bytes, draft, facts, model, moment, version},
    races::{all, handles},
    versions::{numbers, write},
};
use crate::{IdempotencyKey, PersistError, VersionManifest, Which, Written};

/// Number, key, time and facts are those of the other store, and so are the bytes.
pub async fn a_version_comes_over_with_all_that_is_known_of_it(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    for (number, blob) in [(3, bytes(3, 3_000_001)), (4, b"short".to_vec()), (5, Vec::new())] {
        let manifest = manifest(number, &format!("{number}"), &blob);
        let written = store.import(&iris, manifest.clone(), blob.clone()).await;
        assert_eq!(
            written.expect("an import succeeds"),
            Written::New(manifest.clone())
        );
        let read = store
            .read(&iris, Which::Number(version(number)))
            .await
            .expect("it is read");
        assert_eq!(read.manifest, manifest);
        assert!(read.blob == blob, "version {number}");
    }
    assert_eq!(numbers(&*store, &iris).await, [3, 4, 5]);
    assert_eq!(
        store.models().await.expect("the models are listed"),
        std::slice::from_ref(&iris)
    );
    let active = store.read(&iris, Which::Active).await;
    assert!(
        matches!(active, Err(PersistError::NothingActive { .. })),
        "an import activates nothing"
    );
}

/// A repeated import is harmless, also for a handle that did not make the first one.
pub async fn the_same_version_twice_is_one(store: &dyn TestStore) {
    let iris = iris();
    let manifest = manifest(7, "key", b"bytes");
    let first = store.handle().await.expect("the store opens");
    let written = first.import(&iris, manifest.clone(), b"bytes".to_vec()).await;
    assert_eq!(
        written.expect("an import succeeds"),
        Written::New(manifest.clone())
    );
    let second = store.handle().await.expect("the store opens");
    for handle in [&first, &second] {
        let again = handle.import(&iris, manifest.clone(), b"bytes".to_vec()).await;
        assert_eq!(
            again.expect("a repeated import succeeds"),
            Written::Existing(manifest.clone())
        );
    }
    // What was written here and exported comes back as it is.
    write(&*first, &iris, "written here").await;
    let here = first
        .read(&iris, Which::Number(version(8)))
        .await
        .expect("it is read");
    let back = second.import(&iris, here.manifest.clone(), here.blob).await;
    assert_eq!(
        back.expect("a repeated import succeeds"),
        Written::Existing(here.manifest)
    );
    assert_eq!(numbers(&*first, &iris).await, [7, 8]);
}

/// The high-water mark is that of the highest number, wherever it was given.
pub async fn numbers_go_on_above_an_imported_one(store: &dyn TestStore) {
    let (first, second) = (
        store.handle().await.expect("the store opens"),
        store.handle().await.expect("the store opens"),
    );
    let iris = iris();
    assert_eq!(write(&*first, &iris, "a").await, 1);
    assert_eq!(write(&*second, &iris, "b").await, 2);
    import(&*second, &iris, 40, "forty")
        .await
        .expect("an import succeeds");
    let properties = first.properties(&iris).await.expect("the properties are read");
    assert_eq!(properties.high_water_mark, 40);
    assert_eq!(write(&*first, &iris, "c").await, 41);
    first
        .delete(&iris, version(41))
        .await
        .expect("an inactive version is deleted");
    assert_eq!(write(&*second, &iris, "d").await, 42);
    assert_eq!(numbers(&*first, &iris).await, [1, 2, 40, 42]);
    let third = store.handle().await.expect("the store opens");
    assert_eq!(write(&*third, &iris, "e").await, 43);
}

/// Versions may be exported in any order.
pub async fn a_gap_can_be_filled_later_from_elsewhere(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    for number in [5, 2, 9, 1, 4, 8] {
        import(&*store, &iris, number, &format!("{number}"))
            .await
            .expect("an import succeeds");
    }
    assert_eq!(numbers(&*store, &iris).await, [1, 2, 4, 5, 8, 9]);
    assert_eq!(write(&*store, &iris, "written").await, 10);
    import(&*store, &iris, 3, "3").await.expect("an import succeeds");
    let absent = store.read(&iris, Which::Number(version(6))).await;
    assert!(
        matches!(absent, Err(PersistError::VersionAbsent { latest: Some(latest), .. }) if latest == version(10))
    );
    assert_eq!(numbers(&*store, &iris).await, [1, 2, 3, 4, 5, 8, 9, 10]);
}

/// One number never means two versions, not even one after the other.
pub async fn a_number_that_another_version_has_or_had_is_refused(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    for key in ["a", "b", "c"] {
        write(&*store, &iris, key).await;
    }
    import(&*store, &iris, 6, "six")
        .await
        .expect("an import succeeds");
    for number in [2, 6] {
        match import(&*store, &iris, number, "other").await {
            Err(PersistError::NumberUsed {
                version: named,
                imported,
                found: Some(found),
                ..
            }) => {
                assert_eq!((named, imported), (version(number), Digest::of(b"other")));
                let key: &[u8] = if number == 2 { b"b" } else { b"six" };
                assert_eq!(*found, Digest::of(key));
            }
            other => panic!("version {number} was not refused: {other:?}"),
        }
        store
            .delete(&iris, version(number))
            .await
            .expect("an inactive version is deleted");
        for key in ["other", "b", "six"] {
            let refused = import(&*store, &iris, number, key).await;
            assert!(
                matches!(refused, Err(PersistError::NumberUsed { found: None, .. })),
                "{refused:?}"
            );
        }
    }
    assert_eq!(numbers(&*store, &iris).await, [1, 3]);
}

/// One write is one version, also when it was made in two stores.
pub async fn a_key_that_another_version_has_is_refused(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    write(&*store, &iris, "key").await;
    let refused = import(&*store, &iris, 9, "key").await;
    assert!(
        matches!(refused, Err(PersistError::KeyUsed { version: named, found, .. }) if (named, found) == (version(9), version(1))),
        "{refused:?}"
    );
    let properties = store.properties(&iris).await.expect("the properties are read");
    assert_eq!(properties.high_water_mark, 1, "a refused import changes nothing");
    store
        .delete(&iris, version(1))
        .await
        .expect("an inactive version is deleted");
    import(&*store, &iris, 9, "key")
        .await
        .expect("an import succeeds");
    assert_eq!(numbers(&*store, &iris).await, [9]);
}

/// A fit that was made elsewhere is not made again.
pub async fn a_write_finds_the_key_of_an_imported_version(store: &dyn TestStore) {
    let (first, second) = (
        store.handle().await.expect("the store opens"),
        store.handle().await.expect("the store opens"),
    );
    let iris = iris();
    assert_eq!(write(&*first, &iris, "before").await, 1);
    import(&*second, &iris, 7, "key")
        .await
        .expect("an import succeeds");
    let written = first.write(&iris, draft("key")).await.expect("a write succeeds");
    assert_eq!(written, Written::Existing(manifest(7, "key", b"key")));
}

/// Where a version came from makes no difference afterwards.
pub async fn an_imported_version_is_activated_and_deleted_like_any_other(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    for number in [7, 3] {
        import(&*store, &iris, number, &format!("{number}"))
            .await
            .expect("an import succeeds");
    }
    let row = store
        .activate(&iris, activation(version(3), 0))
        .await
        .expect("it is activated");
    assert_eq!((row.to, row.digest), (Some(version(3)), Some(Digest::of(b"3"))));
    let refused = store.delete(&iris, version(3)).await;
    assert!(
        matches!(refused, Err(PersistError::VersionActive { .. })),
        "{refused:?}"
    );
    store
        .activate(&iris, activation(version(7), 1))
        .await
        .expect("it is activated");
    store
        .delete(&iris, version(3))
        .await
        .expect("an inactive version is deleted");
    let gone = store.read(&iris, Which::Number(version(3))).await;
    assert!(
        matches!(gone, Err(PersistError::VersionAbsent { .. })),
        "{gone:?}"
    );
    assert_eq!(
        store.read(&iris, Which::Active).await.expect("it is read").blob,
        b"7"
    );
    assert_eq!(numbers(&*store, &iris).await, [7]);
}

/// What would not load is not taken over, and leaves nothing.
pub async fn bytes_that_are_not_the_manifests_are_refused(store: &dyn TestStore) {
    let (store, iris) = (store.handle().await.expect("the store opens"), iris());
    for wrong in [&b"bytes!"[..], b"bytez", b""] {
        let refused = store
            .import(&iris, manifest(7, "key", b"bytes"), wrong.to_vec())
            .await;
        assert!(
            matches!(refused, Err(PersistError::Corrupt { .. })),
            "{refused:?}"
        );
    }
    let mut endless = manifest(7, "key", b"bytes");
    endless.facts.golden.tolerance = f64::INFINITY;
    let refused = store.import(&iris, endless, b"bytes".to_vec()).await;
    assert!(
        matches!(refused, Err(PersistError::NotKeepable { .. })),
        "{refused:?}"
    );
    let beyond = store
        .import(&iris, manifest(1 << 53, "key", b"bytes"), b"bytes".to_vec())
        .await;
    assert!(
        matches!(beyond, Err(PersistError::NotKeepable { .. })),
        "{beyond:?}"
    );
    assert_eq!(
        store
            .properties(&iris)
            .await
            .expect("the properties are read")
            .high_water_mark,
        0
    );
    assert_eq!(store.models().await.expect("the models are listed"), []);
}

/// Whoever imports makes gaps that writers step over, and nobody gets a number that another one has.
pub async fn importers_and_writers_at_once_share_no_number(store: &dyn TestStore) {
    let (handles, load) = (handles(store).await, store.load());
    let given = all(&handles, 4, |handle, task| async move {
        let (iris, mut given) = (iris(), Vec::new());
        for round in 0..load.rounds {
            let key = format!("task {task}, round {round}");
            if task % 2 == 0 {
                let written = handle.write(&iris, draft(&key)).await.expect("a write succeeds");
                given.push((written.manifest().number, key));
                continue;
            }
            let seen = handle
                .properties(&iris)
                .await
                .expect("the properties are read")
                .high_water_mark;
            // Sometimes the next number, which others want too, sometimes one further away.
            let wanted = seen + 1 + (round as u64 % 3) * 2;
            match import(&*handle, &iris, wanted, &key).await {
                Ok(written) => given.push((written.manifest().number, key)),
                Err(PersistError::NumberUsed { found: Some(_), .. }) => {}
                Err(other) => panic!("an import failed: {other}"),
            }
        }
        given
    })
    .await;
    let mut given = given.concat();
    given.sort_unstable();
    let listed = handles[0]
        .list(&iris())
        .await
        .expect("the versions are listed")
        .versions;
    let listed: Vec<_> = listed
        .into_iter()
        .map(|manifest| (manifest.number, manifest.idempotency_key.0))
        .collect();
    assert_eq!(listed, given);
}

async fn import(
    store: &dyn crate::Persister,
    model: &ModelKey,
    number: u64,
    key: &str,
) -> Result<Written, PersistError> {
    let blob = key.as_bytes();
    store
        .import(model, manifest(number, key, blob), blob.to_vec())
        .await
}

/// What another store may say of a version.
fn manifest(number: u64, key: &str, blob: &[u8]) -> VersionManifest {
    VersionManifest {
        manifest_version: 1,
        number: version(number),
        digest: Digest::of(blob),
        length: blob.len() as u64,
        idempotency_key: IdempotencyKey(key.to_owned()),
        created: moment(60),
        facts: facts(),
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}
