//! `auriga diff`.

use std::fs;

use serde_json::{Value, json};

use super::given::{FLOWERS, MANIFEST, fails, files, fit_with, flowers, json, json_error, says};

const NOTE: &str = "note: serving decides no fit; the rows were not read, and `auriga fit` fits again if they have changed\n";

fn change(found: &Value, path: &str) -> Value {
    let differences = found["differences"].as_array().unwrap().iter();
    let found: Vec<_> = differences
        .filter(|difference| difference["path"] == path)
        .collect();
    assert_eq!(found.len(), 1, "{path}: {found:?}");
    found[0].clone()
}

#[test]
fn two_versions_differ_in_named_fields() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    fit_with(&folder, "c: 2", "");
    let found = json(folder.path(), "diff 1 2 -f model.yaml");
    let versions = json(folder.path(), "list")["models"][0]["versions"].clone();
    for (at, name) in ["old", "new"].into_iter().enumerate() {
        let version = &versions[at];
        let check =
            |path: &str, expected: &Value| assert_eq!(change(&found, path)[name], *expected, "{path}");
        check("digest", &version["digest"]);
        check("created", &version["created"]);
        check("trained", &version["facts"]["trained"]);
        for metric in ["neg_brier_score", "neg_log_loss"] {
            let score = &version["facts"]["scores"]["train"][metric];
            check(&format!("scores.train.{metric}"), score);
        }
        assert_eq!(found[name], version["number"]);
    }
    assert_eq!(found["specsKnown"], true);
    let c = "spec.estimator.logisticRegression.c";
    assert_eq!(change(&found, c), json!({ "path": c, "old": 1.0, "new": 2.0 }));
    assert_eq!(found["differences"].as_array().unwrap().len(), 6, "{found}");

    let ended = crate::support::run(folder.path(), &["diff", "1", "2", "--model", "flowers"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "default/flowers: version 1 -> version 2");
    assert_eq!(lines[1], "  spec.estimator.logisticRegression.c: 1.0 -> 2.0");
    let loss = &versions[0]["facts"]["scores"]["train"]["neg_brier_score"];
    assert!(
        lines[2].starts_with(&format!("  scores.train.neg_brier_score: {loss} -> -0."))
            && lines[2].ends_with(')'),
        "{}",
        lines[2]
    );
    assert_eq!(
        *lines.last().unwrap(),
        "  both were fitted and scored on the same rows"
    );
    says(
        folder.path(),
        "diff 2 2 -f model.yaml",
        "default/flowers: version 2 -> version 2\n  no difference\n",
        "",
    );
}

#[test]
fn columns_that_came_went_or_changed_are_told() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    let rows = "length,width,species\n1,a,1\n2,b,2\n3,a,1\n4,b,2\n";
    let manifest = MANIFEST.replace(
        "  estimator:",
        "  transformers:\n    - name: widths\n      columns: [width]\n      oneHotEncoder: {}\n  estimator:",
    );
    fs::write(folder.path().join("flowers.csv"), rows).unwrap();
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    json(folder.path(), "fit -f model.yaml");
    let found = json(folder.path(), "diff 1 2 -f model.yaml");
    let check = |path: &str, expected: Value| {
        let mut expected = expected;
        expected["path"] = path.into();
        assert_eq!(change(&found, path), expected);
    };
    check("signature.features[length]", json!({ "new": "number" }));
    check(
        "signature.features[width]",
        json!({ "old": "number", "new": "text" }),
    );
    check(
        "signature.target",
        json!({ "old": "species (text)", "new": "species (number)" }),
    );
    assert_ne!(change(&found, "dataHash")["old"], Value::Null);
    let step = change(&found, "spec.transformers[widths]");
    assert_eq!(
        step["new"],
        json!({ "name": "widths", "columns": ["width"], "oneHotEncoder": {} })
    );
}

#[test]
fn an_edit_that_decides_the_fit_is_told_and_one_of_serving_is_none() {
    let folder = flowers();
    let text = "default/flowers: would be fitted for the first time; there is no version yet\n";
    says(folder.path(), "diff -f model.yaml", text, "");
    assert!(!folder.path().join("auriga-data").exists());
    fit_with(&folder, "c: 1", "");

    let same =
        format!("default/flowers: no refit: version 1, which is active, was fitted to this manifest\n{NOTE}");
    let serving = format!("{MANIFEST}  serving:\n    entryPoints:\n      - path: /flowers\n");
    fs::write(folder.path().join("model.yaml"), serving).unwrap();
    says(folder.path(), "diff -f model.yaml", &same, "");

    fs::write(folder.path().join("model.yaml"), MANIFEST.replace("c: 1", "c: 2")).unwrap();
    let again = "default/flowers: would be fitted again\nagainst version 1, which is active:\n  \
                 spec.estimator.logisticRegression.c: 1.0 -> 2.0\n";
    says(folder.path(), "diff -f model.yaml", again, "");
    let found = json(folder.path(), "diff -f model.yaml");
    let lint = json(folder.path(), "lint -f model.yaml");
    assert_eq!(
        found,
        json!({
            "model": "default/flowers",
            "wouldRefit": true,
            "message": "would be fitted again",
            "fitHash": lint["models"][0]["fitHash"],
            "activeVersion": 1,
            "taken": null,
            "comparedWith": 1,
            "differences": [{ "path": "spec.estimator.logisticRegression.c", "old": 1.0, "new": 2.0 }],
            "specsKnown": true,
        })
    );
}

