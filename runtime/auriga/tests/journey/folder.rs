//! The whole way with a store that is a folder of files.

use std::fs;

use serde_json::Value;

use super::workbench::{FLOWER, Workbench, has};
use crate::support::{get, run};

const STORE: &str = "persister:\n    uri: file://auriga-data/store";

fn in_a_folder() -> Workbench {
    let bench = Workbench::new("iris");
    let manifest = bench
        .manifest()
        .replacen("spec:", &format!("spec:\n  {STORE}"), 1);
    bench.write_manifest(&manifest);
    bench
}

/// What `auriga list` says of the Model in its folder.
fn listed(bench: &Workbench) -> Value {
    let ended = run(bench.path(), &["list", "-f", "model.yaml", "--output", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    found["models"][0].clone()
}

#[test]
fn a_folder_keeps_what_up_fits_and_a_killed_process_comes_back_with_it() {
    let bench = in_a_folder();
    let mut first = bench.up();
    let address = first.ready();
    assert!(has(&first.seen, "fitting"), "{:?}", first.seen);
    let before = get(address, FLOWER).json();
    assert_eq!(listed(&bench)["activeVersion"], 1);
    let mark = bench.path().join("auriga-data/store/auriga-store.json");
    assert!(mark.exists(), "the folder is beside the manifest");
    first.signal("KILL");
    first.ended();

    let mut second = bench.up();
    let address = second.ready();
    assert!(!has(&second.seen, "fitting"), "{:?}", second.seen);
    assert_eq!(get(address, FLOWER).json(), before);
    assert_eq!(listed(&bench)["properties"]["ledgerRevision"], 1);
}

#[test]
fn serve_takes_up_what_another_process_activates_in_a_folder() {
    let bench = in_a_folder();
    assert_eq!(bench.fit(&[])["version"], 1);
    let mut serve = bench.serve(&[]);
    let address = serve.listening();
    assert_eq!(serve.wait_for("serving")["version"], 1);
    fs::write(bench.path().join("changed.yaml"), bench.manifest_with_c("0.5")).unwrap();
    assert_eq!(run(bench.path(), &["fit", "-f", "changed.yaml"]).code, Some(0));
    assert_eq!(serve.wait_for("serving")["version"], 2);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("2"));
    let models = listed(&bench);
    assert_eq!(
        (&models["activeVersion"], &models["damaged"]),
        (&2.into(), &Value::Array(Vec::new()))
    );
}
