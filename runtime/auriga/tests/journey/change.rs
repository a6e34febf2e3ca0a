//! The manifest changes while clients keep asking.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    load::{Load, versions},
    workbench::{FLOWER, Workbench, has},
};
use crate::support::get;

#[test]
fn another_hyperparameter_takes_over_without_a_failed_request() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();

    let load = Load::start(address, FLOWER);
    load.wait_for(200);
    bench.set_c("0.5");
    assert_eq!(up.wait_for("ready")["version"], 2);
    load.wait_for(400);
    let asked = load.stop();

    let versions = versions(&asked);
    assert_eq!((versions[0], *versions.last().unwrap()), (1, 2));
    assert!(
        versions.iter().all(|version| [1, 2].contains(version)),
        "{versions:?}"
    );
    let first_of_new = asked
        .iter()
        .zip(&versions)
        .filter(|(_, version)| **version == 2)
        .map(|(asked, _)| asked.ended);
    let taken_over = first_of_new.min().unwrap();
    for (asked, version) in asked.iter().zip(&versions) {
        assert!(
            asked.began < taken_over || *version == 2,
            "version 1 answered after version 2 had taken over"
        );
    }
    assert_eq!(bench.versions(), [1, 2]);
}

#[test]
fn going_back_to_an_earlier_manifest_activates_its_version_without_a_fit() {
    let bench = Workbench::new("iris");
    let first = bench.manifest();
    let mut up = bench.up();
    let address = up.ready();
    bench.set_c("0.5");
    assert_eq!(up.wait_for("ready")["version"], 2);

    let n_seen = up.seen.len();
    bench.write_manifest(&first);
    assert_eq!(up.wait_for("ready")["version"], 1);
    assert!(has(&up.seen[n_seen..], "found"), "{:?}", up.seen);
    assert!(!has(&up.seen[n_seen..], "fitting"), "{:?}", up.seen);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
    let listed = bench.listed();
    assert_eq!(listed["properties"]["ledgerRevision"], 3);
    assert_eq!(listed["activeVersion"], 1);
    assert_eq!(bench.versions(), [1, 2]);
}

#[test]
fn a_broken_edit_is_told_with_its_place_and_mending_it_heals() {
    let bench = Workbench::new("iris");
    let good = bench.manifest();
    let mut up = bench.up();
    let address = up.ready();

    bench.set_c("-1");
    let line = 1 + good.lines().position(|line| line.contains(" c: ")).unwrap();
    let message =
        format!("model.yaml:{line}:7: spec.estimator.logisticRegression.c: -1: must be greater than 0");
    let problem = up.wait_for("problem");
    assert_eq!(problem["error"], message);
    assert_eq!(problem["kind"], "mistake");
    assert_eq!(problem["faults"][0]["line"], line);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
    assert_eq!(get(address, "/alive").status, 200);

    bench.write_manifest("not: [yaml");
    let problem = up.wait_for("problem");
    let error = problem["error"].as_str().unwrap();
    assert!(
        error.starts_with("model.yaml:1:") && error.contains("not valid YAML"),
        "{error}"
    );

    bench.write_manifest(&good.replace("name: iris", "name: lilies"));
    let message =
        "the manifest describes default/lilies instead of default/iris; start `auriga up` again to serve it";
    assert_eq!(up.wait_for("problem")["error"], message);

    bench.write_manifest(&good);
    assert_eq!(up.wait_for("ready")["version"], 1);
    bench.set_c("0.5");
    assert_eq!(up.wait_for("ready")["version"], 2);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("2"));
}

#[test]
fn a_manifest_that_is_away_for_a_moment_disturbs_nobody() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();
    up.news();

    let (manifest, aside) = (bench.path().join("model.yaml"), bench.path().join("aside.yaml"));
    fs::rename(&manifest, &aside).unwrap();
    // The process looks several times a second: it has met the gap a few times by then.
    let until = Instant::now() + Duration::from_millis(1200);
    while Instant::now() < until {
        assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
    }
    fs::rename(&aside, &manifest).unwrap();
    bench.set_c("0.5");
    let n_seen = up.seen.len();
    assert_eq!(up.wait_for("ready")["version"], 2);
    assert!(!has(&up.seen[n_seen..], "problem"), "{:?}", up.seen);
}

#[test]
fn a_change_of_serving_alone_keeps_the_version_and_every_request() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();
    assert_eq!(get(address, &FLOWER.replace("predict", "flowers")).status, 404);

    let load = Load::start(address, FLOWER);
    load.wait_for(100);
    let n_seen = up.seen.len();
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n      - path: /flowers\n    serviceMetadata:\n      team: botany\n";
    bench.write_manifest(&format!("{}{serving}", bench.manifest()));
    assert_eq!(up.wait_for("ready")["version"], 1);
    load.wait_for(200);
    let asked = load.stop();

    // Half of the requests came on connections that were used before: none was closed.
    assert!(versions(&asked).iter().all(|version| *version == 1));
    let last = asked.last().unwrap().answer.as_ref().unwrap();
    assert_eq!(last.json()["metadata"]["team"], "botany");
    assert_eq!(get(address, &FLOWER.replace("predict", "flowers")).status, 200);
    assert!(!has(&up.seen[n_seen..], "fitting"), "{:?}", up.seen);
    assert_eq!(bench.versions(), [1]);
}

#[test]
fn an_entry_point_that_the_version_cannot_fill_is_told_and_the_old_one_answers_on() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: width, type: float, column: petal wdith}\n";
    bench.write_manifest(&format!("{}{serving}", bench.manifest()));
    let problem = up.wait_for("problem");
    assert!(
        problem["error"].as_str().unwrap().contains("petal wdith"),
        "{problem}"
    );
    assert_eq!(get(address, FLOWER).status, 200);
    let alive = get(address, "/alive");
    assert_eq!((alive.status, &alive.json()["active"]), (200, &json!(true)));
    assert_eq!(bench.listed()["properties"]["ledgerRevision"], 1);
}

#[test]
fn an_edit_that_decides_no_fit_leaves_a_rollback_alone() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();
    bench.set_c("0.5");
    assert_eq!(up.wait_for("ready")["version"], 2);
    let back = crate::support::run(bench.path(), &["activate", "1", "-f", "model.yaml"]);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert_eq!(up.wait_for("serving")["version"], 1);

    let serving = "  serving:\n    entryPoints:\n      - path: /flowers\n";
    bench.write_manifest(&format!("{}{serving}", bench.manifest()));
    assert_eq!(up.wait_for("ready")["version"], 1);
    let answer = get(address, &FLOWER.replace("predict", "flowers"));
    assert_eq!(
        (answer.status, answer.header("x-model-version")),
        (200, Some("1"))
    );
    bench.write_manifest(&format!("{}  historyLimit: 7\n", bench.manifest()));
    assert_eq!(up.wait_for("ready")["version"], 1);
    assert_eq!(bench.listed()["properties"]["ledgerRevision"], 3);

    // An edit that decides the fit is a new wish.
    bench.set_c("0.25");
    assert_eq!(up.wait_for("ready")["version"], 3);
}
