//! The pod that cleans up behind a Model which is deleted.

use serde_json::{Value, json};

use super::bench::Bench;
use crate::support::{Ended, end, run};

const CLEAN: [&str; 6] = ["delete", "-f", "model.yaml", "--all", "--active", "--yes"];

fn clean(bench: &Bench) -> Ended {
    end(bench.pod("clean", &CLEAN).args(["--output", "json"]))
}

fn listed(bench: &Bench) -> Value {
    bench.laptop(&["list", "-f", "model.yaml"])["models"][0].clone()
}

#[test]
fn all_versions_go_the_active_one_too_and_their_numbers_stay_used() {
    for store in ["sqlite://store/models.db", "file://store"] {
        let bench = Bench::with_store(store);
        bench.fit("fit-a");
        bench.another_version("2");
        bench.laptop(&["activate", "2", "-f", "model.yaml"]);
        let ended = clean(&bench);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(said["deleted"], json!([1, 2]));
        let model = listed(&bench);
        assert_eq!(
            (&model["versions"], &model["activeVersion"]),
            (&json!([]), &Value::Null),
            "{model}"
        );
        let ledger = model["ledger"].as_array().unwrap();
        assert_eq!((&ledger[1]["from"], &ledger[1]["to"]), (&json!(2), &Value::Null));
        assert_eq!(
            (&ledger[1]["actor"], &ledger[1]["reason"]),
            (&json!("clean"), &json!("delete"))
        );
        bench.another_version("3");
        assert_eq!(listed(&bench)["versions"][0]["number"], 3, "{store}");
    }
}

#[test]
fn a_repetition_finds_nothing_left_to_do() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.laptop(&["activate", "1", "-f", "model.yaml"]);
    assert_eq!(clean(&bench).code, Some(0));
    let before = listed(&bench);
    let again = clean(&bench);
    assert_eq!(again.code, Some(0), "{again:?}");
    let said: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(said["deleted"], json!([]));
    assert_eq!(listed(&bench), before);
}

#[test]
fn where_there_was_no_store_there_is_nothing_to_delete() {
    let bench = Bench::new();
    let ended = clean(&bench);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!bench.path().join("store").exists());
}

#[test]
fn a_store_that_fails_is_told_and_tried_again() {
    let bench = Bench::new();
    bench.write("store/models.db", "this is no database, and never was one");
    let ended = clean(&bench);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        bench.outcome("clean").unwrap().reason.as_deref(),
        Some("PersisterUnavailable")
    );
}

#[test]
fn a_model_of_the_same_name_elsewhere_keeps_its_versions() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.edit("  name: flowers", "  name: flowers\n  namespace: other");
    bench.fit("fit-b");
    assert_eq!(clean(&bench).code, Some(0));
    bench.edit("  namespace: other\n", "");
    assert_eq!(listed(&bench)["versions"][0]["number"], 1);
}

#[test]
fn the_active_version_goes_only_when_that_is_asked_for() {
    let bench = Bench::new();
    bench.fit("fit-a");
    bench.laptop(&["activate", "1", "-f", "model.yaml"]);
    let ended = run(bench.path(), &["delete", "-f", "model.yaml", "--all", "--yes"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("add --active to delete it as well"),
        "{ended:?}"
    );
    assert_eq!(listed(&bench)["activeVersion"], 1);
    for wrong in [
        &["delete", "1", "--all", "-f", "model.yaml"][..],
        &["delete", "1", "--active", "-f", "model.yaml"],
        &["delete", "-f", "model.yaml"],
    ] {
        assert_eq!(run(bench.path(), wrong).code, Some(2), "{wrong:?}");
    }
}
