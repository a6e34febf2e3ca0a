//! `auriga activate`.

use serde_json::json;

use super::given::{MANIFEST, fails, fit_with, flowers, json, json_error, says};

#[test]
fn the_pointer_moves_back_and_forth_and_the_ledger_says_why() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    fit_with(&folder, "c: 2", "");
    let text = "default/flowers: version 2 -> version 1 is active; ledger revision 3, reason: rollback\n";
    says(folder.path(), "activate 1 -f model.yaml", text, "");
    let found = json(folder.path(), "activate 2 --model flowers");
    let entry = json(folder.path(), "list")["models"][0]["ledger"][3].clone();
    let expected = json!({
        "model": "default/flowers",
        "from": 1,
        "to": 2,
        "revision": 4,
        "reason": "activate",
        "changed": true,
        "digest": entry["digest"],
        "actor": entry["actor"],
        "time": entry["time"],
    });
    assert_eq!(found, expected);
    let text =
        "default/flowers: version 2 -> version 1 is active; ledger revision 5, reason: too many complaints\n";
    let arguments = ["activate", "1", "--model", "default/flowers", "--reason"];
    let ended = crate::support::run(
        folder.path(),
        &[&arguments[..], &["too many complaints"]].concat(),
    );
    assert_eq!((ended.code, &*ended.stdout), (Some(0), text), "{}", ended.stderr);
}

#[test]
fn the_first_version_to_become_active_comes_from_nothing() {
    let folder = flowers();
    fit_with(&folder, "c: 1", " --no-activate");
    let text = "default/flowers: nothing -> version 1 is active; ledger revision 1, reason: activate\n";
    says(folder.path(), "activate 1 -f model.yaml", text, "");
}

#[test]
fn what_is_active_already_stays_so() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    let since = json(folder.path(), "list")["models"][0]["ledger"][0]["time"].clone();
    let text = format!(
        "default/flowers: version 1 is active already, since {}; ledger revision 1\n",
        since.as_str().unwrap()
    );
    says(folder.path(), "activate 1 -f model.yaml", &text, "");
    let found = json(folder.path(), "activate 1 --model flowers");
    assert_eq!(
        (&found["changed"], &found["revision"]),
        (&json!(false), &json!(1)),
        "{found}"
    );
}

#[test]
fn a_version_that_the_entry_points_do_not_fit_is_not_activated() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    fit_with(&folder, "c: 2", "");
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: length, type: float}\n";
    std::fs::write(folder.path().join("model.yaml"), format!("{MANIFEST}{serving}")).unwrap();
    fails(
        folder.path(),
        "activate 1 -f model.yaml",
        2,
        "entry point \"/predict\" maps \"length\" to the feature \"length\", which the version does not have",
    );
    assert_eq!(json(folder.path(), "list")["models"][0]["activeVersion"], 2);
}

#[test]
fn a_version_that_is_not_there_is_refused() {
    let folder = flowers();
    let absent = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    fails(folder.path(), "activate 1 --model flowers", 2, absent);
    fit_with(&folder, "c: 1", "");
    let message = "default/flowers has no version 9; the latest is 1";
    fails(folder.path(), "activate 9 -f model.yaml", 2, message);
    assert_eq!(
        json_error(folder.path(), "activate 9 -f model.yaml", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    fails(
        folder.path(),
        "activate 1 --model roses",
        2,
        "default/roses has no version 1; it has no version at all",
    );
}

#[test]
fn a_reason_is_one_short_line() {
    let folder = flowers();
    fit_with(&folder, "c: 1", " --no-activate");
    let check = |reason: &str, message: &str| {
        let ended = crate::support::run(
            folder.path(),
            &["activate", "1", "-f", "model.yaml", "--reason", reason],
        );
        assert_eq!(
            ended.code,
            Some(if message.is_empty() { 0 } else { 2 }),
            "{ended:?}"
        );
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    };
    check("one\ntwo", "write one line, without control characters");
    check("\u{1b}[31m", "write one line, without control characters");
    check(&"ä".repeat(254), "write at most 253 characters");
    check(&"ä".repeat(253), "");
}
