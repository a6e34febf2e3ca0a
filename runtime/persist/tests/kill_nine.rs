//! Kills writers at random moments, again and again: no version is ever half there, no number is given twice.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{
    PersistError, Persister, StoreUri, Which,
    conformance::{
        fixtures::{activation, bytes, draft_of, model, moment},
        scale::scaled,
        server::{Server, open_in_test},
    },
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

const SEED: u64 = 20_261_122;
/// Versions that a writer leaves, so that the store stays small.
const KEPT: usize = 5;

/// How a writer is told what to do: a folder, the address of the store in it, and a name that its keys start with.
const FOLDER: &str = "AURIGA_TEST_FOLDER";
const ADDRESS: &str = "AURIGA_TEST_ADDRESS";
const NAME: &str = "AURIGA_TEST_NAME";

const SQLITE: &str = "sqlite://models.db";
const FOLDER_STORE: &str = "file://models";

#[tokio::test]
async fn a_writer_of_sqlite_killed_at_any_moment_leaves_whole_versions_and_fresh_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let orphans = async || {
        let orphans = "SELECT count(*) FROM blob WHERE digest NOT IN (SELECT digest FROM version)";
        usize::try_from(count(&folder.path().join("models.db"), orphans).await).unwrap()
    };
    kill_writers(folder.path(), SQLITE, scaled(80, 200), 120, orphans).await;
}

#[tokio::test]
async fn a_writer_of_a_folder_killed_at_any_moment_leaves_whole_versions_and_fresh_numbers() {
    let folder = tempfile::tempdir().unwrap();
    // Bytes in the making have a "#" in their names; those are collected by the age of the file, not by the drafts'.
    let orphans = async || {
        let blobs = fs::read_dir(folder.path().join("models/models/default/iris/blobs")).unwrap();
        let names = blobs.map(|blob| blob.unwrap().file_name().into_string().unwrap());
        let n_blobs = names.filter(|name| !name.contains('#')).count();
        let store = handle(folder.path(), FOLDER_STORE).await;
        n_blobs - store.list(&iris()).await.unwrap().versions.len()
    };
    kill_writers(folder.path(), FOLDER_STORE, scaled(40, 100), 400, orphans).await;
}

#[tokio::test]
async fn a_writer_of_postgres_killed_at_any_moment_leaves_whole_versions_and_fresh_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let uri = Server::shared().database().await.to_string();
    let database = uri.rsplit('/').next().unwrap();
    let orphans = async || {
        let mut connection = Server::shared().connect(database).await;
        let orphans =
            "SELECT count(*) FROM auriga.blob WHERE digest NOT IN (SELECT digest FROM auriga.version)";
        let n_orphans: i64 = sqlx::query_scalar(orphans)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        usize::try_from(n_orphans).unwrap()
    };
    kill_writers(folder.path(), &uri, scaled(30, 60), 250, orphans).await;
}