#[test]
fn a_version_that_was_fitted_to_it_before_is_taken_without_a_fit() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    fit_with(&folder, "c: 2", "");
    fs::write(folder.path().join("model.yaml"), MANIFEST).unwrap();
    let text = format!(
        "default/flowers: no refit: version 1 was fitted to this manifest before and would become active\nagainst version 2, \
         which is active:\n  spec.estimator.logisticRegression.c: 2.0 -> 1.0\n{NOTE}"
    );
    says(folder.path(), "diff -f model.yaml", &text, "");
    let found = json(folder.path(), "diff -f model.yaml");
    assert_eq!(
        (&found["wouldRefit"], &found["taken"]),
        (&json!(false), &json!(1)),
        "{found}"
    );
    // Against a version that is given there is no difference.
    let found = json(folder.path(), "diff 1 -f model.yaml");
    assert_eq!(
        (&found["comparedWith"], &found["differences"]),
        (&json!(1), &json!([]))
    );
}

#[test]
fn another_text_in_a_config_map_is_another_fit() {
    let manifest = MANIFEST.replace("path: flowers.csv", "configMap: {name: rows, key: flowers.csv}");
    let with = |rows: &str| {
        let rows = rows.replace('\n', "\n    ");
        format!(
            "{manifest}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: rows\ndata:\n  flowers.csv: |\n    {}\n",
            rows.trim_end()
        )
    };
    let folder = files(&[("model.yaml", &with(FLOWERS))]);
    assert_eq!(json(folder.path(), "fit -f model.yaml")["version"], 1);
    let edited = with(&format!("{FLOWERS}0.25,setosa\n"));
    fs::write(folder.path().join("model.yaml"), edited).unwrap();
    let found = json(folder.path(), "diff -f model.yaml");
    let text = change(&found, "ConfigMap rows, key flowers.csv");
    assert_eq!(
        (
            &found["wouldRefit"],
            found["differences"].as_array().unwrap().len()
        ),
        (&json!(true), 1)
    );
    let length = FLOWERS.len();
    for (name, length) in [("old", length), ("new", length + 12)] {
        let shown = text[name].as_str().unwrap();
        assert!(shown.starts_with(&format!("{length} bytes, sha256:")), "{shown}");
    }
}

#[test]
fn what_cannot_be_compared_is_told() {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    let message = "default/flowers has no version 9; the latest is 1";
    fails(folder.path(), "diff 1 9 -f model.yaml", 2, message);
    fails(folder.path(), "diff 9 -f model.yaml", 2, message);
    assert_eq!(
        json_error(folder.path(), "diff 9 1 --model flowers", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    let message = "name two versions to compare, or with -f a manifest to compare with one";
    fails(folder.path(), "diff --model flowers", 2, message);
    fails(folder.path(), "diff 1 --model flowers", 2, message);
}

#[test]
fn averages_of_the_cross_validation_and_importances_are_compared() {
    let folder = flowers();
    let fit = |estimator: &str| {
        let manifest = MANIFEST.replace(
            "    logisticRegression:\n      c: 1\n",
            &format!("    {estimator}\n"),
        );
        let training = "  training: {scoring: accuracy, crossValidation: {stratifiedKFold: {nSplits: 3}}}\n";
        fs::write(folder.path().join("model.yaml"), format!("{manifest}{training}")).unwrap();
        json(folder.path(), "fit -f model.yaml")["version"].clone()
    };
    assert_eq!(fit("decisionTreeClassifier: {maxDepth: 1}"), 1);
    assert_eq!(fit("logisticRegression: {c: 1}"), 2);
    let found = json(folder.path(), "diff 1 2 -f model.yaml");
    let versions = json(folder.path(), "list")["models"][0]["versions"].clone();
    for (at, name) in ["old", "new"].into_iter().enumerate() {
        let averages = &versions[at]["facts"]["crossValidation"];
        for average in ["mean", "std"] {
            let difference = change(&found, &format!("crossValidation.{average}.neg_log_loss"));
            assert_eq!(difference[name], averages[average]["neg_log_loss"], "{average}");
        }
    }
    let path = "importances[width]";
    assert_eq!(change(&found, path), json!({ "path": path, "old": 1.0 }));
    let ended = crate::support::run(folder.path(), &["diff", "1", "2", "-f", "model.yaml"]);
    let line = (ended.stdout.lines()).find(|line| line.contains("crossValidation.mean.neg_log_loss"));
    assert!(line.is_some_and(|line| line.ends_with(')')), "{}", ended.stdout);
}
