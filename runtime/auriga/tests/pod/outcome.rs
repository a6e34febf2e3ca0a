//! What a fit leaves in its termination message.

use std::{fs, net::TcpListener};

use auriga_crds::contract::OUTCOME_MAX_BYTES;

use super::bench::Bench;
use crate::support::{Running, program};

const FIT: [&str; 4] = ["fit", "-f", "model.yaml", "--no-activate"];

#[test]
fn a_version_is_named_with_its_digest_its_hash_and_its_scores() {
    let bench = Bench::new();
    let outcome = bench.fit("fit-a");
    let listed = bench.laptop(&["list", "-f", "model.yaml"]);
    let version = &listed["models"][0]["versions"][0];
    assert_eq!(outcome.version.unwrap().get(), 1);
    assert_eq!(version["digest"], outcome.digest.unwrap().to_string());
    assert_eq!(
        outcome.fit_hash.unwrap(),
        bench.laptop(&["lint", "-f", "model.yaml"])["models"][0]["fitHash"]
    );
    let score = outcome.score.unwrap();
    assert_eq!((&*score.name, &*score.value), ("accuracy_train", "1.0"));
    assert_eq!(outcome.metrics[0], score);
    assert!(outcome.metrics.len() > 3, "{:?}", outcome.metrics);
    assert_eq!((outcome.reason, outcome.message), (None, None));
    let text = fs::read_to_string(bench.log("fit-a")).unwrap();
    assert!(text.len() <= OUTCOME_MAX_BYTES + 1 && text.ends_with('\n') && text.lines().count() == 1);
}

#[test]
fn a_score_that_is_not_better_is_no_failure() {
    let bench = Bench::new();
    let arguments = [&FIT[..], &["--save-if-better-than", "1"]].concat();
    let (ended, outcome) = bench.ended("fit-a", &arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        (outcome.version, outcome.reason.as_deref()),
        (None, Some("NotBetter"))
    );
    assert_eq!(
        outcome.message.as_deref(),
        Some("accuracy on train is 1, not greater than 1: nothing was written")
    );
    assert_eq!(outcome.score.unwrap().value, "1.0");
    assert!(outcome.fit_hash.is_some());
}

#[test]
fn what_is_broken_is_named_in_one_word_and_with_its_place() {
    let check = |prepare: &dyn Fn(&Bench), code: i32, reason: &str, message: &str| {
        let bench = Bench::new();
        prepare(&bench);
        let (ended, outcome) = bench.ended("fit-a", &FIT);
        let said = outcome.message.unwrap();
        assert_eq!(ended.code, Some(code), "{said}");
        assert_eq!(outcome.reason.as_deref(), Some(reason), "{said}");
        assert!(said.contains(message), "{said}");
        assert_eq!(outcome.version, None);
    };
    check(
        &|bench| bench.write("flowers.csv", "width,species\n0.1,a\noops,b\n0.2,b\n"),
        2,
        "InvalidData",
        "column \"width\", row 2: \"oops\" is not a number",
    );
    check(
        &|bench| bench.write("flowers.csv", "width,species\n0.1,a\n0.2\n"),
        2,
        "InvalidData",
        "flowers.csv, line 3, row 2",
    );
    check(
        &|bench| bench.edit("path: flowers.csv", "path: daisies.csv"),
        2,
        "InvalidData",
        "daisies.csv does not exist",
    );
    check(
        &|bench| bench.edit("c: 1", "c: -1"),
        2,
        "InvalidSpec",
        "spec.estimator.logisticRegression.c",
    );
    check(
        &|bench| bench.edit("path: flowers.csv", "configMap: {name: rows, key: train}"),
        2,
        "ConfigMapNotFound",
        "there is no ConfigMap rows with the key train",
    );
    check(
        &|bench| bench.write("store/models.db", "this is no database, and never was one"),
        1,
        "PersisterUnavailable",
        "is not an Auriga store",
    );
}

#[test]
fn a_flag_that_this_version_does_not_know_is_no_mistake_of_the_users() {
    let bench = Bench::new();
    let (ended, outcome) = bench.ended("fit-a", &["fit", "-f", "model.yaml", "--from-tomorrow"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(outcome.reason.as_deref(), Some("Failed"));
    let message = outcome.message.unwrap();
    assert!(message.contains("'--from-tomorrow'"), "{message}");
    assert_eq!(
        crate::support::end(program(bench.path()).args(["fit", "--from-tomorrow"])).code,
        Some(2),
        "on a laptop it is"
    );
}

#[test]
fn a_fit_that_is_stopped_by_a_signal_says_so_and_is_tried_again() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::new();
    let rows = format!("url: http://{}/rows.csv", silent.local_addr().unwrap());
    bench.edit("path: flowers.csv", &rows);
    let mut fit = Running::spawn(&mut bench.pod("fit-a", &FIT));
    let asked = silent.accept().unwrap();
    fit.signal("TERM");
    let ended = fit.ended();
    drop(asked);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let outcome = bench.outcome("fit-a").unwrap();
    assert_eq!(outcome.reason.as_deref(), Some("Failed"));
    let message = outcome.message.unwrap();
    assert!(message.starts_with("stopped by a signal"), "{message}");
}

#[test]
fn an_outcome_that_cannot_be_written_fails_the_fit_rather_than_be_lost() {
    let bench = Bench::new();
    let mut fit = bench.pod("fit-a", &FIT);
    fit.env("AURIGA_TERMINATION_LOG", bench.path());
    let ended = crate::support::end(&mut fit);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("cannot write the outcome"), "{ended:?}");
}
