//! One TrainingJob makes one version, however often its pod runs.

use auriga_crds::VersionNumber;

use super::bench::Bench;
use crate::support::end;

const FIT: [&str; 4] = ["fit", "-f", "model.yaml", "--no-activate"];

fn version(number: u64) -> Option<VersionNumber> {
    VersionNumber::new(number)
}

#[test]
fn a_pod_that_runs_again_repeats_the_outcome_without_a_fit() {
    let bench = Bench::new();
    let first = bench.fit("fit-a");
    // The rows of then are gone, and nobody needs them.
    std::fs::remove_file(bench.path().join("flowers.csv")).unwrap();
    let second = bench.fit("fit-b");
    assert_eq!(first, second);
    assert_eq!(first.version, version(1));
}

#[test]
fn another_training_job_with_the_same_rows_is_answered_the_same_version() {
    let bench = Bench::new();
    assert_eq!(bench.fit("fit-a").version, version(1));
    let mut other = bench.pod("fit-b", &FIT);
    assert_eq!(end(other.env("AURIGA_OWNER_UID", "another")).code, Some(0));
    assert_eq!(bench.outcome("fit-b").unwrap().version, version(1));
}

#[test]
fn a_training_job_whose_version_was_deleted_makes_another_one() {
    let bench = Bench::new();
    assert_eq!(bench.fit("fit-a").version, version(1));
    bench.laptop(&["delete", "1", "-f", "model.yaml", "--yes"]);
    assert_eq!(bench.fit("fit-b").version, version(2));
}

#[test]
fn a_training_job_gets_past_a_version_of_its_own_that_is_damaged() {
    let bench = Bench::with_store("file://store");
    assert_eq!(bench.fit("fit-a").version, version(1));
    let blobs = bench.path().join("store/models/default/flowers/blobs");
    for blob in std::fs::read_dir(blobs).unwrap() {
        std::fs::write(blob.unwrap().path(), "broken").unwrap();
    }
    assert_eq!(bench.fit("fit-b").version, version(2));
    assert_eq!(bench.fit("fit-c").version, version(2));
}

#[test]
fn the_version_names_its_training_job() {
    let bench = Bench::with_store("file://store");
    bench.fit("fit-a");
    let slot = bench.path().join("store/models/default/flowers/v/00000001.json");
    let text = std::fs::read_to_string(slot).unwrap();
    assert!(
        text.contains(&format!("\"trainingJobUid\":\"{}\"", super::bench::OWNER)),
        "{text}"
    );
}
