//! Many clients activate and delete at once for many rounds: what they are told has one order that fits its times.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use async_trait::async_trait;
use auriga_persist::{
    PersistError, Persister, StoreUri,
    conformance::{
        Load, TestStore,
        fixtures::{bytes, draft_of, model},
        races,
        scale::scaled,
        server::{Server, open_in_test},
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const CLIENTS: usize = 32;
/// Clients of different handles share nothing but the store.
const HANDLES: usize = 8;
/// By default and in full.
const ROUNDS: (u64, u64) = (250, 1000);
/// Fewer where every round goes to a server and back.
const POSTGRES_ROUNDS: (u64, u64) = (60, 250);

struct Pressed {
    uri: StoreUri,
    rounds: usize,
    _folder: TempDir,
}

#[async_trait]
impl TestStore for Pressed {
    async fn handle(&self) -> Result<Arc<dyn Persister>, PersistError> {
        open_in_test(&self.uri).await
    }

    fn load(&self) -> Load {
        Load {
            handles: HANDLES,
            activators: CLIENTS,
            rounds: self.rounds,
            ..Load::default()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_sqlite_see_one_order() {
    check("sqlite://models.db", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_folder_see_one_order() {
    check("file://models", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_postgres_see_one_order() {
    check(&Server::shared().database().await.to_string(), POSTGRES_ROUNDS).await;
}

/// Between two looks of one client at an empty folder another makes it a store and writes a version.
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
    fail::cfg_callback("folder: between what is in it and its mark", meanwhile).unwrap();
    assert_eq!(write(uri, "of its own").await, 2);
}

/// Opens the store and writes a version; its number.
async fn write(uri: StoreUri, key: &str) -> u64 {
    let store = open_in_test(&uri).await.unwrap();
    let draft = draft_of(key, bytes(0, 10));
    let written = store.write(&model("default/iris"), draft).await.unwrap();
    written.manifest().number.get()
}

async fn check(address: &str, (usual, full): (u64, u64)) {
    let rounds = scaled(usual, full) as usize;
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::parse(address, folder.path()).unwrap();
    let begun = Instant::now();
    let store = Pressed {
        uri,
        rounds,
        _folder: folder,
    };
    races::activations_and_deletions_have_one_order_that_fits_their_times(&store).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{address}: {CLIENTS} clients, {rounds} rounds in {seconds:.1} s");
}
