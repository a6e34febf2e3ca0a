//! `auriga fit`.

use std::{fs, io, path::Path, process::Stdio};

use serde_json::json;

use super::given::{MANIFEST, fails, flowers, iris, json, json_error, says};
use crate::support::{program, run};

const SCORES: &str = "accuracy 0.9600 on test, neg_log_loss -0.1924 on test, accuracy 0.9800 on train, neg_log_loss -0.2451 on train";
const FITTING: &str = "   fitting iris on 100 rows with 4 features\n";

#[test]
fn a_fit_becomes_a_version_and_a_second_one_is_answered_without_fitting() {
    let folder = iris();
    let first = format!("default/iris: fitted as version 1, active; {SCORES}\n");
    says(folder.path(), "fit -f model.yaml", &first, FITTING);
    let second = format!("default/iris: already fitted as version 1, active; {SCORES}\n");
    says(folder.path(), "fit -f model.yaml", &second, "");
    let found = json(folder.path(), "fit -f model.yaml");
    let facts = [
        ("model", json!("default/iris")),
        ("version", json!(1)),
        ("active", json!(true)),
    ];
    for (name, value) in facts
        .into_iter()
        .chain([("saved", json!(true)), ("new", json!(false))])
    {
        assert_eq!(found[name], value, "{found}");
    }
    assert_eq!(found["scores"]["test"]["accuracy"], 0.96);
    let listed = json(folder.path(), "list")["models"][0]["versions"][0].clone();
    assert_eq!(
        (&found["digest"], &found["created"]),
        (&listed["digest"], &listed["created"])
    );
    let facts = &listed["facts"];
    assert_eq!(
        (&found["specHash"], &found["dataHash"]),
        (&facts["specHash"], &facts["dataHash"])
    );
}

#[test]
fn the_result_for_programs_is_one_document() {
    let found = json(iris().path(), "fit -f model.yaml");
    assert_eq!((&found["new"], &found["version"]), (&json!(true), &json!(1)));
}

#[test]
fn what_is_not_saved_leaves_nothing_behind() {
    let folder = iris();
    let text = format!("fitted, not saved: {SCORES}");
    says(
        folder.path(),
        "fit -f model.yaml --no-save",
        &format!("{text}\n"),
        FITTING,
    );
    let found = json(folder.path(), "fit -f model.yaml --no-save");
    assert_eq!(
        (&found["saved"], &found["message"]),
        (&json!(false), &json!(text))
    );
    assert_eq!(found["scores"]["test"]["accuracy"], 0.96);
    assert!(!folder.path().join("auriga-data").exists());
}

#[test]
fn a_version_may_stay_inactive() {
    let folder = iris();
    let text = format!("default/iris: fitted as version 1, inactive; {SCORES}\n");
    says(folder.path(), "fit -f model.yaml --no-activate", &text, FITTING);
    let model = json(folder.path(), "list")["models"][0].clone();
    assert_eq!(
        (&model["activeVersion"], &model["ledger"]),
        (&json!(null), &json!([]))
    );
    // It is active once somebody asks for that.
    assert_eq!(json(folder.path(), "fit -f model.yaml")["active"], true);
    assert_eq!(
        json(folder.path(), "fit -f model.yaml --no-activate")["active"],
        true
    );
}

#[test]
fn only_a_better_score_is_kept() {
    let folder = iris();
    let message = "accuracy on test is 0.96, not greater than 0.96: nothing was written";
    says(
        folder.path(),
        "fit -f model.yaml --save-if-better-than 0.96",
        &format!("{message}\n"),
        FITTING,
    );
    let found = json(folder.path(), "fit -f model.yaml --save-if-better-than 0.96");
    assert_eq!(
        (&found["saved"], &found["message"]),
        (&json!(false), &json!(message))
    );
    assert_eq!(json(folder.path(), "list")["models"], json!([]));
    assert_eq!(
        json(folder.path(), "fit -f model.yaml --save-if-better-than 0.95")["version"],
        1
    );
}

#[test]
fn the_bar_and_the_metric_may_stand_in_the_manifest() {
    let folder = iris();
    let model = folder.path().join("model.yaml");
    let manifest = fs::read_to_string(&model).unwrap();
    fs::write(
        &model,
        format!("{manifest}  training:\n    scoring: neg_log_loss\n    saveIfBetterThan: -0.1\n"),
    )
    .unwrap();
    let found = json(folder.path(), "fit -f model.yaml");
    let message = found["message"].as_str().unwrap();
    assert!(message.starts_with("neg_log_loss on test is -0.19"), "{message}");
    assert!(
        message.ends_with(", not greater than -0.1: nothing was written"),
        "{message}"
    );
    // The command line has the last word.
    assert_eq!(
        json(folder.path(), "fit -f model.yaml --save-if-better-than -0.5")["version"],
        1
    );
}

