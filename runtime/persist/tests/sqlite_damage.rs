//! Damages SQLite stores in every way that comes to mind: nothing wrong is ever answered, and the damage is named.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{
    Fault, LedgerEntry, PersistError, Persister, StoreUri, Stored, Which,
    conformance::fixtures::{activation, bytes, draft_of, model, version},
    open, open_existing,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const SEED: u64 = 20_261_122;

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    let foreign = folder.path().join("foreign.db");
    sql(&foreign, "CREATE TABLE notes (text TEXT)").await;
    let foreign = fs::read(foreign).unwrap();
    for (content, expected) in [
        (&b""[..], "the file is empty"),
        (b"model,accuracy\n", "the file is too short for a SQLite database"),
        (&[b'x'; 5000], "the file is not a SQLite database"),
        (&foreign, "it is a SQLite database of another application"),
    ] {
        fs::write(&path, content).unwrap();
        for result in [open(&uri(&path)).await, open_existing(&uri(&path)).await] {
            assert_eq!(fault(result.map(drop)), Fault::NotAStore(expected.to_owned()));
        }
        assert_eq!(fs::read(&path).unwrap(), content, "{expected}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing was laid beside it"
        );
    }
    let result = open(&uri(folder.path())).await;
    assert_eq!(
        fault(result.map(drop)),
        Fault::NotAStore("it is a folder".to_owned())
    );
}

#[tokio::test]
async fn a_store_that_is_not_there_is_made_only_by_those_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auriga-data/models.db");
    assert_eq!(fault(open_existing(&uri(&path)).await.map(drop)), Fault::Absent);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "not even a folder was made"
    );
    let absent = open_existing(&uri(&path))
        .await
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(
        absent.ends_with("models.db does not exist; fit a model first, or check the address"),
        "{absent}"
    );

    drop(open(&uri(&path)).await.unwrap());
    let header = fs::read(&path).unwrap();
    assert_eq!(
        header[18..20],
        [2, 2],
        "it has its write-ahead log from the first moment"
    );
    open_existing(&uri(&path)).await.unwrap();

    let beneath_a_file = open(&uri(&path.join("models.db"))).await;
    assert!(matches!(fault(beneath_a_file.map(drop)), Fault::NotWritable(_)));
}

#[tokio::test]
async fn many_who_make_the_same_store_at_once_get_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("models.db"));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let uri = uri.clone();
        tasks.spawn(async move {
            let store = open(&uri).await.unwrap();
            let draft = draft_of(&format!("{task}"), Vec::new());
            store.write(&iris(), draft).await.unwrap().manifest().number.get()
        });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    let names = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let drafts = names
        .filter(|name| name.to_string_lossy().ends_with(".new"))
        .count();
    assert_eq!(drafts, 0, "those who came late took their drafts away");
}

#[tokio::test]
async fn a_store_of_a_newer_build_is_refused() {
    let (_folder, path) = filled().await;
    sql(&path, "PRAGMA user_version = 7").await;
    for result in [open(&uri(&path)).await, open_existing(&uri(&path)).await] {
        assert_eq!(fault(result.map(drop)), Fault::TooNew { found: 7, known: 2 });
    }
}

#[tokio::test]
async fn a_manifest_of_a_newer_build_is_refused_by_its_version() {
    let (_folder, path) = filled().await;
    let store = open(&uri(&path)).await.unwrap();
    let document = store.list(&iris()).await.unwrap().versions.remove(0);
    let newer = serde_json::to_string(&document).unwrap().replacen(
        "\"manifestVersion\":1",
        "\"manifestVersion\":2",
        1,
    );
    let seal = auriga_crds::Digest::of(format!("default/iris\n{newer}").as_bytes());
    let mut connection = connect(&path).await;
    sqlx::query("UPDATE version SET manifest = ?, seal = ? WHERE number = 1 AND model = 1")
        .bind(&newer)
        .bind(&seal.as_bytes()[..])
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = store.read(&iris(), Which::Number(version(1))).await;
    assert!(
        matches!(
            refused,
            Err(PersistError::VersionTooNew {
                found: 2,
                known: 1,
                ..
            })
        ),
        "{refused:?}"
    );
    let expected =
        "version 1 of default/iris has a manifest of version 2, this build reads up to 1; use a newer auriga";
    lists(&*store, &[2, 3], &[(1, expected)]).await;
}

