//! Many clients activate and delete at once for many rounds: what they are told has one order that fits its times.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use auriga_persist::{
    PersistError, Persister, StoreUri,
    conformance::{
        Load, TestStore, races,
        scale::scaled,
        server::{Server, open_in_test},
    },
};
use tempfile::TempDir;

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