/// Kills writers in `rounds` rounds, each within `longest_ms` of its first step, and in up to four times as many until
/// some of them were cut in a write. `orphans` counts the bytes without a version.
async fn kill_writers(
    folder: &Path,
    address: &str,
    rounds: u64,
    longest_ms: u64,
    orphans: impl AsyncFn() -> usize,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut seen = Seen::default();
    for round in 0..4 * rounds {
        if round >= rounds && orphans().await > 2 {
            break;
        }
        let mut writers: Vec<(Child, String)> = (0..=round % 2)
            .map(|index| {
                let name = format!("{round}-{index}");
                (start_writer(folder, address, &name), name)
            })
            .collect();
        for (writer, name) in &mut writers {
            // How long a process takes to start says more about the machine than about the store.
            let deadline = Instant::now() + Duration::from_secs(60);
            while !folder.join(&*name).exists() {
                assert!(Instant::now() < deadline, "writer {name} does not start");
                std::thread::sleep(Duration::from_millis(1));
            }
            // The moment is the input: somewhere between the opening of the store and the third or fourth write.
            std::thread::sleep(Duration::from_micros(rng.random_range(0..longest_ms * 1000)));
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
        let journals = writers.iter().map(|(_, name)| journal(folder, name));
        seen.check(
            &*handle(folder, address).await,
            journals.collect::<Vec<_>>().concat(),
        )
        .await;
    }

    let (store, iris) = (handle(folder, address).await, iris());
    let high_water_mark = store.properties(&iris).await.unwrap().high_water_mark;
    // A version may come and go unseen: its writer dies before it can note the number, the other one deletes it.
    let unseen: Vec<u64> = (1..=high_water_mark)
        .filter(|number| {
            let number = VersionNumber::new(*number).unwrap();
            !seen.keys.contains_key(&number) && !seen.deleted.contains(&number)
        })
        .collect();
    assert_eq!(unseen, [] as [u64; 0], "every number was given to a version");
    assert!(seen.keys.keys().all(|number| number.get() <= high_water_mark));
    let mut active = None;
    for row in store.ledger(&iris).await.unwrap() {
        assert_eq!(row.from, active, "revision {}", row.revision);
        active = row.to;
    }
    let n_orphans = orphans().await;
    println!(
        "{address}: {high_water_mark} versions, {n_orphans} uploads cut in {rounds} rounds (seed {SEED})"
    );
    assert!(
        high_water_mark > rounds / 2 && n_orphans > 2,
        "the kills came at telling moments"
    );

    let mut tomorrow = draft_of("tomorrow", Vec::new());
    tomorrow.time = moment(2 * 24 * 60 * 60);
    store.write(&iris, tomorrow).await.unwrap();
    assert_eq!(orphans().await, 0, "bytes left behind are collected a day later");
}

/// What is known of all versions there ever were.
#[derive(Default)]
struct Seen {
    keys: BTreeMap<VersionNumber, String>,
    deleted: BTreeSet<VersionNumber>,
    verified: BTreeSet<VersionNumber>,
}

impl Seen {
    async fn check(&mut self, store: &dyn Persister, journal: Vec<(String, VersionNumber, String)>) {
        let iris = iris();
        let mut acknowledged = Vec::new();
        for (what, number, key) in journal {
            match what.as_str() {
                "wrote" => acknowledged.push((number, key)),
                _ => drop(self.deleted.insert(number)),
            }
        }
        let listed = store.list(&iris).await.unwrap().versions;
        let known = listed
            .iter()
            .map(|version| (version.number, version.idempotency_key.0.clone()));
        for (number, key) in known.chain(acknowledged.clone()) {
            let first = self.keys.entry(number).or_insert_with(|| key.clone());
            assert_eq!(*first, key, "number {number} was given twice");
        }
        for manifest in &listed {
            if self.verified.insert(manifest.number) {
                let read = store.read(&iris, Which::Number(manifest.number)).await.unwrap();
                assert!(
                    read.blob == blob(&manifest.idempotency_key.0),
                    "version {}",
                    manifest.number
                );
            }
        }
        let listed: BTreeSet<_> = listed.iter().map(|version| version.number).collect();
        for (number, key) in acknowledged {
            assert!(
                listed.contains(&number) || self.deleted.contains(&number),
                "{number} ({key}) is lost"
            );
        }
        match store.read(&iris, Which::Active).await {
            Ok(_) | Err(PersistError::NothingActive { .. }) => {}
            Err(other) => panic!("the active version cannot be read: {other}"),
        }
    }
}

/// A process of its own, started by the test above: writes, activates and deletes until it is killed, and notes what it
/// did. Without a folder to write to it is nobody's process, and has nothing to do.
#[tokio::test]
async fn writer() {
    let variable = std::env::var;
    let (Ok(folder), Ok(address), Ok(name)) = (variable(FOLDER), variable(ADDRESS), variable(NAME)) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut journal = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(folder.join(&name))
        .unwrap();
    let mut note = |line: String| journal.write_all(line.as_bytes()).unwrap();
    let (store, iris) = (handle(folder, &address).await, iris());
    let deadline = Instant::now() + Duration::from_secs(30);
    for counter in 0.. {
        assert!(Instant::now() < deadline, "nobody killed this writer");
        let key = format!("{name}-{counter}");
        let written = store.write(&iris, draft_of(&key, blob(&key))).await.unwrap();
        let number = written.manifest().number;
        note(format!("wrote {number} {key}\n"));
        // The newest now and then, whose number would be the first to come again.
        let mut doomed = if counter % 4 == 3 {
            vec![number]
        } else {
            Vec::new()
        };
        if counter % 4 == 1 {
            let revision = store.properties(&iris).await.unwrap().ledger_revision;
            // Another writer may have moved the pointer or deleted the version in between.
            let _ = store.activate(&iris, activation(number, revision)).await;
        }
        let listed = store.list(&iris).await.unwrap().versions;
        doomed.extend(listed.iter().rev().skip(KEPT).map(|version| version.number));
        for number in doomed {
            note(format!("deletes {number} {key}\n"));
            // It may be active, or gone already.
            let _ = store.delete(&iris, number).await;
        }
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}

/// The bytes of the version with this key: a third of them several chunks long.
fn blob(key: &str) -> Vec<u8> {
    let seed = key.bytes().fold(7, |seed: u64, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    bytes(seed, if seed % 3 == 0 { 2_200_000 } else { 20_000 })
}

async fn handle(folder: &Path, address: &str) -> std::sync::Arc<dyn Persister> {
    open_in_test(&StoreUri::parse(address, folder).unwrap())
        .await
        .unwrap()
}

fn start_writer(folder: &Path, address: &str, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer"])
        .env(FOLDER, folder)
        .env(ADDRESS, address)
        .env(NAME, name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a writer noted; a line that the kill cut off is left out.
fn journal(folder: &Path, name: &str) -> Vec<(String, VersionNumber, String)> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let fields = whole.lines().map(|line| {
        let mut fields = line.split(' ').map(str::to_owned);
        let mut next = || fields.next().expect("the line is whole");
        (next(), next().parse().unwrap(), next())
    });
    fields.collect()
}

async fn count(file: &Path, query: &'static str) -> i64 {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
