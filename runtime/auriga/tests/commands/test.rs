//! `auriga test`.

use std::fs;

use serde_json::json;

use super::given::{MANIFEST, fails, files, flowers, iris, json, json_error, says};

#[test]
fn the_active_version_is_scored_on_the_test_rows() {
    let folder = iris();
    let fitted = json(folder.path(), "fit -f model.yaml");
    let digest = fitted["digest"].as_str().unwrap();
    let text = format!(
        "default/iris: version 1 (active) scores accuracy 0.9600 on test, neg_log_loss -0.1924 on test\n  digest {digest}\n"
    );
    says(folder.path(), "test -f model.yaml", &text, "");
    let before = json(folder.path(), "list");
    assert_eq!(
        json(folder.path(), "test -f model.yaml"),
        json!({
            "model": "default/iris",
            "version": 1,
            "digest": digest,
            "active": true,
            "rows": 50,
            "scores": { "test": fitted["scores"]["test"] },
            "stored": fitted["scores"],
            "differs": false,
        })
    );
    assert_eq!(json(folder.path(), "list"), before, "nothing is written");
}

#[test]
fn a_score_that_is_no_longer_what_it_was_stands_beside_the_old_one() {
    let folder = iris();
    json(folder.path(), "fit -f model.yaml");
    let digest = json(folder.path(), "fit -f model.yaml")["digest"].clone();
    // The last of the test rows gets another species.
    let rows = fs::read_to_string(folder.path().join("iris.csv")).unwrap();
    let (rest, last) = rows.trim_end().rsplit_once('\n').unwrap();
    let (cells, species) = last.rsplit_once(',').unwrap();
    let other = if species == "Iris-setosa" {
        "Iris-virginica"
    } else {
        "Iris-setosa"
    };
    fs::write(
        folder.path().join("iris.csv"),
        format!("{rest}\n{cells},{other}\n"),
    )
    .unwrap();
    let found = json(folder.path(), "test -f model.yaml --version 1");
    assert_eq!(
        (&found["differs"], &found["digest"]),
        (&json!(true), &digest),
        "{found}"
    );
    let (now, then) = (
        found["scores"]["test"]["neg_log_loss"].as_f64().unwrap(),
        found["stored"]["test"]["neg_log_loss"].as_f64().unwrap(),
    );
    let text = format!(
        "default/iris: version 1 (active) scores accuracy 0.9400 on test, neg_log_loss {now:.4} on test\n  digest {}\n  \
         accuracy was 0.96 when it was fitted, and is 0.94\n  neg_log_loss was {then} when it was fitted, and is {now}\n",
        digest.as_str().unwrap()
    );
    says(folder.path(), "test -f model.yaml", &text, "");
}

#[test]
fn a_version_may_be_given_and_none_need_be_active() {
    let folder = iris();
    json(folder.path(), "fit -f model.yaml --no-activate");
    let message = "default/iris has no active version; fit one, or activate one of its versions";
    fails(folder.path(), "test -f model.yaml", 2, message);
    let found = json(folder.path(), "test -f model.yaml --version 1");
    assert_eq!(
        (&found["version"], &found["active"]),
        (&json!(1), &json!(false)),
        "{found}"
    );
}

#[test]
fn columns_of_few_test_rows_are_what_the_version_learned_them_as() {
    let manifest = MANIFEST.replace(
        "    target: species\n",
        "    test:\n      csv:\n        inline: \"code,species\\n007,setosa\\n\"\n    target: species\n",
    );
    let rows = "code,species\nA1,setosa\n007,virginica\nA1,setosa\n007,virginica\n";
    let encoder = "  transformers:\n    - name: codes\n      oneHotEncoder: {}\n  estimator:";
    let folder = files(&[
        ("flowers.csv", rows),
        ("model.yaml", &manifest.replace("  estimator:", encoder)),
    ]);
    let fitted = json(folder.path(), "fit -f model.yaml");
    let found = json(folder.path(), "test -f model.yaml");
    assert_eq!(found["scores"]["test"], fitted["scores"]["test"]);
    assert_eq!(found["scores"]["test"]["accuracy"], 0.0, "{found}");
}

#[test]
fn what_cannot_be_tested_is_told_with_its_remedy() {
    let folder = iris();
    let absent = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    fails(folder.path(), "test -f model.yaml", 2, absent);
    json(folder.path(), "fit -f model.yaml");
    let message = "default/iris has no version 9; the latest is 1";
    fails(folder.path(), "test -f model.yaml --version 9", 2, message);
    assert_eq!(
        json_error(folder.path(), "test -f model.yaml --version 9", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    let model = folder.path().join("model.yaml");
    let manifest = fs::read_to_string(&model).unwrap();
    let check = |manifest: &str, message: &str| {
        fs::write(&model, manifest).unwrap();
        fails(folder.path(), "test -f model.yaml", 2, message);
    };
    check(
        &manifest.replace("target: species", "target: petal width"),
        "spec.dataset.target: the version predicts \"species\", not \"petal width\"; fit again, or test with the manifest \
         that it was fitted to",
    );
    check(
        &manifest.replace(
            "skiprows: 100",
            "skiprows: 100\n        usecols: [petal width, species]",
        ),
        "spec.dataset.test: iris.csv has no column \"sepal length\"; it has \"petal width\"",
    );
    let folder = flowers();
    json(folder.path(), "fit -f model.yaml");
    fails(
        folder.path(),
        "test -f model.yaml",
        2,
        "spec.dataset.test is missing; name there the rows to score on, which no fit has seen",
    );
}
