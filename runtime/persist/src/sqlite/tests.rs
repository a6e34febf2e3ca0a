//! What only shows from within: a full disk, a held lock, an upload that stops halfway.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use auriga_crds::{Digest, ModelKey};
use jiff::ToSpan;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::{SqliteStore, blobs::Upload, connect, create};
use crate::{
    Fault, PersistError, Persister, Which, Written,
    conformance::fixtures::{activation, bytes, draft, draft_of, model, version},
};

const LONG: usize = 3 << 20;

#[tokio::test]
async fn a_full_store_changes_nothing_and_recovers_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    let cramped = connect::options(&path).pragma("max_page_count", "200");
    let store = connect::open(&path, true, cramped).await.unwrap();
    store.write(&iris(), draft("before")).await.unwrap();
    let seen = store.properties(&iris()).await.unwrap();
    // Once the manifest's transaction finds no room, once that of an early chunk.
    for length in [1 << 20, LONG] {
        let result = store
            .write(&iris(), draft_of(&format!("{length}"), bytes(1, length)))
            .await;
        assert_eq!(fault(result), Fault::Full);
        assert_eq!(store.properties(&iris()).await.unwrap(), seen);
        store.read(&iris(), Which::Number(version(1))).await.unwrap();
    }
    // SQLite rolled back by itself, and the driver took the connection for one within a transaction.
    let small = store.write(&iris(), draft("small")).await.unwrap();
    assert_eq!(small.manifest().number, version(2));
    let roomy = SqliteStore::open(&path).await.unwrap();
    let large = roomy
        .write(&iris(), draft_of("large", bytes(1, LONG)))
        .await
        .unwrap();
    assert_eq!(large.manifest().number, version(3));
}

#[tokio::test]
async fn a_store_that_was_removed_or_replaced_is_not_written_to() {
    let (folder, store) = store().await;
    store.write(&iris(), draft("before")).await.unwrap();
    fs::remove_file(folder.path().join("models.db")).unwrap();
    assert_eq!(fault(store.write(&iris(), draft("lost")).await), Fault::Replaced);
    assert_eq!(fault(store.properties(&iris()).await), Fault::Replaced);

    let other = SqliteStore::open(&folder.path().join("models.db")).await.unwrap();
    assert_eq!(
        fault(store.activate(&iris(), activation(version(1), 0)).await),
        Fault::Replaced
    );
    other.write(&iris(), draft("new")).await.unwrap();
}

#[tokio::test]
async fn a_store_that_refuses_writes_says_so() {
    let (_folder, store) = store().await;
    let mut writer = store.writer.acquire().await.unwrap();
    sqlx::query("PRAGMA query_only = ON")
        .execute(&mut *writer)
        .await
        .unwrap();
    drop(writer);
    let refused = fault(store.write(&iris(), draft("key")).await);
    assert_eq!(
        refused,
        Fault::NotWritable("attempt to write a readonly database".to_owned())
    );
}

#[tokio::test]
async fn a_lock_held_for_too_long_is_named_and_readers_do_not_mind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    let impatient = connect::options(&path).busy_timeout(Duration::from_millis(50));
    let store = connect::open(&path, true, impatient).await.unwrap();
    store.write(&iris(), draft("before")).await.unwrap();

    let mut other = SqliteConnection::connect_with(&connect::options(&path))
        .await
        .unwrap();
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = fault(store.write(&iris(), draft("during")).await);
    assert!(matches!(refused, Fault::Unavailable(_)), "{refused}");
    store.read(&iris(), Which::Number(version(1))).await.unwrap();
    held.rollback().await.unwrap();
    store.write(&iris(), draft("after")).await.unwrap();
}

#[tokio::test]
async fn an_upload_under_way_outlives_the_deletion_of_a_version_with_its_bytes() {
    let (_folder, store) = store().await;
    let (model, draft) = (iris(), draft_of("under way", bytes(1, LONG)));
    let twin = draft_of("done", draft.blob.clone());
    store.write(&model, twin).await.unwrap();
    let upload = Upload::new(&model, &draft, Digest::of(&draft.blob));
    assert_eq!(store.upload(&upload).await.unwrap(), None);

    store.delete(&model, version(1)).await.unwrap();
    let written = store.commit(&upload).await.unwrap().expect("its bytes were kept");
    assert_eq!(written.manifest().number, version(2));
    assert_eq!(
        store.read(&model, Which::Number(version(2))).await.unwrap().blob,
        draft.blob
    );
}

