//! Cases about bytes: long, empty, shared.

use super::{
    TestStore,
    fixtures::{bytes, draft_of, model, version},
};
use crate::{Persister, Which};

/// Longer than any backend's chunk, and not a multiple of one.
const LONG: usize = 5 * 1024 * 1024 + 1;

/// A blob of five megabytes and a byte.
pub async fn a_blob_of_several_chunks_comes_back(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    comes_back(&*store, bytes(1, LONG)).await;
}

/// One byte less, none and one more than powers of two.
pub async fn blobs_at_the_edges_of_chunks_come_back(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    for power in [16, 20, 21] {
        for length in [(1 << power) - 1, 1 << power, (1 << power) + 1] {
            comes_back(&*store, bytes(length as u64, length)).await;
        }
    }
}

/// No bytes at all are bytes too.
pub async fn an_empty_blob_comes_back(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    comes_back(&*store, Vec::new()).await;
}

/// Equal bytes may be stored once; they stay as long as one version has them.
pub async fn a_blob_shared_by_two_versions_outlives_one_of_them(store: &dyn TestStore) {
    let store = store.handle().await.expect("the store opens");
    let (iris, wine) = (model("default/iris"), model("default/wine"));
    for length in [0, 10, LONG] {
        let blob = bytes(2, length);
        let mut written = Vec::new();
        for (model, key) in [(&iris, "a"), (&iris, "b"), (&wine, "a")] {
            let draft = draft_of(&format!("{key} {length}"), blob.clone());
            let number = store
                .write(model, draft)
                .await
                .expect("a write succeeds")
                .manifest()
                .number;
            written.push((model, number));
        }
        while let Some((model, number)) = written.pop() {
            store
                .delete(model, number)
                .await
                .expect("an inactive version is deleted");
            for (model, number) in &written {
                let read = store
                    .read(model, Which::Number(*number))
                    .await
                    .expect("the other one is read");
                assert_eq!(read.blob, blob);
            }
        }
    }
}

/// What a deletion took away, a later write brings back.
pub async fn a_blob_written_again_after_its_deletion_comes_back(store: &dyn TestStore) {
    let (store, iris) = (
        store.handle().await.expect("the store opens"),
        model("default/iris"),
    );
    let blob = bytes(3, LONG);
    store
        .write(&iris, draft_of("a", blob.clone()))
        .await
        .expect("a write succeeds");
    store
        .delete(&iris, version(1))
        .await
        .expect("an inactive version is deleted");
    comes_back(&*store, blob).await;
}

async fn comes_back(store: &dyn Persister, blob: Vec<u8>) {
    let iris = model("default/iris");
    let draft = draft_of(&format!("{} bytes", blob.len()), blob.clone());
    let written = store.write(&iris, draft).await.expect("a write succeeds");
    let read = store
        .read(&iris, Which::Number(written.manifest().number))
        .await
        .expect("it is read");
    assert_eq!(read.manifest, *written.manifest());
    assert_eq!(read.manifest.length, blob.len() as u64);
    assert!(read.blob == blob, "the bytes differ");
}

/// Where equal bytes are stored once, the deletion in one model races with the writes in another.
pub async fn bytes_that_two_models_write_and_delete_at_once_stay_readable(store: &dyn TestStore) {
    let rounds = store.load().rounds;
    let changes = ["default/iris", "default/wine", "other/iris"].map(|key| async move {
        let (store, model) = (store.handle().await.expect("the store opens"), model(key));
        for round in 0..rounds {
            // Long ones are uploaded in several steps, short ones in one.
            let blob = bytes(3, if round % 4 == 0 { LONG / 2 } else { 1000 });
            let written = store
                .write(&model, draft_of(&round.to_string(), blob.clone()))
                .await;
            let number = written.expect("a write succeeds").manifest().number;
            let read = store.read(&model, Which::Number(number)).await;
            assert!(
                read.expect("what was written is there").blob == blob,
                "round {round}"
            );
            store.delete(&model, number).await.expect("a deletion succeeds");
        }
    });
    futures_util::future::join_all(changes).await;
}
