//! A version is activated by the pods that serve it, behind a fence.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::bench::{Bench, alive, alive_until};
use crate::support::Running;

const FENCE: &str = "pod/activate-from";

fn serve(bench: &Bench, pod: &str, version: &str) -> (Running, SocketAddr) {
    let (running, address) = bench.serve(pod, &["--version", version, "--fence", FENCE]);
    alive_until(address, |status, _| status == 200);
    (running, address)
}

fn ledger(bench: &Bench) -> Value {
    bench.laptop(&["list", "-f", "model.yaml"])["models"][0]["ledger"].clone()
}

/// Long enough for a pod to have looked at its fence several times.
fn several_looks(address: SocketAddr) {
    let end = Instant::now() + Duration::from_millis(600);
    alive_until(address, |_, _| Instant::now() > end);
}

#[test]
fn every_pod_tells_soon_that_its_version_is_active() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.write(FENCE, "");
    let (_first, one) = serve(&bench, "flowers-v1-0", "1");
    // A sibling that was not told: it only sees what the other one does.
    let (_second, other) = bench.serve("flowers-v1-1", &["--version", "1", "--fence", "pod/other"]);
    alive_until(other, |status, _| status == 200);
    several_looks(one);
    assert!(!alive(one).1.active, "an empty fence is none");

    bench.swap(FENCE, "0\n");
    let told = alive_until(one, |_, said| said.active);
    let seen = Instant::now();
    assert_eq!(
        (told.ledger_revision, told.active_version.unwrap().get()),
        (Some(1), 1)
    );
    let told = alive_until(other, |_, said| said.active);
    assert!(
        seen.elapsed() < Duration::from_millis(1000),
        "{:?}",
        seen.elapsed()
    );
    assert_eq!(told.ledger_revision, Some(1));
    let row = &ledger(&bench)[0];
    assert_eq!(
        (&row["actor"], &row["reason"], &row["to"]),
        (&json!("flowers-v1-0"), &json!("rollout"), &json!(1))
    );
}

#[test]
fn a_fence_of_an_older_revision_activates_nothing_until_there_is_another_one() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.another_version("2");
    bench.laptop(&["activate", "1", "-f", "model.yaml"]);
    bench.write(FENCE, "0");
    let (mut running, address) = serve(&bench, "flowers-v2-0", "2");
    running.wait_for("waiting");
    several_looks(address);
    assert_eq!(alive(address).1.active_version.unwrap().get(), 1);
    bench.swap(FENCE, "1");
    let said = alive_until(address, |_, said| said.active);
    assert_eq!(said.ledger_revision, Some(2));
}

#[test]
fn rubbish_in_the_fence_activates_nothing() {
    let bench = Bench::new();
    bench.fit("fit-a");
    for rubbish in ["zero", "-1", "0 1", "0x0", "\u{0}"] {
        bench.write(FENCE, rubbish);
        let (_running, address) = serve(&bench, "flowers-v1-0", "1");
        several_looks(address);
        assert!(!alive(address).1.active, "{rubbish:?}");
    }
    assert_eq!(ledger(&bench), json!([]));
}

#[test]
fn two_pods_behind_one_fence_make_one_row() {
    let bench = Bench::with_store("file://store");
    bench.fit("fit-a");
    bench.write(FENCE, "");
    let pods: Vec<_> = ["flowers-v1-0", "flowers-v1-1", "flowers-v1-2"]
        .map(|pod| serve(&bench, pod, "1"))
        .into();
    bench.swap(FENCE, "0");
    for (_, address) in &pods {
        assert_eq!(
            alive_until(*address, |_, said| said.active).ledger_revision,
            Some(1)
        );
    }
    assert_eq!(ledger(&bench).as_array().unwrap().len(), 1);
}

#[test]
fn a_version_comes_back_by_the_same_walk() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.another_version("2");
    bench.write(FENCE, "0");
    let (_running, address) = serve(&bench, "flowers-v1-0", "1");
    alive_until(address, |_, said| said.active);
    bench.laptop(&["activate", "2", "-f", "model.yaml"]);
    alive_until(address, |_, said| !said.active);
    bench.swap(FENCE, "2");
    let said = alive_until(address, |_, said| said.active);
    assert_eq!(said.ledger_revision, Some(3));
}

#[test]
fn a_version_that_cannot_be_served_is_not_activated() {
    let bench = Bench::new();
    bench.fit("fit-a");
    let serving = "spec:\n  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: x, type: float, column: height}";
    bench.edit("spec:", serving);
    bench.write(FENCE, "0");
    let (_running, address) = bench.serve("flowers-v1-0", &["--version", "1", "--fence", FENCE]);
    alive_until(address, |_, said| said.reason.is_some());
    several_looks(address);
    assert_eq!(ledger(&bench), json!([]));
}
