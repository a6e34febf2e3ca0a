//! Ends processes between any two steps of a change, hundreds of times: nothing is half done, and all can be done again.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_persist::{
    Deactivation, PersistError, Persister, StoreUri, VersionManifest, Which,
    conformance::{
        fixtures::{activation, bytes, draft_of, facts, model, moment},
        scale::scaled,
        server::{Server, open_in_test},
    },
};

const SQLITE: [&str; 14] = [
    "sqlite: before the commit of a chunk",
    "sqlite: after the commit of a chunk",
    "sqlite: before the manifest",
    "sqlite: before the commit of a version",
    "sqlite: after the commit of a version",
    "sqlite: after the commit of an imported chunk",
    "sqlite: before the commit of an import",
    "sqlite: after the commit of an import",
    "sqlite: before the commit of an activation",
    "sqlite: after the commit of an activation",
    "sqlite: before the commit of a deactivation",
    "sqlite: after the commit of a deactivation",
    "sqlite: before the commit of a deletion",
    "sqlite: after the commit of a deletion",
];

const OBJECTS: [&str; 15] = [
    "objects: before the bytes",
    "objects: after the bytes",
    "objects: before the manifest",
    "objects: after the manifest",
    "objects: after the gap of an import",
    "objects: after the bytes of an import",
    "objects: after the manifest of an import",
    "objects: before the entry of an activation",
    "objects: after the entry of an activation",
    "objects: before the entry of a deactivation",
    "objects: after the entry of a deactivation",
    "objects: before the entry of a deletion",
    "objects: after the entry of a deletion",
    "objects: after a tombstone",
    "objects: after a deletion",
];

const POSTGRES: [&str; 14] = [
    "postgres: before the commit of a chunk",
    "postgres: after the commit of a chunk",
    "postgres: before the manifest",
    "postgres: before the commit of a version",
    "postgres: after the commit of a version",
    "postgres: after the commit of an imported chunk",
    "postgres: before the commit of an import",
    "postgres: after the commit of an import",
    "postgres: before the commit of an activation",
    "postgres: after the commit of an activation",
    "postgres: before the commit of a deactivation",
    "postgres: after the commit of a deactivation",
    "postgres: before the commit of a deletion",
    "postgres: after the commit of a deletion",
];

/// By default and in full: each place eight times, or thirty times and more.
const KILLS: (u64, u64) = (120, 500);
/// As a connection to a server takes longer than to open a file, fewer: each place four or eight times.
const POSTGRES_KILLS: (u64, u64) = (56, 112);
/// Stores that are pressed at once; more of them would only wait for each other.
const STORES: usize = 4;

/// How a worker is told what to do: a folder, the address of the store in it, a round, and where it ends.
const FOLDER: &str = "AURIGA_TEST_FOLDER";
const ADDRESS: &str = "AURIGA_TEST_ADDRESS";
const ROUND: &str = "AURIGA_TEST_ROUND";
const POINT: &str = "AURIGA_TEST_POINT";

#[test]
fn every_failpoint_is_in_the_list() {
    let sources = [
        include_str!("../src/sqlite.rs"),
        include_str!("../src/sqlite/import.rs"),
        include_str!("../src/postgres.rs"),
        include_str!("../src/postgres/import.rs"),
        include_str!("../src/objects.rs"),
        include_str!("../src/objects/blobs.rs"),
        include_str!("../src/objects/ledger.rs"),
        include_str!("../src/objects/versions.rs"),
    ];
    let found: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split("failpoint!(\"").skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(found, SQLITE.into_iter().chain(OBJECTS).chain(POSTGRES).collect());
}

#[test]
fn sqlite_survives_an_end_at_every_failpoint() {
    press(&vec!["sqlite://models.db".to_owned(); STORES], &SQLITE, KILLS);
}

#[test]
fn a_folder_survives_an_end_at_every_failpoint() {
    press(&vec!["file://models".to_owned(); STORES], &OBJECTS, KILLS);
}

#[tokio::test]
async fn postgres_survives_an_end_at_every_failpoint() {
    let mut addresses = Vec::new();
    for _ in 0..STORES {
        addresses.push(Server::shared().database().await.to_string());
    }
    tokio::task::spawn_blocking(move || press(&addresses, &POSTGRES, POSTGRES_KILLS))
        .await
        .unwrap();
}