#[test]
fn the_manifest_may_come_from_the_standard_input_and_the_store_lie_elsewhere() {
    let folder = flowers();
    let mut command = crate::support::program(folder.path());
    let manifest = fs::File::open(folder.path().join("model.yaml")).unwrap();
    command
        .args(["fit", "-f", "-", "--persister", "sqlite://elsewhere/models.db"])
        .stdin(manifest);
    let done = command.output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let found = json(folder.path(), "list --persister sqlite://elsewhere/models.db");
    assert_eq!(found["models"][0]["activeVersion"], 1);

    let elsewhere = MANIFEST.replace("spec:", "spec:\n  persister:\n    uri: sqlite://named/models.db");
    fs::write(folder.path().join("model.yaml"), elsewhere).unwrap();
    assert_eq!(json(folder.path(), "fit -f model.yaml")["version"], 1);
    assert!(folder.path().join("named/models.db").exists());
}

#[test]
fn versions_beyond_the_history_limit_are_deleted_after_a_fit() {
    let folder = flowers();
    let fit = |c: u32| {
        let manifest = MANIFEST
            .replace("spec:", "spec:\n  historyLimit: 1")
            .replace("c: 1", &format!("c: {c}"));
        fs::write(folder.path().join("model.yaml"), manifest).unwrap();
        let ended = run(folder.path(), &["fit", "-f", "model.yaml"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stderr
    };
    // Beside the newest one, the active version and the one before it stay.
    for c in 1..=3 {
        assert!(!fit(c).contains("deleted"), "version {c}");
    }
    let said = fit(4);
    let line = "   deleted version 1, older than the 1 that historyLimit keeps\n";
    assert!(said.ends_with(line), "{said}");
    let versions = json(folder.path(), "list")["models"][0]["versions"].clone();
    let numbers: Vec<u64> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [2, 3, 4]);
    // Another limit is no reason to fit again.
    let more = MANIFEST.replace("c: 1", "c: 4");
    fs::write(folder.path().join("model.yaml"), more).unwrap();
    assert_eq!(json(folder.path(), "fit -f model.yaml")["new"], false);
}

#[test]
fn rows_that_cannot_be_read_are_the_users_to_mend() {
    let folder = flowers();
    fs::remove_file(folder.path().join("flowers.csv")).unwrap();
    let message = "flowers.csv does not exist";
    let error = json_error(folder.path(), "fit -f model.yaml", 2);
    assert!(error["error"].as_str().unwrap().starts_with(message), "{error}");
    fails(
        folder.path(),
        "fit -f absent.yaml",
        2,
        "absent.yaml does not exist; -f takes the path of a manifest",
    );
    assert!(!Path::new("auriga-data").exists());
}

#[test]
fn a_version_fitted_before_must_pass_the_bar_too() {
    let folder = iris();
    says(
        folder.path(),
        "fit -f model.yaml --no-activate",
        &format!("default/iris: fitted as version 1, inactive; {SCORES}\n"),
        FITTING,
    );
    let text = "accuracy on test is 0.96, not greater than 0.97: nothing was written\n";
    says(
        folder.path(),
        "fit -f model.yaml --save-if-better-than 0.97",
        text,
        "",
    );
    let model = json(folder.path(), "list")["models"][0].clone();
    assert_eq!(model["activeVersion"], json!(null), "{model}");
}

#[test]
fn a_result_that_cannot_be_printed_is_an_error_and_a_reader_gone_is_none() {
    let folder = iris();
    let fit = |stdout: Stdio| {
        let mut command = program(folder.path());
        command
            .args(["fit", "-f", "model.yaml"])
            .stdout(stdout)
            .stderr(Stdio::piped());
        let ended = command.output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, stderr) = fit(full.into());
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("error: the result could not be printed: No space left on device"),
        "{stderr}"
    );
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    assert_eq!(fit(writer.into()), (Some(0), String::new()));
}

#[test]
fn a_version_that_its_manifest_cannot_serve_stays_inactive() {
    let folder = flowers();
    assert_eq!(json(folder.path(), "fit -f model.yaml")["version"], 1);
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: length, type: float}\n";
    let manifest = format!("{}{serving}", MANIFEST.replace("c: 1", "c: 2"));
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    let check = |verb: &str| {
        let message = format!(
            "default/flowers: {verb} as version 2, inactive; this manifest cannot serve it, so mend spec.serving and run \
             `auriga activate 2`: entry point \"/predict\" maps \"length\" to the feature \"length\", which the version does \
             not have"
        );
        assert_eq!(
            json_error(folder.path(), "fit -f model.yaml", 2)["error"],
            message
        );
        let model = json(folder.path(), "list")["models"][0].clone();
        assert_eq!(
            (
                &model["activeVersion"],
                model["versions"].as_array().unwrap().len()
            ),
            (&json!(1), 2)
        );
    };
    check("fitted");
    check("already fitted");
    assert_eq!(
        json(folder.path(), "fit -f model.yaml --no-activate")["version"],
        2
    );
}
