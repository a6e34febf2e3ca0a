//! What is kept outlives its store; what is damaged counts as not kept.

use tempfile::TempDir;

use super::*;
use crate::{
    Fault, NoCredentials, StoreUri,
    conformance::fixtures::{activation, bytes, draft_of, model, version},
    lazy::Lazy,
    open,
};

/// A store with versions of iris and what is kept of them.
struct Bench {
    folder: TempDir,
}

impl Bench {
    async fn new(n_versions: u64) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench { folder };
        let store = open(&bench.uri()).await.unwrap();
        for number in 1..=n_versions {
            let draft = draft_of(&number.to_string(), bytes(number, 5000));
            store.write(&iris(), draft).await.unwrap();
        }
        if n_versions > 0 {
            store.activate(&iris(), activation(version(1), 0)).await.unwrap();
        }
        bench
    }

    fn uri(&self) -> StoreUri {
        StoreUri::parse("file://store", self.folder.path()).unwrap()
    }

    /// As a process that starts now.
    fn cached(&self) -> Cached {
        let store = Lazy::new(self.uri(), Arc::new(NoCredentials));
        Cached::new(Arc::new(store), self.folder.path().join("cache"))
    }

    fn take_the_store_away(&self) {
        fs::rename(self.folder.path().join("store"), self.folder.path().join("gone")).unwrap();
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("cache/default/iris")
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}

fn first() -> Which {
    Which::Number(version(1))
}

#[tokio::test]
async fn a_version_that_was_read_once_outlives_the_store() {
    let bench = Bench::new(2).await;
    let read = bench.cached().read(&iris(), first()).await.unwrap();
    bench.take_the_store_away();
    let restarted = bench.cached();
    assert_eq!(restarted.read(&iris(), first()).await.unwrap(), read);
    let other = restarted.read(&iris(), Which::Number(version(2))).await;
    assert!(matches!(
        other,
        Err(PersistError::Store {
            fault: Fault::Absent,
            ..
        })
    ));
}

#[tokio::test]
async fn the_ledger_as_last_seen_is_given_to_who_asks_for_just_that() {
    let bench = Bench::new(1).await;
    let seen = bench.cached().properties(&iris()).await.unwrap();
    bench.take_the_store_away();
    let restarted = bench.cached();
    restarted.properties(&iris()).await.unwrap_err();
    assert_eq!(restarted.last_properties(&iris()).await, Some(seen));
    assert_eq!(restarted.last_properties(&model("other/iris")).await, None);
}

#[tokio::test]
async fn the_active_version_is_never_answered_from_what_is_kept() {
    let bench = Bench::new(1).await;
    bench.cached().read(&iris(), Which::Active).await.unwrap();
    bench.take_the_store_away();
    bench.cached().read(&iris(), Which::Active).await.unwrap_err();
    bench.cached().read(&iris(), first()).await.unwrap();
}

#[tokio::test]
async fn a_damaged_file_counts_as_not_there_and_is_kept_anew() {
    let bench = Bench::new(1).await;
    let whole = bench.cached().read(&iris(), first()).await.unwrap();
    let file = bench.kept().join("1.version");
    let written = fs::read(&file).unwrap();
    // Somewhere in the seal, the manifest and the bytes; then cut there.
    for place in (0..written.len()).step_by(97) {
        let mut altered = written.clone();
        altered[place] ^= 1;
        for damaged in [&altered[..], &written[..place]] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(bench.cached().read(&iris(), first()).await.unwrap(), whole);
            assert_eq!(fs::read(&file).unwrap(), written, "it is whole again");
        }
    }
}

#[tokio::test]
async fn a_file_of_another_model_or_number_counts_as_not_there() {
    let bench = Bench::new(2).await;
    bench.cached().read(&iris(), first()).await.unwrap();
    fs::copy(bench.kept().join("1.version"), bench.kept().join("2.version")).unwrap();
    let other = bench.folder.path().join("cache/other");
    fs::create_dir_all(&other).unwrap();
    fs::rename(bench.kept(), other.join("iris")).unwrap();
    fs::create_dir_all(bench.kept()).unwrap();
    fs::copy(other.join("iris/2.version"), bench.kept().join("2.version")).unwrap();
    bench.take_the_store_away();
    bench
        .cached()
        .read(&iris(), Which::Number(version(2)))
        .await
        .unwrap_err();
    bench
        .cached()
        .read(&model("other/iris"), first())
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_few_versions_are_kept_and_the_latest_read_is_among_them() {
    let bench = Bench::new(6).await;
    let cached = bench.cached();
    for number in [6, 5, 4, 3, 1] {
        cached
            .read(&iris(), Which::Number(version(number)))
            .await
            .unwrap();
    }
    cached.properties(&iris()).await.unwrap();
    let mut names: Vec<_> = fs::read_dir(bench.kept())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["1.version", "3.version", "4.version", "properties"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_keeps_nothing_and_hides_nothing() {
    let bench = Bench::new(1).await;
    fs::write(bench.folder.path().join("cache"), "a file").unwrap();
    let cached = bench.cached();
    cached.read(&iris(), first()).await.unwrap();
    cached.properties(&iris()).await.unwrap();
    assert_eq!(cached.last_properties(&iris()).await, None);
}

#[tokio::test]
async fn a_deleted_version_is_not_kept() {
    let bench = Bench::new(2).await;
    let cached = bench.cached();
    let second = Which::Number(version(2));
    cached.read(&iris(), second).await.unwrap();
    cached.delete(&iris(), version(2)).await.unwrap();
    let read = cached.read(&iris(), second).await;
    assert!(matches!(read, Err(PersistError::VersionAbsent { .. })));
}
