//! A serving pod answers at once, says what is missing, and heals by itself.

use std::fs;

use super::bench::{Bench, FLOWER, OWNER, alive, alive_until};
use crate::support::{get, run};

#[test]
fn a_store_that_is_not_there_is_waited_for() {
    let bench = Bench::new();
    let (mut serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    let said = alive_until(address, |_, said| said.reason.is_some());
    assert_eq!(said.reason.as_deref(), Some("PersisterUnavailable"));
    assert_eq!(
        said.message.as_deref(),
        Some("the store of versions does not exist; fit a model first, or check the address")
    );
    assert_eq!(said.owner_uid.as_deref(), Some(OWNER));
    assert_eq!(said.pod_uid.as_deref(), Some("uid-of-flowers-v1-0"));
    assert_eq!(alive(address).0, 503);
    assert_eq!(get(address, "/livez").status, 200);
    assert_eq!(
        (get(address, FLOWER).status, get(address, "/list").status),
        (503, 503)
    );

    bench.fit("fit-a");
    let said = alive_until(address, |status, _| status == 200);
    assert_eq!((said.reason, said.message, said.active), (None, None, false));
    assert_eq!(get(address, FLOWER).json()["result"], "setosa");
    assert_eq!(get(address, "/list").status, 200);
    serve.signal("TERM");
    assert_eq!(serve.ended().code, Some(0));
    assert_eq!(bench.outcome("flowers-v1-0"), None, "it ended well");
}

#[test]
fn a_version_that_is_not_there_is_waited_for() {
    let bench = Bench::new();
    bench.fit("fit-a");
    let (_serve, address) = bench.serve("flowers-v2-0", &["--version", "2"]);
    let said = alive_until(address, |_, said| said.reason.is_some());
    assert_eq!(said.reason.as_deref(), Some("VersionNotFound"));
    assert_eq!(
        said.message.as_deref(),
        Some("default/flowers has no version 2; the latest is 1")
    );
    bench.another_version("2");
    let said = alive_until(address, |status, _| status == 200);
    assert_eq!(said.model.unwrap().metadata.version.get(), 2);
}

#[test]
fn a_damaged_version_is_named_and_answers_once_it_is_restored() {
    let bench = Bench::with_store("file://store");
    bench.fit("fit-a");
    let blobs = bench.path().join("store/models/default/flowers/blobs");
    let blob = fs::read_dir(blobs).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&blob).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    fs::write(&blob, bad).unwrap();
    let (_serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    let said = alive_until(address, |_, said| said.reason.is_some());
    assert_eq!(said.reason.as_deref(), Some("DigestMismatch"));
    fs::write(&blob, good).unwrap();
    alive_until(address, |status, _| status == 200);
}

#[test]
fn entry_points_that_do_not_fit_are_named() {
    let bench = Bench::new();
    bench.fit("fit-a");
    let serving = "spec:\n  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: x, type: float, column: height}";
    bench.edit("spec:", serving);
    let (_serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    let said = alive_until(address, |_, said| said.reason.is_some());
    assert_eq!(said.reason.as_deref(), Some("InvalidSpec"));
    let message = said.message.unwrap();
    assert!(message.contains("\"height\""), "{message}");
}

#[test]
fn a_version_that_is_loaded_answers_on_while_the_store_is_away_and_finds_it_again() {
    let bench = Bench::new();
    bench.fit("fit-a");
    let (_serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    alive_until(address, |status, _| status == 200);
    let (store, away) = (bench.path().join("store"), bench.path().join("away"));
    fs::rename(&store, &away).unwrap();
    // Another store comes up at the same place, as after a restore from a backup.
    let said = alive(address).1;
    assert_eq!(said.ledger_revision, Some(0));
    assert_eq!(get(address, FLOWER).status, 200);
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&away, &store])
        .status()
        .unwrap();
    assert!(copied.success());
    bench.laptop(&["activate", "1", "-f", "model.yaml"]);
    let said = alive_until(address, |_, said| said.active);
    assert_eq!(said.ledger_revision, Some(1));
}

#[test]
fn a_pinned_pod_never_answers_with_another_version() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.another_version("2");
    let (_serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    alive_until(address, |status, _| status == 200);
    bench.laptop(&["activate", "2", "-f", "model.yaml"]);
    let said = alive_until(address, |_, said| said.active_version.is_some());
    assert_eq!((said.active_version.unwrap().get(), said.active), (2, false));
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
}

#[test]
fn on_a_laptop_a_store_that_is_not_there_ends_it() {
    let bench = Bench::new();
    let ended = run(
        bench.path(),
        &[
            "serve",
            "-f",
            "model.yaml",
            "--version",
            "1",
            "--listen",
            "127.0.0.1:0",
        ],
    );
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
