//! A folder becomes a store while another process looks at it. Alone in its program, as the place where one is held up is
//! the same for all tests in it.
#![allow(clippy::unwrap_used, reason = "test code, the helpers of the tests too")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use auriga_persist::{
    StoreUri,
    conformance::{
        fixtures::{bytes, draft_of, model},
        server::open_in_test,
    },
};
use tokio::runtime::Runtime;

#[tokio::test]
async fn whoever_looks_while_another_makes_the_store_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::parse("file://models", folder.path()).unwrap();
    let (others, is_first) = (uri.clone(), AtomicBool::new(true));
    let meanwhile = move || {
        if is_first.swap(false, Ordering::Relaxed) {
            let uri = others.clone();
            thread::spawn(|| Runtime::new().unwrap().block_on(write(uri, "of another")))
                .join()
                .unwrap();
        }
    };
    fail::cfg_callback("folder: between its mark and what is in it", meanwhile).unwrap();
    assert_eq!(write(uri, "of its own").await, 2);
}

/// Opens the store and writes a version; its number.
async fn write(uri: StoreUri, key: &str) -> u64 {
    let store = open_in_test(&uri).await.unwrap();
    let draft = draft_of(key, bytes(0, 10));
    let written = store.write(&model("default/iris"), draft).await.unwrap();
    written.manifest().number.get()
}
