//! `auriga fit` with a cross-validation, and what becomes of its scores.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::given::{iris, json, says};
use crate::support::run;

/// The iris example with this under `training`.
fn trained(training: &str) -> TempDir {
    let folder = iris();
    retrain(folder.path(), training);
    folder
}

fn retrain(folder: &Path, training: &str) {
    let path = folder.join("model.yaml");
    let manifest = fs::read_to_string(&path).unwrap();
    let manifest = manifest.split("  training:").next().unwrap().to_owned();
    fs::write(path, format!("{manifest}  training: {training}\n")).unwrap();
}

/// Takes `dataset.test` out of the manifest.
fn without_test(folder: &Path) {
    let path = folder.join("model.yaml");
    let manifest = fs::read_to_string(&path).unwrap();
    let (before, rest) = manifest.split_once("    test:").unwrap();
    let (_, after) = rest.split_once("    target:").unwrap();
    fs::write(path, format!("{before}    target:{after}")).unwrap();
}

#[test]
fn mean_and_deviation_stand_beside_the_score_on_test() {
    let folder = trained("{crossValidation: {stratifiedKFold: {}}}");
    let scores = "accuracy 0.9600 on test, 0.9700 ± 0.0400 in 5 folds, neg_log_loss -0.1924 on test, -0.2762 ± 0.0368 in 5 \
                  folds, accuracy 0.9800 on train, neg_log_loss -0.2451 on train";
    let progress =
        " splitting iris into 5 folds by stratifiedKFold\n   fitting iris on 100 rows with 4 features\n";
    let text = format!("default/iris: fitted as version 1, active; {scores}\n");
    says(folder.path(), "fit -f model.yaml", &text, progress);
    let again = format!("default/iris: already fitted as version 1, active; {scores}\n");
    says(folder.path(), "fit -f model.yaml", &again, "");
    assert!(run(folder.path(), &["list"]).stdout.contains(scores));
}

#[test]
fn programs_get_every_fold_from_the_fit_and_from_the_list() {
    let folder =
        trained("{scoring: f1_macro, crossValidation: {kFold: {nSplits: 4, shuffle: true, randomState: 7}}}");
    let fitted = json(folder.path(), "fit -f model.yaml");
    let listed = json(folder.path(), "list")["models"][0]["versions"][0]["facts"].clone();
    assert_eq!(fitted["crossValidation"], listed["crossValidation"]);
    assert_eq!(listed["scoring"], "f1_macro");
    let found = &fitted["crossValidation"];
    assert_eq!(found["splitter"], "kFold");
    let folds = found["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 4);
    for fold in folds {
        assert_eq!((&fold["nTrain"], &fold["nTest"]), (&json!(75), &json!(25)));
    }
    let of = |fold: &Value, part: &str| fold[part]["f1_macro"].as_f64().unwrap();
    let mean = folds.iter().map(|fold| of(fold, "test")).sum::<f64>() / 4.0;
    assert!((found["mean"]["f1_macro"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!(folds.iter().all(|fold| of(fold, "train") > 0.9));
    assert_eq!(
        folds[0]["test"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["accuracy", "f1_macro", "neg_log_loss"],
        "the averages alone have every metric"
    );
    assert!(found["mean"].as_object().unwrap().len() > 10);
    let line = run(folder.path(), &["list"]).stdout;
    assert!(
        line.contains("  f1_macro "),
        "the metric that counts comes first: {line}"
    );

    let unsaved = json(folder.path(), "fit -f model.yaml --no-save");
    assert_eq!(
        unsaved["crossValidation"], *found,
        "a random state makes the same folds"
    );
    retrain(folder.path(), "{scoring: f1_macro}");
    assert_eq!(
        json(folder.path(), "fit -f model.yaml")["crossValidation"],
        Value::Null
    );
}

#[test]
fn without_test_rows_the_mean_of_the_folds_decides() {
    let split = "crossValidation: {stratifiedKFold: {}}";
    let folder = trained(&format!("{{saveIfBetterThan: 0.965, {split}}}"));
    let message = || json(folder.path(), "fit -f model.yaml")["message"].clone();
    assert_eq!(
        message(),
        "accuracy on test is 0.96, not greater than 0.965: nothing was written"
    );
    without_test(folder.path());
    assert_eq!(message(), Value::Null, "0.97 on average");
    retrain(folder.path(), &format!("{{saveIfBetterThan: 0.975, {split}}}"));
    let said = message().as_str().unwrap().to_owned();
    assert!(said.starts_with("accuracy in 5 folds is 0.9"), "{said}");
    assert!(
        said.ends_with(", not greater than 0.975: nothing was written"),
        "{said}"
    );
    retrain(folder.path(), "{saveIfBetterThan: 0.975}");
    assert_eq!(message(), Value::Null, "0.98 on train");
}

#[test]
fn groups_stay_together_and_are_no_feature() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..24)
        .map(|row| {
            format!(
                "{},{},{}",
                row % 4,
                row % 6,
                if row % 4 > 1 { "high" } else { "low" }
            )
        })
        .collect();
    fs::write(
        folder.path().join("rows.csv"),
        format!("x,patient,level\n{}\n", rows.join("\n")),
    )
    .unwrap();
    let manifest = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata: {name: levels}
spec:
  dataset:
    train: {csv: {path: rows.csv}}
    target: level
  estimator: {logisticRegression: {}}
  training: {crossValidation: {groupKFold: {nSplits: 3, groups: patient}}}
";
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    let fitted = json(folder.path(), "fit -f model.yaml");
    assert_eq!(
        fitted["crossValidation"]["folds"][0]["nTest"], 8,
        "two of six patients"
    );
    let facts = json(folder.path(), "list")["models"][0]["versions"][0]["facts"].clone();
    assert_eq!(
        facts["signature"]["features"],
        json!([{ "name": "x", "kind": "number" }])
    );
}

#[test]
fn a_class_too_rare_for_every_fold_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "x,kind\n1,a\n2,a\n3,a\n4,a\n5,b\n6,b\n7,b\n8,c\n9,c\n";
    let manifest = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata: {name: kinds}
spec:
  dataset:
    train: {csv: {path: rows.csv}}
    target: kind
  estimator: {logisticRegression: {}}
  training: {crossValidation: {stratifiedKFold: {nSplits: 3}}}
";
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    let said = run(folder.path(), &["fit", "-f", "model.yaml"]).stderr;
    let note = "      note the class \"c\" has 2 rows, fewer than the 3 folds: not every fold scores it\n";
    assert!(said.contains(note), "{said}");
}
