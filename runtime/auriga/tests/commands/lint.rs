//! `auriga lint`.

use serde_json::json;

use super::given::{MANIFEST, fails, files, flowers, iris, json, json_error, says};

#[test]
fn a_valid_manifest_is_said_to_be_valid_without_its_data() {
    let folder = files(&[("model.yaml", MANIFEST)]);
    says(
        folder.path(),
        "lint -f model.yaml",
        "Model default/flowers is valid\n",
        "",
    );
    let found = json(folder.path(), "lint -f model.yaml");
    let hash = found["models"][0]["fitHash"].as_str().unwrap();
    assert!(hash.starts_with("v1-") && hash.len() == 67, "{hash}");
    assert_eq!(
        found,
        json!({ "valid": true, "models": [{ "model": "default/flowers", "fitHash": hash }] })
    );
}

#[test]
fn all_documents_of_all_files_are_checked() {
    let others = MANIFEST.replace("name: flowers", "name: roses\n  namespace: garden");
    let folder = files(&[("two.yaml", &format!("{MANIFEST}---\n{others}"))]);
    let text = "Model default/flowers is valid\nModel garden/roses is valid\n";
    says(folder.path(), "lint -f two.yaml", text, "");
    let third = MANIFEST.replace("name: flowers", "name: trees");
    std::fs::write(folder.path().join("one.yaml"), third).unwrap();
    let text = format!("Model default/trees is valid\n{text}");
    says(folder.path(), "lint -f one.yaml -f two.yaml", &text, "");
}

#[test]
fn every_fault_of_every_file_is_told_with_its_place() {
    let first = MANIFEST.replace("c: 1", "c: -1\n      maxIter: 0");
    let second = MANIFEST.replace("logisticRegression:\n      c: 1", "rige: {}");
    let third = MANIFEST.replace("    target: species\n", "");
    let folder = files(&[
        ("first.yaml", &first),
        ("rest.yaml", &format!("{second}---\n{third}")),
    ]);
    let expected = "\
first.yaml:13:7: spec.estimator.logisticRegression.c: -1: must be greater than 0
first.yaml:14:7: spec.estimator.logisticRegression.maxIter: 0 is out of range; allowed is from 1 to 1000000
rest.yaml:12:5: spec.estimator.rige: is not a known field; did you mean ridge?
rest.yaml:19:3: spec.dataset.target: is missing: The column to predict: classes (text, boolean or whole numbers) for a \
classifier, numbers for a regressor";
    fails(folder.path(), "lint -f first.yaml -f rest.yaml", 2, expected);
    let error = json_error(folder.path(), "lint -f first.yaml -f rest.yaml", 2);
    assert_eq!(
        (&error["error"], &error["kind"]),
        (&expected.into(), &"mistake".into())
    );
    let faults = error["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 4);
    let fault = json!({
        "file": "rest.yaml", "line": 12, "column": 5,
        "path": "spec.estimator.rige", "message": "is not a known field; did you mean ridge?",
    });
    assert_eq!(faults[2], fault);
}

#[test]
fn the_examples_and_nothing_at_all() {
    says(
        iris().path(),
        "lint -f model.yaml",
        "Model default/iris is valid\n",
        "",
    );
    let folder = flowers();
    let message = "there is no Model in these manifests; add a document of kind: Model";
    std::fs::write(folder.path().join("empty.yaml"), "---\n").unwrap();
    fails(folder.path(), "lint -f empty.yaml", 2, message);
}