/// Presses one store at each address, all at once.
fn press(addresses: &[String], points: &[&str], (usual, full): (u64, u64)) {
    let n_kills = scaled(usual, full);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (lane, address) in addresses.iter().enumerate() {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let runtime = tokio::runtime::Runtime::new().unwrap();
                let mut seen = Seen::default();
                // The first round has something to delete, too.
                runtime.block_on(async { change(&*handle(folder.path(), address).await, 0, false).await });
                for round in 1..=n_kills / STORES as u64 {
                    // A lane begins where another one is a quarter of the way.
                    let point =
                        points[(round as usize + lane * points.len() / addresses.len()) % points.len()];
                    end_at(folder.path(), address, round, point);
                    runtime.block_on(async {
                        let store = handle(folder.path(), address).await;
                        seen.check(&*store, point).await;
                        // What was interrupted is done again, by another process.
                        change(&*store, round, is_long(point)).await;
                        seen.check(&*store, point).await;
                        seen.check_round(&*store, round).await;
                        store.close().await;
                    });
                }
            });
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{}: {n_kills} processes ended at {} places in {seconds:.1} s",
        addresses[0],
        points.len()
    );
}

/// Runs a worker, which must end at the failpoint.
fn end_at(folder: &Path, address: &str, round: u64, point: &str) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker"])
        .env(FOLDER, folder)
        .env(ADDRESS, address)
        .env(ROUND, round.to_string())
        .env(POINT, point)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(
        ended.signal(),
        Some(rustix::process::Signal::KILL.as_raw()),
        "round {round} did not end at \"{point}\": {ended}"
    );
}

