//! `auriga export`.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::given::{MANIFEST, fails, fit_with, flowers, json, json_error, says};

/// Versions 1, 2 and 3, of which 2 is active.
fn three() -> TempDir {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    fit_with(&folder, "c: 2", "");
    fit_with(&folder, "c: 3", " --no-activate");
    folder
}

fn listed(folder: &TempDir, uri: &str) -> Value {
    json(folder.path(), &format!("list --persister {uri}"))["models"][0].clone()
}

#[test]
fn the_active_version_goes_to_a_folder_and_may_become_active_there() {
    let folder = three();
    let store = format!("file://{}/copies", folder.path().display());
    let text = format!("default/flowers: exported version 2 to {store}; none is active there\n");
    says(
        folder.path(),
        "export -f model.yaml --to file://copies",
        &text,
        "",
    );
    let text = format!("default/flowers: version 2 was in {store} already; none is active there\n");
    says(
        folder.path(),
        "export -f model.yaml --to file://copies",
        &text,
        "",
    );
    let found = json(
        folder.path(),
        "export --model flowers --to file://copies --activate",
    );
    let expected = json!({
        "model": "default/flowers",
        "store": store,
        "exported": [],
        "existing": [2],
        "gone": [],
        "activeVersion": 2,
    });
    assert_eq!(found, expected);
    let (there, here) = (
        listed(&folder, "file://copies"),
        listed(&folder, "sqlite://auriga-data/models.db"),
    );
    assert_eq!(there["versions"], json!([here["versions"][1]]));
    assert_eq!(there["ledger"][0]["reason"], "export");
    // What was exported is served, and numbers go on behind it.
    let tested = json(
        folder.path(),
        "diff 2 2 --model flowers --persister file://copies",
    );
    assert_eq!(tested["differences"], json!([]));
    fit_with(&folder, "c: 9", " --persister file://copies");
    assert_eq!(listed(&folder, "file://copies")["versions"][1]["number"], 3);
}

#[test]
fn all_versions_go_there_and_back() {
    let folder = three();
    let found = json(
        folder.path(),
        "export --model flowers --to file://copies --all --activate",
    );
    assert_eq!(
        (&found["exported"], &found["activeVersion"]),
        (&json!([1, 2, 3]), &json!(2)),
        "{found}"
    );
    let back = "export --model flowers --persister file://copies --to sqlite://back.db --all";
    let text = format!(
        "default/flowers: exported versions 1, 2, 3 to sqlite://{}/back.db; none is active there\n",
        folder.path().display()
    );
    says(folder.path(), back, &text, "");
    assert_eq!(
        listed(&folder, "sqlite://back.db")["versions"],
        listed(&folder, "sqlite://auriga-data/models.db")["versions"]
    );
}

#[test]
fn what_cannot_be_exported_is_told_before_anything_is_made() {
    let folder = flowers();
    fit_with(&folder, "c: 1", " --no-activate");
    let message = "default/flowers has no active version; fit one, or activate one of its versions";
    fails(
        folder.path(),
        "export -f model.yaml --to file://copies",
        2,
        message,
    );
    fails(
        folder.path(),
        "export -f model.yaml --to file://copies --all --activate",
        2,
        message,
    );
    assert_eq!(
        json_error(folder.path(), "export -f model.yaml --to file://copies", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    let message = "--to sqlite://<folder>/auriga-data/models.db is the store that the versions are in; name another one";
    let same = "export -f model.yaml --to sqlite://auriga-data/models.db --all";
    fails(folder.path(), same, 2, message);
    let message = "default/flowers has no version 9; the latest is 1";
    let absent = "export -f model.yaml --to file://copies --version 9";
    fails(folder.path(), absent, 2, message);
    let message = "default/roses has no version at all in sqlite://<folder>/auriga-data/models.db; check the name, or fit one";
    let unknown = "export --model roses --to file://copies --all";
    fails(folder.path(), unknown, 2, message);
    let unknown = "export --model roses --to file://copies --version 1";
    fails(
        folder.path(),
        unknown,
        2,
        "default/roses has no version 1; it has no version at all",
    );
    assert!(!folder.path().join("copies").exists());
    let found = json(
        folder.path(),
        "export -f model.yaml --to file://copies --version 1",
    );
    assert_eq!(found["exported"], json!([1]));
}

#[test]
fn another_version_of_that_number_stays_what_it_is() {
    let folder = three();
    fit_with(&folder, "c: 7", " --persister file://copies");
    let there = listed(&folder, "file://copies")["versions"].clone();
    let here = listed(&folder, "sqlite://auriga-data/models.db")["versions"][0].clone();
    let message = format!(
        "version 1 of default/flowers cannot be imported with digest {}: its number was given here to another version, with \
         digest {}; import it into another store",
        here["digest"].as_str().unwrap(),
        there[0]["digest"].as_str().unwrap()
    );
    let all = "export -f model.yaml --to file://copies --all";
    fails(folder.path(), all, 2, &message);
    assert_eq!(listed(&folder, "file://copies")["versions"], there);
}

#[test]
fn a_version_that_the_manifest_cannot_serve_does_not_become_active_there() {
    let folder = three();
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: length, type: float}\n";
    std::fs::write(folder.path().join("model.yaml"), format!("{MANIFEST}{serving}")).unwrap();
    fails(
        folder.path(),
        "export -f model.yaml --to file://copies --activate",
        2,
        "entry point \"/predict\" maps \"length\" to the feature \"length\", which the version does not have",
    );
    assert!(!folder.path().join("copies").exists());
    let found = json(folder.path(), "export -f model.yaml --to file://copies");
    assert_eq!(found["exported"], json!([2]));
}