#[tokio::test]
async fn bytes_left_behind_are_collected_a_day_later_and_a_late_commit_notices() {
    let (_folder, store) = store().await;
    let (model, draft) = (iris(), draft_of("left behind", bytes(1, LONG)));
    let upload = Upload::new(&model, &draft, Digest::of(&draft.blob));
    store.upload(&upload).await.unwrap();

    write_later(&store, 24.hours()).await;
    assert_eq!(
        n_blobs(&store).await,
        2,
        "a day is not over before its last moment"
    );
    write_later(&store, 24.hours().milliseconds(1)).await;
    assert_eq!(n_blobs(&store).await, 1, "the later writes share their bytes");

    assert_eq!(
        store.commit(&upload).await.unwrap(),
        None,
        "no manifest without its bytes"
    );
    let written = store.write(&model, draft.clone()).await.unwrap();
    assert!(matches!(written, Written::New(_)));
    let read = store
        .read(&model, Which::Number(written.manifest().number))
        .await
        .unwrap();
    assert_eq!(read.blob, draft.blob);
}

#[tokio::test]
async fn a_repeated_write_with_other_bytes_leaves_none_of_them() {
    let (_folder, store) = store().await;
    let (model, first, second) = (iris(), draft("key"), draft_of("key", bytes(1, LONG)));
    let upload = Upload::new(&model, &second, Digest::of(&second.blob));
    store.upload(&upload).await.unwrap();
    store.write(&model, first).await.unwrap();
    let written = store.commit(&upload).await.unwrap();
    assert!(matches!(written, Some(Written::Existing(_))));
    assert_eq!(n_blobs(&store).await, 1);
}

#[tokio::test]
async fn equal_bytes_are_stored_once_and_mended_by_a_write_that_brings_them_again() {
    let (_folder, store) = store().await;
    let blob = bytes(1, LONG);
    store.write(&iris(), draft_of("a", blob.clone())).await.unwrap();
    let mut writer = store.writer.acquire().await.unwrap();
    let damage = "UPDATE chunk SET bytes = zeroblob(length(bytes))";
    sqlx::query(damage).execute(&mut *writer).await.unwrap();
    drop(writer);
    let damaged = store.read(&iris(), Which::Number(version(1))).await;
    assert!(
        matches!(damaged, Err(PersistError::Corrupt { .. })),
        "{damaged:?}"
    );

    store.write(&iris(), draft_of("b", blob.clone())).await.unwrap();
    assert_eq!(n_blobs(&store).await, 1);
    for number in [1, 2] {
        let read = store.read(&iris(), Which::Number(version(number))).await.unwrap();
        assert!(read.blob == blob, "version {number}");
    }
}

#[tokio::test]
async fn every_commit_reaches_the_disk_before_it_is_answered() {
    let (_folder, store) = store().await;
    let mut writer = store.writer.acquire().await.unwrap();
    let mut pragma = async |query: &'static str| -> String {
        sqlx::query_scalar(query).fetch_one(&mut *writer).await.unwrap()
    };
    assert_eq!(
        pragma("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous").await,
        "2"
    );
    assert_eq!(
        pragma("SELECT journal_mode FROM pragma_journal_mode").await,
        "wal"
    );
    assert_eq!(
        pragma("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys").await,
        "1"
    );
}

/// The two bytes of the header that name the versions of reading and writing are 2 with a write-ahead log, else 1.
#[tokio::test]
async fn a_new_store_has_its_write_ahead_log_from_the_first_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    create::create(&path, &connect::options(&path)).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[18..20], [2, 2]);
}