#[tokio::test]
async fn a_damaged_version_hides_no_other() {
    let check = async |damage: &'static str, whole: &[u64], damaged: &[u64]| {
        let (_folder, path) = filled().await;
        sql(&path, damage).await;
        let message = |number: &u64| {
            format!(
                "version {number} of default/iris is damaged: its manifest does not fit its seal; delete it and fit again, \
                 or restore the store from a backup"
            )
        };
        let messages: Vec<String> = damaged.iter().map(message).collect();
        let expected: Vec<(u64, &str)> = damaged
            .iter()
            .copied()
            .zip(messages.iter().map(String::as_str))
            .collect();
        lists(&*open(&uri(&path)).await.unwrap(), whole, &expected).await;
    };
    let altered = "UPDATE version SET manifest = replace(manifest, '0.333', '0.999') WHERE number = 2";
    check(altered, &[1, 3], &[2]).await;
    let no_text = "UPDATE version SET manifest = CAST(X'FF00FE' AS TEXT) WHERE number = 1";
    check(no_text, &[2, 3], &[1]).await;
    let unsealed = "UPDATE version SET seal = X'00' WHERE number <> 2";
    check(unsealed, &[2], &[1, 3]).await;
}

#[tokio::test]
async fn a_fit_past_a_damaged_version_takes_another_key() {
    let (_folder, path) = filled().await;
    sql(&path, "UPDATE version SET seal = X'00' WHERE number = 2").await;
    let store = open(&uri(&path)).await.unwrap();
    let refused = store.write(&iris(), draft_of("2", bytes(2, SHORT))).await;
    assert!(
        matches!(&refused, Err(PersistError::Corrupt { version: named, .. }) if *named == version(2)),
        "{refused:?}"
    );
    let written = store
        .write(&iris(), draft_of("2, past 2", bytes(2, SHORT)))
        .await
        .unwrap();
    assert_eq!(written.manifest().number, version(4));
    store.delete(&iris(), version(2)).await.unwrap();
    lists(&*store, &[1, 3, 4], &[]).await;
}

/// The files beside a store are needed by those who only look, too, and the message says so.
#[tokio::test]
async fn a_store_whose_folder_refuses_files_says_that_reading_needs_them() {
    let (folder, path) = filled().await;
    fs::create_dir(folder.path().join("models.db-wal")).unwrap();
    let refused = open_existing(&uri(&path))
        .await
        .map(drop)
        .unwrap_err()
        .to_string();
    let expected = "cannot be written (the files -wal and -shm beside it, which reading needs too, cannot be opened); check \
                    the permissions and whether the file system is read-only";
    assert!(refused.ends_with(expected), "{refused}");
}