/// A process of its own, started by the tests above: ends without any ado when it comes to its failpoint, in every other
/// round only when it comes there a second time. Without a folder it is nobody's process, and has nothing to do.
#[tokio::test]
async fn worker() {
    let variable = std::env::var;
    let (Ok(folder), Ok(address), Ok(round), Ok(point)) = (
        variable(FOLDER),
        variable(ADDRESS),
        variable(ROUND),
        variable(POINT),
    ) else {
        return;
    };
    let round: u64 = round.parse().unwrap();
    let n_passed = AtomicU64::new(0);
    // Only writes and deletions come more than once in a round.
    let comes_again = ["the bytes", "the manifest", "of a chunk"]
        .iter()
        .any(|end| point.ends_with(end));
    let n_to_pass = if comes_again { round % 2 } else { 0 };
    fail::cfg_callback(point.clone(), move || {
        if n_passed.fetch_add(1, Ordering::Relaxed) == n_to_pass {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    })
    .unwrap();
    change(
        &*handle(Path::new(&folder), &address).await,
        round,
        is_long(&point),
    )
    .await;
}

/// What a round does to a store; done once more, it does what is missing.
async fn change(store: &dyn Persister, round: u64, is_long: bool) {
    let iris = iris();
    for part in 0..3 {
        match (part + round) % 3 {
            0 => write(store, &format!("{round} first"), is_long).await,
            1 => write(store, &format!("{round} second"), is_long).await,
            _ => import(store, round, is_long).await,
        }
    }
    let listed = store.list(&iris).await.unwrap().versions;
    let chosen = listed
        .iter()
        .find(|version| {
            version.idempotency_key.0
                == [format!("{round} first"), format!("{round} imported")][round as usize % 2]
        })
        .unwrap();
    // Nothing is active for a moment, as where a model is forgotten.
    if store.properties(&iris).await.unwrap().active_version != Some(chosen.number) {
        store.deactivate(&iris, deactivation()).await.unwrap();
    }
    let seen = store.properties(&iris).await.unwrap();
    store
        .activate(&iris, activation(chosen.number, seen.ledger_revision))
        .await
        .unwrap();
    // Those of the round before, one of which was active until now.
    for version in listed.iter().filter(|version| !is_of(version, round)) {
        match store.delete(&iris, version.number).await {
            Ok(()) | Err(PersistError::VersionAbsent { .. }) => {}
            Err(other) => panic!("a deletion failed: {other}"),
        }
    }
}

fn deactivation() -> Deactivation {
    Deactivation {
        reason: "delete".to_owned(),
        actor: "worker".to_owned(),
        time: moment(120),
    }
}

async fn write(store: &dyn Persister, key: &str, is_long: bool) {
    store
        .write(&iris(), draft_of(key, blob(key, is_long)))
        .await
        .unwrap();
}

/// Imports under a number that is above all that were given in the rounds before.
async fn import(store: &dyn Persister, round: u64, is_long: bool) {
    let key = format!("{round} imported");
    let blob = blob(&key, is_long);
    let manifest = VersionManifest {
        manifest_version: 1,
        number: VersionNumber::new(round * 10 + 9).unwrap(),
        digest: Digest::of(&blob),
        length: blob.len() as u64,
        idempotency_key: draft_of(&key, Vec::new()).idempotency_key,
        created: moment(0),
        facts: facts(),
    };
    store.import(&iris(), manifest, blob).await.unwrap();
}

/// What is known of all versions there ever were.
#[derive(Default)]
struct Seen {
    keys: BTreeMap<VersionNumber, String>,
    high_water_mark: u64,
    revision: u64,
}

impl Seen {
    async fn check(&mut self, store: &dyn Persister, point: &str) {
        let iris = iris();
        let listing = store.list(&iris).await.unwrap();
        assert_eq!(listing.damaged, [], "{point}");
        for manifest in listing.versions {
            let key = &manifest.idempotency_key.0;
            let first = self.keys.entry(manifest.number).or_insert_with(|| key.clone());
            assert_eq!(first, key, "number {} was given twice, {point}", manifest.number);
            let read = store.read(&iris, Which::Number(manifest.number)).await.unwrap();
            assert!(
                read.blob == blob(key, read.blob.len() > SHORT),
                "version {}, {point}",
                manifest.number
            );
        }
        let properties = store.properties(&iris).await.unwrap();
        assert!(properties.high_water_mark >= self.high_water_mark, "{point}");
        assert!(properties.ledger_revision >= self.revision, "{point}");
        let highest = self.keys.keys().next_back().map_or(0, |number| number.get());
        assert!(properties.high_water_mark >= highest, "{point}");
        (self.high_water_mark, self.revision) = (properties.high_water_mark, properties.ledger_revision);
        match store.read(&iris, Which::Active).await {
            Ok(read) => assert_eq!(Some(read.manifest.number), properties.active_version),
            Err(PersistError::NothingActive { .. }) => assert_eq!(properties.active_version, None),
            Err(other) => panic!("the active version cannot be read after {point}: {other}"),
        }
        let ledger = store.ledger(&iris).await.unwrap();
        assert_eq!(ledger.len() as u64, properties.ledger_revision, "{point}");
        let mut active = None;
        for row in ledger {
            assert_eq!(row.from, active, "revision {}, {point}", row.revision);
            active = row.to;
        }
    }

    /// Each of a round's writes is one version, and those of the round before are gone.
    async fn check_round(&self, store: &dyn Persister, round: u64) {
        let listed = store.list(&iris()).await.unwrap().versions;
        let mut keys: Vec<&str> = listed.iter().map(|version| &*version.idempotency_key.0).collect();
        keys.sort_unstable();
        let expected = ["first", "imported", "second"].map(|part| format!("{round} {part}"));
        assert_eq!(keys, expected);
    }
}

/// Bytes below this length are stored in one piece everywhere.
const SHORT: usize = 20_000;

/// Whether the failpoint is passed only by bytes of several chunks.
fn is_long(point: &str) -> bool {
    point.ends_with("chunk")
}

fn is_of(version: &VersionManifest, round: u64) -> bool {
    version.idempotency_key.0.starts_with(&format!("{round} "))
}

fn blob(key: &str, is_long: bool) -> Vec<u8> {
    let seed = key.bytes().fold(7, |seed: u64, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    bytes(seed, if is_long { 1_200_000 } else { SHORT })
}

fn iris() -> ModelKey {
    model("default/iris")
}

async fn handle(folder: &Path, address: &str) -> Arc<dyn Persister> {
    open_in_test(&StoreUri::parse(address, folder).unwrap())
        .await
        .unwrap()
}
