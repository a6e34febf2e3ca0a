//! `auriga list`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::given::{MANIFEST, fails, flowers, json, json_error, says};
use crate::support::run;

const STORE: &str = "sqlite://auriga-data/models.db";

fn fit(folder: &Path, arguments: &[&str]) {
    let ended = run(
        folder,
        &[&["fit", "-f", "model.yaml", "--persister", STORE], arguments].concat(),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// The time of creation as the table shows it.
fn created(version: &Value) -> String {
    version["created"].as_str().unwrap()[..19].to_owned() + "Z"
}

#[test]
fn there_must_be_a_store() {
    let folder = flowers();
    let message = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    fails(folder.path(), "list", 2, message);
    fails(folder.path(), "list -f model.yaml", 2, message);
    assert_eq!(json_error(folder.path(), "list", 2)["kind"], "mistake");
    assert!(!folder.path().join("auriga-data").exists());
}

#[test]
fn a_folder_that_is_no_store_is_left_alone() {
    let folder = flowers();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/rows.csv"), "a\n").unwrap();
    let check = |arguments: &str, code: i32, message: &str| fails(folder.path(), arguments, code, message);
    check(
        "list --persister file://data",
        1,
        "store file://<folder>/data is not an Auriga store, or is damaged (the folder holds other things, such as rows.csv, \
         and no auriga-store.json); move it away or restore it from a backup",
    );
    check(
        "list --persister file://models",
        2,
        "store file://<folder>/models does not exist; fit a model first, or check the address",
    );
    check(
        "list --persister file://model.yaml",
        1,
        "store file://<folder>/model.yaml is not an Auriga store, or is damaged (it is a file, not a folder); move it away \
         or restore it from a backup",
    );
    check(
        "list --persister file://.",
        2,
        "the store's URI names no folder of its own; write file:///<absolute path> or file://<relative path>",
    );
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
}

#[test]
fn a_command_that_ends_leaves_nothing_beside_a_store() {
    let folder = flowers();
    for arguments in [
        &["fit", "-f", "model.yaml"][..],
        &["list"],
        &["list", "-f", "model.yaml"],
    ] {
        assert_eq!(run(folder.path(), arguments).code, Some(0));
        let names: Vec<_> = fs::read_dir(folder.path().join("auriga-data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["models.db"], "{arguments:?}");
    }
}

#[test]
fn a_store_without_models_is_said_to_be_empty() {
    let folder = flowers();
    // Nothing is good enough, so that only the store comes to be.
    fit(folder.path(), &["--save-if-better-than", "2"]);
    let store = format!("sqlite://{}/auriga-data/models.db", folder.path().display());
    says(
        folder.path(),
        "list",
        &format!("{store} holds no model yet\n"),
        "",
    );
    assert_eq!(
        json(folder.path(), "list"),
        json!({ "store": store, "models": [] })
    );
    let text = "default/flowers: no version is active, ledger revision 0\n  it has no versions; fit one with `auriga fit`\n";
    says(folder.path(), "list -f model.yaml", text, "");
}

#[test]
fn versions_stand_in_a_table_and_the_active_one_is_marked() {
    let folder = flowers();
    fit(folder.path(), &[]);
    fs::write(folder.path().join("model.yaml"), MANIFEST.replace("c: 1", "c: 2")).unwrap();
    fit(folder.path(), &["--no-activate"]);
    let model = json(folder.path(), "list")["models"][0].clone();
    assert_eq!(model["model"], "default/flowers");
    assert_eq!(model["activeVersion"], 1);
    let properties =
        json!({ "activeVersion": 1, "ledgerRevision": 1, "highWaterMark": 2, "schemaVersion": 2 });
    assert_eq!(model["properties"], properties);
    assert_eq!(
        (&model["ledger"][0]["to"], &model["ledger"][0]["reason"]),
        (&json!(1), &json!("fit"))
    );
    let row = |at: usize, active: &str| {
        let version = &model["versions"][at];
        let score = |metric: &str| version["facts"]["scores"]["train"][metric].as_f64().unwrap();
        format!(
            "        {}  {active:6}  {}  logisticRegression  accuracy {:.4} on train, neg_log_loss {:.4} on train\n",
            version["number"],
            created(version),
            score("accuracy"),
            score("neg_log_loss"),
        )
    };
    let text = format!(
        "default/flowers: version 1 is active, ledger revision 1\n  VERSION  ACTIVE  CREATED               ESTIMATOR           SCORES\n{}{}",
        row(0, "yes"),
        row(1, ""),
    );
    says(folder.path(), "list", &text, "");
    says(folder.path(), "list -f model.yaml", &text, "");
    says(folder.path(), &format!("list --persister {STORE}"), &text, "");
}

#[test]
fn models_stand_one_below_the_other_and_a_manifest_picks_its_own() {
    let folder = flowers();
    fit(folder.path(), &[]);
    fs::write(
        folder.path().join("model.yaml"),
        MANIFEST.replace("name: flowers", "name: roses"),
    )
    .unwrap();
    fit(folder.path(), &[]);
    let names = |arguments: &str| {
        let models = json(folder.path(), arguments)["models"].clone();
        models
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["model"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("list"), ["default/flowers", "default/roses"]);
    assert_eq!(names("list -f model.yaml"), ["default/roses"]);
    let text = run(folder.path(), &["list"]).stdout;
    assert!(
        text.contains("on train\n\ndefault/roses: version 1 is active, ledger revision 1\n"),
        "{text}"
    );
}

#[test]
fn what_was_active_at_a_time_can_be_asked() {
    let folder = flowers();
    fit(folder.path(), &[]);
    fs::write(folder.path().join("model.yaml"), MANIFEST.replace("c: 1", "c: 2")).unwrap();
    fit(folder.path(), &[]);
    let ledger = json(folder.path(), "list")["models"][0]["ledger"].clone();
    let check = |time: &str, active: Value, text: &str| {
        let arguments = format!("list --at {time}");
        assert_eq!(
            json(folder.path(), &arguments)["models"][0]["activeVersion"],
            active,
            "{time}"
        );
        let first = run(folder.path(), &["list", "--at", time])
            .stdout
            .lines()
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(first, format!("default/flowers: {text}"));
    };
    let (first, second) = (
        ledger[0]["time"].as_str().unwrap(),
        ledger[1]["time"].as_str().unwrap(),
    );
    let long_ago = "2001-01-01T00:00:00Z";
    check(
        long_ago,
        Value::Null,
        &format!("no version was active at {long_ago}, ledger revision 0"),
    );
    check(
        first,
        json!(1),
        &format!("version 1 was active at {first}, ledger revision 1"),
    );
    check(
        second,
        json!(2),
        &format!("version 2 was active at {second}, ledger revision 2"),
    );
}

#[test]
fn the_column_of_the_estimators_is_as_wide_as_the_longest_name() {
    let folder = flowers();
    fit(folder.path(), &[]);
    let manifest = MANIFEST.replace("logisticRegression:\n      c: 1", "decisionTreeClassifier: {}");
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    fit(folder.path(), &[]);
    let ended = run(folder.path(), &["list", "--persister", STORE]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let at = lines[1].find("SCORES").unwrap();
    assert!(
        lines[2..]
            .iter()
            .all(|line| line[..at].ends_with("  ") && !line[at..].starts_with(' ')),
        "{lines:#?}"
    );
}