#[tokio::test]
async fn damage_to_a_version_is_named_with_version_and_key() {
    let check = |damage: &'static str, number: u64, expected: String| async move {
        let (_folder, path) = filled().await;
        sql(&path, damage).await;
        let store = open(&uri(&path)).await.unwrap();
        corrupt_with(&*store, number, &expected).await;
        let other = store.read(&iris(), Which::Number(version(3))).await;
        assert!(other.is_ok(), "the other versions are read: {damage}");
    };
    let long = auriga_crds::Digest::of(&bytes(2, LONG));
    let short = auriga_crds::Digest::of(&bytes(1, SHORT));
    let flip = "UPDATE chunk SET bytes = CAST(X'00' || substr(bytes, 2) AS BLOB) WHERE sequence = 1";
    check(
        flip,
        2,
        format!("the bytes of blob {long} have the digest sha256:"),
    )
    .await;
    let cut = "UPDATE chunk SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE sequence = 2";
    check(
        cut,
        2,
        format!("blob {long} has {} bytes where {LONG} are expected", LONG - 1),
    )
    .await;
    let lost = "DELETE FROM chunk WHERE sequence = 1";
    check(
        lost,
        2,
        format!(
            "blob {long} has {} bytes where {LONG} are expected",
            LONG - (1 << 20)
        ),
    )
    .await;
    let swapped =
        "UPDATE chunk SET sequence = CASE sequence WHEN 0 THEN 1 ELSE 0 END + 100 WHERE sequence < 2
        AND digest = (SELECT digest FROM version WHERE number = 2 AND model = 1);
        UPDATE chunk SET sequence = sequence - 100 WHERE sequence >= 100";
    check(
        swapped,
        2,
        format!("the bytes of blob {long} have the digest sha256:"),
    )
    .await;
    let exchanged = "UPDATE chunk SET bytes = zeroblob(length(bytes)) WHERE length(bytes) = 1000";
    check(
        exchanged,
        1,
        format!("the bytes of blob {short} have the digest sha256:"),
    )
    .await;

    let seal = "its manifest does not fit its seal".to_owned();
    let score = "UPDATE version SET manifest = replace(manifest, '0.333', '0.999') WHERE number = 2";
    check(score, 2, seal.clone()).await;
    let other_model = "UPDATE version SET (manifest, seal) =
        (SELECT manifest, seal FROM version WHERE model = 2) WHERE model = 1 AND number = 1";
    check(other_model, 1, seal).await;
    let other_version = "UPDATE version SET (manifest, seal) =
        (SELECT manifest, seal FROM version WHERE model = 1 AND number = 3) WHERE model = 1 AND number = 1";
    check(other_version, 1, "its manifest is that of version 3".to_owned()).await;
}

#[tokio::test]
async fn the_ledger_cannot_be_rewritten_and_forgery_is_noticed() {
    let (_folder, path) = filled().await;
    for statement in ["UPDATE ledger SET revision = revision + 1", "DELETE FROM ledger"] {
        let error = sqlx::raw_sql(statement)
            .execute(&mut connect(&path).await)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("the ledger is append-only"), "{error}");
    }
    sql(
        &path,
        "DROP TRIGGER ledger_rows_stay_as_they_are;
         UPDATE ledger SET entry = replace(entry, '\"to\":1', '\"to\":2')",
    )
    .await;
    let store = open(&uri(&path)).await.unwrap();
    let expected =
        Fault::NotAStore("revision 1 of the ledger of default/iris does not fit its seal".to_owned());
    assert_eq!(fault(store.ledger(&iris()).await.map(drop)), expected);
    assert_eq!(
        fault(store.read(&iris(), Which::Active).await.map(drop)),
        expected
    );
}

