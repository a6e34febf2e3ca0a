//! A store that is down does not keep a pod from answering that has read its version before.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::workbench::{FLOWER, Workbench};
use crate::support::{DEADLINE, get, run};

const SERVE: [&str; 4] = ["--version", "1", "--cache", "cache"];

#[test]
fn a_version_read_before_is_served_while_the_store_is_away_and_alive_says_so() {
    let bench = Workbench::new("iris");
    bench.fit(&[]);
    let mut first = bench.serve(&SERVE);
    let address = first.listening();
    first.wait_for("serving");
    let answer = get(address, FLOWER).json();
    let alive = get(address, "/alive").json();
    assert_eq!(
        (&alive["active"], &alive["ledgerStale"]),
        (&true.into(), &Value::Null)
    );
    drop(first);

    let (store, away) = (bench.path().join("auriga-data"), bench.path().join("away"));
    fs::rename(&store, &away).unwrap();
    let mut second = bench.serve(&SERVE);
    let address = second.listening();
    second.wait_for("serving");
    assert_eq!(get(address, FLOWER).json(), answer);
    let answered = get(address, "/alive");
    let alive = answered.json();
    assert_eq!(answered.status, 200);
    let ledger = (
        &alive["active"],
        &alive["activeVersion"],
        &alive["ledgerRevision"],
    );
    assert_eq!(ledger, (&true.into(), &1.into(), &1.into()), "as seen before");
    assert_eq!(alive["ledgerStale"], true);

    fs::rename(&away, &store).unwrap();
    let deadline = Instant::now() + DEADLINE;
    while get(address, "/alive").json()["ledgerStale"] == true {
        assert!(Instant::now() < deadline, "the store is back and not looked at");
        thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_version_that_was_never_active_does_not_become_so_by_being_kept() {
    let bench = Workbench::new("iris");
    bench.fit(&["--no-activate"]);
    let mut first = bench.serve(&SERVE);
    first.wait_for("serving");
    drop(first);
    fs::remove_dir_all(bench.path().join("auriga-data")).unwrap();
    let mut second = bench.serve(&SERVE);
    let address = second.listening();
    second.wait_for("serving");
    let alive = get(address, "/alive").json();
    assert_eq!(
        (&alive["active"], &alive["ledgerStale"]),
        (&false.into(), &true.into())
    );
    assert_eq!(alive["activeVersion"], Value::Null);
}

#[test]
fn without_anything_kept_a_store_that_is_away_ends_the_process() {
    let bench = Workbench::new("iris");
    let arguments = [
        &["serve", "-f", "model.yaml", "--listen", "127.0.0.1:0"][..],
        &SERVE,
    ]
    .concat();
    let ended = run(bench.path(), &arguments);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("does not exist; fit a model first"),
        "{ended:?}"
    );
}