#[tokio::test]
async fn a_store_that_cannot_be_made_leaves_nothing_behind() {
    let (whole, _store) = store().await;
    let length = fs::metadata(whole.path().join("models.db")).unwrap().len();
    let n_pages = length / 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.db");
    for room in 1..n_pages {
        let cramped = connect::options(&path).pragma("max_page_count", room.to_string());
        let refused = connect::open(&path, true, cramped)
            .await
            .map(drop)
            .expect_err("some pages do not fit");
        let refused = fault(connect::address(&path).explain::<()>(Err(refused)));
        assert_eq!(refused, Fault::Full, "{room} of {n_pages} pages");
        assert_eq!(names(&folder), [""; 0], "{room} of {n_pages} pages");
    }
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_store_of_the_first_schema_is_read_and_takes_imports() {
    let (folder, store) = store().await;
    let path = folder.path().join("models.db");
    for key in ["a", "b", "c"] {
        store.write(&iris(), draft(key)).await.unwrap();
    }
    store.delete(&iris(), version(2)).await.unwrap();
    store.close().await;
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "a store that is closed has no files beside it");
    let mut connection = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql("DROP TABLE gap; PRAGMA user_version = 1")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    let exported = store.read(&iris(), Which::Number(version(3))).await.unwrap();
    let import = async |number: u64, key: &str| {
        let mut manifest = exported.manifest.clone();
        manifest.number = version(number);
        manifest.idempotency_key.0 = key.to_owned();
        store.import(&iris(), manifest, exported.blob.clone()).await
    };
    let deleted = import(2, "other").await;
    assert!(
        matches!(deleted, Err(PersistError::NumberUsed { found: None, .. })),
        "a number that was given before there were gaps was deleted: {deleted:?}"
    );
    import(7, "seven").await.unwrap();
    import(5, "five").await.unwrap();
    let written = store.write(&iris(), draft("d")).await.unwrap();
    assert_eq!(written.manifest().number, version(8));
}

#[test]
fn what_killed_creators_left_behind_is_swept_a_day_later() {
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join(".models.db-a1B2c3.new");
    let others = [".models.db-a1B2c3", ".other.db-a1B2c3.new", "models.db"];
    for path in others.map(|name| folder.path().join(name)).iter().chain([&draft]) {
        fs::create_dir(path).unwrap();
        fs::write(path.join(".tmp-wal"), "pages").unwrap();
    }
    let begun = fs::metadata(&draft).unwrap().modified().unwrap();
    let sweep_at = |now: SystemTime| create::sweep(folder.path(), "models.db".as_ref(), now);
    let day = Duration::from_secs(24 * 60 * 60);
    // By a clock that was set back, and just before the day is over.
    for now in [begun - day, begun + day - Duration::from_millis(1)] {
        sweep_at(now);
        assert!(draft.exists());
    }
    sweep_at(begun + day);
    let mut left = names(&folder);
    left.sort_unstable();
    assert_eq!(left, others);
}

#[tokio::test]
async fn a_write_that_is_given_up_halfway_leaves_the_store_usable() {
    let (_folder, store) = store().await;
    let (model, draft) = (iris(), draft_of("given up", bytes(1, LONG)));
    let mut n_given_up = 0;
    for patience in (0..40).map(|step| Duration::from_micros(250 * step)) {
        let write = store.write(&model, draft.clone());
        n_given_up += usize::from(tokio::time::timeout(patience, write).await.is_err());
    }
    assert!(n_given_up > 5, "{n_given_up} writes were given up");
    store.write(&iris(), draft).await.unwrap();
    store.activate(&iris(), activation(version(1), 0)).await.unwrap();
    assert_eq!(store.list(&iris()).await.unwrap().versions.len(), 1);
}

fn iris() -> ModelKey {
    model("default/iris")
}

async fn store() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("models.db")).await.unwrap();
    (folder, store)
}

async fn write_later(store: &SqliteStore, span: jiff::Span) {
    let mut later = draft_of(&format!("{span}"), Vec::new());
    later.time = later.time.checked_add(span).unwrap();
    store.write(&iris(), later).await.unwrap();
}

async fn n_blobs(store: &SqliteStore) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM blob")
        .fetch_one(&store.readers)
        .await
        .unwrap()
}

fn names(folder: &TempDir) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn fault<T: std::fmt::Debug>(result: Result<T, PersistError>) -> Fault {
    match result {
        Err(PersistError::Store { fault, .. }) => fault,
        other => panic!("not a fault of the store: {other:?}"),
    }
}
