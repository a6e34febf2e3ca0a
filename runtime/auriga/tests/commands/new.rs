//! `auriga new`.

use std::fs;

use serde_json::json;

use super::given::{fails, json, json_error, says};
use crate::support::{Running, get, run};

#[test]
fn what_it_makes_can_be_checked_fitted_and_served_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = "made flowers; look at flowers/model.yaml, then try\n\n  auriga up -f flowers/model.yaml\n\n";
    says(folder.path(), "new flowers", text, "");
    says(
        folder.path(),
        "lint -f flowers/model.yaml",
        "Model default/flowers is valid\n",
        "",
    );
    let fitted = json(folder.path(), "fit -f flowers/model.yaml");
    assert_eq!(fitted["scores"]["test"]["accuracy"], 0.96, "{fitted}");
    let mut up = Running::start(folder.path(), &["up", "-f", "flowers/model.yaml"]);
    let address = up.ready();
    // The flower of its README.
    let readme = fs::read_to_string(folder.path().join("flowers/README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("/predict?")).unwrap();
    let target = line.trim().trim_end_matches('\'').split_once(":8080").unwrap().1;
    assert_eq!(get(address, target).json()["result"], "Iris-setosa");
}

#[test]
fn every_command_of_its_readme_works() {
    let folder = tempfile::tempdir().unwrap();
    json(folder.path(), "new iris");
    let project = folder.path().join("iris");
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    let mut n_commands = 0;
    for line in readme.lines().filter_map(|line| line.strip_prefix("    auriga ")) {
        let command = line.split('#').next().unwrap().trim();
        if command.starts_with("up ") {
            continue;
        }
        if command.starts_with("diff -f") {
            let manifest = fs::read_to_string(project.join("model.yaml")).unwrap();
            fs::write(project.join("model.yaml"), manifest.replace("c: 1.0", "c: 0.5")).unwrap();
            assert_eq!(json(&project, command)["wouldRefit"], true);
            assert_eq!(json(&project, "fit -f model.yaml")["version"], 2);
        }
        let ended = run(&project, &command.split(' ').collect::<Vec<_>>());
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        n_commands += 1;
    }
    assert_eq!(n_commands, 7);
}

#[test]
fn the_folder_may_be_called_otherwise_and_be_there_already_if_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("here")).unwrap();
    // A word that YAML would read as a boolean.
    let found = json(folder.path(), "new on --path here");
    assert_eq!(
        found,
        json!({
            "model": "on",
            "folder": "here",
            "manifest": "here/model.yaml",
            "files": ["model.yaml", "README.md", "iris.csv"],
        })
    );
    says(
        folder.path(),
        "lint -f here/model.yaml",
        "Model default/on is valid\n",
        "",
    );
}

#[test]
fn what_is_there_is_left_alone_and_a_bad_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("iris")).unwrap();
    fs::write(folder.path().join("iris/notes"), "mine").unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    let message = "iris holds files already; choose another name, or another folder with --path";
    fails(folder.path(), "new iris", 2, message);
    assert_eq!(
        json_error(folder.path(), "new iris", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    assert_eq!(fs::read_dir(folder.path().join("iris")).unwrap().count(), 1);
    let message = "file is a file; choose another name, or another folder with --path";
    fails(folder.path(), "new file", 2, message);
    fails(
        folder.path(),
        "new Iris",
        2,
        "invalid value 'Iris' for '<NAME>': model name \"Iris\" is not valid: use at most 52 lower-case letters, digits and \
         \"-\", starting with a letter and not ending with \"-\"\n\nFor more information, try '--help'.",
    );
}

#[test]
fn its_commands_find_one_store_wherever_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = "two words";
    let ended = run(folder.path(), &["new", "iris", "--path", path]);
    let command = "  auriga up -f 'two words/model.yaml'\n";
    assert!(ended.stdout.contains(command), "{}", ended.stdout);
    let fitted = run(folder.path(), &["fit", "-f", "two words/model.yaml"]);
    assert_eq!(fitted.code, Some(0), "{fitted:?}");
    let listed = json(&folder.path().join(path), "list -f model.yaml");
    assert_eq!(listed["models"][0]["activeVersion"], 1);
    assert!(!folder.path().join("auriga-data").exists());
}
