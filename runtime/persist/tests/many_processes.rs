//! Many processes write to one store at once: no number twice, none left out, no error surfaces.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    fmt::Write,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use auriga_crds::ModelKey;
use auriga_persist::{
    Persister, StoreUri,
    conformance::{
        fixtures::{bytes, draft_of, model},
        scale::scaled,
        server::{Server, open_in_test},
    },
};

/// How a writer is told what to do: a folder, the address of the store in it, a name that its keys start with, and a number of commits.
const FOLDER: &str = "AURIGA_TEST_FOLDER";
const ADDRESS: &str = "AURIGA_TEST_ADDRESS";
const NAME: &str = "AURIGA_TEST_NAME";
const COMMITS: &str = "AURIGA_TEST_COMMITS";

const SQLITE: &str = "sqlite://models.db";
const FOLDER_STORE: &str = "file://models";

#[tokio::test]
async fn sixty_four_processes_get_dense_numbers() {
    let n_commits = scaled(25, 100);
    // One store after the other: together they would measure each other.
    check(SQLITE, 64, n_commits).await;
    check(FOLDER_STORE, 64, n_commits).await;
    check(&Server::shared().database().await.to_string(), 64, n_commits).await;
}

async fn check(address: &str, n_processes: u64, n_commits: u64) {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let writers: Vec<Child> = (0..n_processes)
        .map(|index| start_writer(folder.path(), address, index, n_commits))
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success(), "a writer met an error");
    }
    let seconds = begun.elapsed().as_secs_f64();

    let (mut numbers, mut durations_ms) = (Vec::new(), Vec::new());
    for index in 0..n_processes {
        for line in fs::read_to_string(folder.path().join(index.to_string()))
            .unwrap()
            .lines()
        {
            let (number, duration_ms) = line.split_once(' ').unwrap();
            numbers.push(number.parse::<u64>().unwrap());
            durations_ms.push(duration_ms.parse::<u64>().unwrap());
        }
    }
    numbers.sort_unstable();
    durations_ms.sort_unstable();
    let total = n_processes * n_commits;
    let percentile = |share: f64| durations_ms[((total - 1) as f64 * share) as usize];
    println!(
        "{address}: {total} commits of {n_processes} processes in {seconds:.1} s; ms per commit: p50 {}, p99 {}, max {}",
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    assert_eq!(numbers, (1..=total).collect::<Vec<_>>());
    let store = handle(folder.path(), address).await;
    let listed = store.list(&iris()).await.unwrap().versions;
    assert!(listed.iter().map(|version| version.number.get()).eq(1..=total));
}

/// A process of its own, started by the tests above: writes versions one after the other, then notes their numbers and
/// how long each took. Without a folder to write to it is nobody's process, and has nothing to do.
#[tokio::test]
async fn writer() {
    let variable = std::env::var;
    let (Ok(folder), Ok(address), Ok(name), Ok(commits)) = (
        variable(FOLDER),
        variable(ADDRESS),
        variable(NAME),
        variable(COMMITS),
    ) else {
        return;
    };
    let folder = Path::new(&folder);
    let store = handle(folder, &address).await;
    let mut notes = String::new();
    for commit in 0..commits.parse().unwrap() {
        let draft = draft_of(&format!("{name}-{commit}"), bytes(commit, 10_000));
        let begun = Instant::now();
        let written = store.write(&iris(), draft).await.unwrap();
        writeln!(
            notes,
            "{} {}",
            written.manifest().number,
            begun.elapsed().as_millis()
        )
        .unwrap();
    }
    fs::write(folder.join(&name), notes).unwrap();
}

fn iris() -> ModelKey {
    model("default/iris")
}

async fn handle(folder: &Path, address: &str) -> Arc<dyn Persister> {
    open_in_test(&StoreUri::parse(address, folder).unwrap())
        .await
        .unwrap()
}

fn start_writer(folder: &Path, address: &str, index: u64, n_commits: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(FOLDER, folder)
        .env(ADDRESS, address)
        .env(NAME, index.to_string())
        .env(COMMITS, n_commits.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