/// The first page says how long the file is, so that a cut is noticed wherever it is.
#[tokio::test]
async fn a_cut_file_is_refused() {
    let (_folder, path) = filled().await;
    let whole = fs::read(&path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for _ in 0..50 {
        let length = rng.random_range(1..whole.len());
        fs::write(&path, &whole[..length]).unwrap();
        let refused = fault(open_existing(&uri(&path)).await.map(drop));
        assert!(
            matches!(refused, Fault::NotAStore(_)),
            "cut to {length} bytes: {refused}"
        );
    }
}

#[tokio::test]
async fn no_flipped_bit_is_ever_answered() {
    // Once with most of the file in one blob, once with most of it in the tables and their free space.
    flip_bits(LONG, 200, 150).await;
    flip_bits(3 * SHORT, 600, 50).await;
}

async fn flip_bits(longest: usize, n_flips: usize, at_least_named: usize) {
    let (_folder, path) = filled_with(longest).await;
    let whole = fs::read(&path).unwrap();
    let reference = everything(&path).await.unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut n_named = 0;
    for _ in 0..n_flips {
        let (at, bit) = (rng.random_range(0..whole.len()), rng.random_range(0..8_u8));
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        fs::write(&path, &flipped).unwrap();
        match everything(&path).await {
            // Nothing reads this byte.
            Ok(answer) => assert!(
                answer == reference,
                "bit {bit} of byte {at} went unnoticed (seed {SEED})"
            ),
            Err(PersistError::Corrupt { .. } | PersistError::Store { .. }) => n_named += 1,
            Err(other) => panic!("bit {bit} of byte {at}: {other}"),
        }
    }
    println!(
        "{n_named} of {n_flips} flips were named, the others hit bytes that nothing reads (seed {SEED})"
    );
    assert!(n_named > at_least_named);
}

const SHORT: usize = 1000;
const LONG: usize = (2 << 20) + 1000;

async fn filled() -> (TempDir, PathBuf) {
    filled_with(LONG).await
}

/// A closed store with three versions of one model, one of them active, and a second model.
async fn filled_with(longest: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    let store = open(&uri(&path)).await.unwrap();
    for (key, blob) in [
        ("1", bytes(1, SHORT)),
        ("2", bytes(2, longest)),
        ("3", bytes(3, 2 * SHORT)),
    ] {
        store.write(&iris(), draft_of(key, blob)).await.unwrap();
    }
    store
        .write(&model("default/wine"), draft_of("1", bytes(1, 3 * SHORT)))
        .await
        .unwrap();
    store.activate(&iris(), activation(version(1), 0)).await.unwrap();
    drop(store);
    // The handle closes in the background. This one is the last, so that its close folds the log into the file.
    sql(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    (folder, path)
}

async fn everything(path: &Path) -> Result<(Vec<Stored>, Vec<LedgerEntry>, Stored), PersistError> {
    let store = open_existing(&uri(path)).await?;
    let mut read = Vec::new();
    let listing = store.list(&iris()).await?;
    if let Some(damaged) = listing.damaged.first() {
        // To be named in the list is as good as to be named by a read, which then must not answer.
        return Err(store
            .read(&iris(), Which::Number(damaged.version))
            .await
            .expect_err("a damaged version is not read"));
    }
    for manifest in listing.versions {
        read.push(store.read(&iris(), Which::Number(manifest.number)).await?);
    }
    Ok((
        read,
        store.ledger(&iris()).await?,
        store.read(&iris(), Which::Active).await?,
    ))
}

/// The whole versions, and the damaged ones with their messages.
async fn lists(store: &dyn Persister, whole: &[u64], damaged: &[(u64, &str)]) {
    let listing = store.list(&iris()).await.unwrap();
    let numbers: Vec<u64> = listing
        .versions
        .iter()
        .map(|version| version.number.get())
        .collect();
    assert_eq!(numbers, whole);
    let found: Vec<(u64, &str)> = listing
        .damaged
        .iter()
        .map(|damaged| (damaged.version.get(), &*damaged.message))
        .collect();
    assert_eq!(found, damaged);
    assert_eq!(
        listing.newest_damaged().map(VersionNumber::get),
        damaged.last().map(|(number, _)| *number)
    );
}

async fn corrupt_with(store: &dyn Persister, number: u64, expected: &str) {
    match store.read(&iris(), Which::Number(version(number))).await {
        Err(PersistError::Corrupt {
            version: named, what, ..
        }) => {
            assert_eq!(named, version(number));
            assert!(what.starts_with(expected), "{what}");
        }
        Err(other) => panic!("not a damaged version: {other}"),
        Ok(_) => panic!("version {number} was read; expected: {expected}"),
    }
}

fn fault(result: Result<(), PersistError>) -> Fault {
    match result {
        Err(PersistError::Store { fault, .. }) => fault,
        other => panic!("not a fault of the store: {other:?}"),
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}

fn uri(path: &Path) -> StoreUri {
    StoreUri::Sqlite {
        path: path.to_owned(),
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn sql(path: &Path, statements: &'static str) {
    let mut connection = connect(path).await;
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
