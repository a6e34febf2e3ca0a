//! `auriga delete`.

use std::{io::Write, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::given::{fails, fit_with, flowers, json, json_error, says};
use crate::support::AURIGA;

/// Versions 1 and 2, inactive, and 3, which is active.
fn three() -> TempDir {
    let folder = flowers();
    for c in ["c: 1", "c: 2", "c: 3"] {
        fit_with(&folder, c, "");
    }
    folder
}

fn versions(folder: &TempDir) -> Vec<Value> {
    let model = json(folder.path(), "list")["models"][0].clone();
    let versions = model["versions"].as_array().unwrap().iter();
    versions.map(|version| version["number"].clone()).collect()
}

#[test]
fn versions_are_deleted_and_their_numbers_stay_used() {
    let folder = three();
    let text = "default/flowers: deleted versions 1, 2\n";
    says(folder.path(), "delete 2 1 2 -f model.yaml --yes", text, "");
    assert_eq!(versions(&folder), [3]);
    fit_with(&folder, "c: 4", "");
    let found = json(folder.path(), "delete 3 --model flowers -y");
    assert_eq!(found, json!({ "model": "default/flowers", "deleted": [3] }));
    assert_eq!(versions(&folder), [4]);
}

#[test]
fn all_are_checked_before_one_is_deleted() {
    let folder = three();
    let message = "\
version 3 of default/flowers is active; activate another one before deleting it
default/flowers has no version 9; the latest is 3
`auriga activate 2` would make version 2 the active one";
    fails(folder.path(), "delete 1 3 9 -f model.yaml --yes", 2, message);
    assert_eq!(
        json_error(folder.path(), "delete 9 -f model.yaml --yes", 2),
        json!({ "error": "default/flowers has no version 9; the latest is 3", "kind": "mistake", "faults": [] })
    );
    assert_eq!(versions(&folder), [1, 2, 3]);
}

#[test]
fn without_a_terminal_to_ask_on_it_must_be_told_twice() {
    let folder = three();
    let message = "deleting versions 1, 2 of default/flowers cannot be undone, and there is no terminal to ask on; confirm \
                   with --yes";
    fails(folder.path(), "delete 1 2 -f model.yaml", 2, message);
    assert_eq!(versions(&folder), [1, 2, 3]);
}

#[test]
fn on_a_terminal_the_user_is_asked() {
    let folder = three();
    let check = |answer: &str, said: &str, left: &[u64]| {
        let command = format!("{AURIGA} delete 1 -f model.yaml");
        let mut terminal = std::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = terminal.stdin.take().unwrap();
        stdin.write_all(answer.as_bytes()).unwrap();
        // `script` ends the session with its input, so the input has to stay open until the command has ended.
        let ended = terminal.wait_with_output().unwrap();
        drop(stdin);
        let shown = String::from_utf8(ended.stdout).unwrap();
        let question = "delete version 1 of default/flowers in sqlite://";
        assert!(ended.status.success() && shown.contains(question), "{shown}");
        assert!(
            shown.contains(" for good? [y/N] ") && shown.contains(said),
            "{shown}"
        );
        assert_eq!(versions(&folder), left, "{answer:?}");
    };
    check("\n", "nothing was deleted", &[1, 2, 3]);
    check("no\n", "nothing was deleted", &[1, 2, 3]);
    check("y\n", "default/flowers: deleted version 1", &[2, 3]);
}
