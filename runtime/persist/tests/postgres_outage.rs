//! The server is killed in the midst of commits and comes back: every step ends as what it was told says.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use auriga_persist::{
    Fault, PersistError, Which, Written,
    conformance::{
        fixtures::{activation, bytes, draft, draft_of, model, version},
        server::{Server, open_in_test},
    },
};

const OUTAGES: u64 = 8;
const WRITERS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_mid_commit_loses_nothing_and_doubles_nothing() {
    let mut server = Server::start(&[], "");
    let uri = server.database().await;
    let ended = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (uri, ended) = (uri.clone(), ended.clone());
            tokio::spawn(async move {
                let store = open_in_test(&uri).await.unwrap();
                let iris = model("default/iris");
                let mut told = BTreeMap::new();
                for counter in 0.. {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("{writer}-{counter}");
                    // As a fit pod does: the same write again until it is told how it ended.
                    let written = loop {
                        match store.write(&iris, draft_of(&key, bytes(counter, 2000))).await {
                            Ok(written) => break written,
                            Err(error) => assert_is_outage(&error),
                        }
                    };
                    told.insert(key, written.manifest().number);
                }
                told
            })
        })
        .collect();
    for outage in 0..OUTAGES {
        // The moment is the input.
        tokio::time::sleep(Duration::from_millis(150 + outage * 37)).await;
        server = restarted(server).await;
    }
    ended.store(true, Ordering::Relaxed);
    let mut told = BTreeMap::new();
    for writer in writers {
        told.append(&mut writer.await.unwrap());
    }
    let store = open_in_test(&uri).await.unwrap();
    let listed = store.list(&model("default/iris")).await.unwrap();
    assert_eq!(listed.damaged, []);
    let found: BTreeMap<_, _> = listed
        .versions
        .iter()
        .map(|version| (version.idempotency_key.0.clone(), version.number))
        .collect();
    println!("{} versions in {OUTAGES} outages", found.len());
    assert_eq!(found, told);
    assert_eq!(listed.versions.len(), told.len());
    let numbers = listed.versions.iter().map(|version| version.number.get());
    assert!(numbers.eq(1..=told.len() as u64), "numbers are dense");
    assert!(told.len() as u64 > OUTAGES, "there was something to interrupt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activations_and_deletions_end_as_told_through_outages() {
    let mut server = Server::start(&[], "");
    let uri = server.database().await;
    let store = open_in_test(&uri).await.unwrap();
    let iris = model("default/iris");
    let ended = AtomicBool::new(false);
    let changes = async {
        let mut revision = 0;
        while !ended.load(Ordering::Relaxed) {
            let key = revision.to_string();
            let written = again(async || store.write(&iris, draft(&key)).await).await;
            let number = written.manifest().number;
            let wish = activation(number, revision);
            let entry = again(async || store.activate(&iris, wish.clone()).await).await;
            revision += 1;
            assert_eq!((entry.revision, entry.to), (revision, Some(number)));
            if let Some(before) = entry.from {
                // After an error nobody knows whether it is gone.
                let gone = again(async || match store.delete(&iris, before).await {
                    Err(PersistError::VersionAbsent { .. }) => Ok(()),
                    deleted => deleted,
                });
                gone.await;
            }
        }
        revision
    };
    let outages = async {
        for outage in 0..OUTAGES {
            tokio::time::sleep(Duration::from_millis(120 + outage * 41)).await;
            server = restarted(server).await;
        }
        ended.store(true, Ordering::Relaxed);
        server
    };
    let (revision, _server) = tokio::join!(changes, outages);
    assert_eq!(store.ledger(&iris).await.unwrap().len() as u64, revision);
    assert_eq!(store.list(&iris).await.unwrap().versions.len(), 1);
    store.read(&iris, Which::Active).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_told_within_seconds_and_found_again() {
    let mut server = Server::start(&[], "");
    let uri = server.database().await;
    let store = open_in_test(&uri).await.unwrap();
    let iris = model("default/iris");
    store.write(&iris, draft("before")).await.unwrap();
    server.kill();
    let begun = Instant::now();
    let error = store.properties(&iris).await.unwrap_err();
    assert_is_outage(&error);
    assert!(
        error.to_string().contains("nothing listens at its host and port"),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let server = tokio::task::spawn_blocking(move || {
        server.run();
        server
    });
    let _server = server.await.unwrap();
    let written = store.write(&iris, draft("after")).await.unwrap();
    assert!(matches!(written, Written::New(_)));
    assert_eq!(written.manifest().number, version(2));
}

/// Kills a server in the midst of whatever it does, and starts it again.
async fn restarted(mut server: Server) -> Server {
    let restart = tokio::task::spawn_blocking(move || {
        server.kill();
        server.run();
        server
    });
    restart.await.unwrap()
}

async fn again<T>(step: impl AsyncFn() -> Result<T, PersistError>) -> T {
    loop {
        match step().await {
            Ok(done) => return done,
            Err(error) => assert_is_outage(&error),
        }
    }
}

fn assert_is_outage(error: &PersistError) {
    let PersistError::Store { fault, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(fault, Fault::Unavailable(_)), "{error}");
}
