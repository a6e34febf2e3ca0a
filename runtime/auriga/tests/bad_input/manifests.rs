//! Manifests that describe no Model, or one that cannot be fitted.

use super::given::{MODEL, ROWS, given, model};

/// The good manifest with one piece replaced must be refused with these words.
#[track_caller]
fn refused(old: &str, new: &str, message: &str) {
    given(model(old, new), ROWS).fit_fails(2, message);
}

#[test]
fn words_that_are_not_known_get_those_that_are() {
    refused(
        "logisticRegression:\n      c: 0.3",
        "perceptron: {}",
        "model.yaml:12:5: spec.estimator.perceptron: is not a known field; known are decisionTreeClassifier, \
         decisionTreeRegressor, linearRegression, logisticRegression, randomForestClassifier, randomForestRegressor, ridge",
    );
    refused(
        "logisticRegression:",
        "logisticRegresion:",
        "model.yaml:12:5: spec.estimator.logisticRegresion: is not a known field; did you mean logisticRegression?",
    );
    refused(
        "c: 0.3",
        "maxIters: 3\n      C: 1",
        "model.yaml:13:7: spec.estimator.logisticRegression.maxIters: is not a known field; did you mean maxIter?\n\
         model.yaml:14:7: spec.estimator.logisticRegression.C: is not a known field; did you mean c?",
    );
    refused(
        "path: rows.csv",
        "path: rows.csv\n        types: {length: float}",
        "model.yaml:10:17: spec.dataset.train.csv.types.length: \"float\" is not a known value; known are number, \
         text, boolean",
    );
    refused(
        "c: 0.3",
        "c: 0.3\n  training: {scoring: roc_auk}",
        "model.yaml:14:14: spec.training.scoring: \"roc_auk\" is not a known value; did you mean roc_auc?",
    );
}

#[test]
fn values_out_of_range_get_the_range() {
    refused(
        "c: 0.3",
        "c: -1",
        "model.yaml:13:7: spec.estimator.logisticRegression.c: -1: must be greater than 0",
    );
    refused(
        "c: 0.3",
        "tol: 2",
        "model.yaml:13:7: spec.estimator.logisticRegression.tol: 2 is out of range; allowed is from 0 to 1",
    );
    refused(
        "c: 0.3",
        "c: 0.3\n  historyLimit: 0",
        "model.yaml:14:3: spec.historyLimit: 0 is out of range; allowed is from 1 to 10000",
    );
    refused(
        "c: 0.3",
        "c: .nan",
        "model.yaml:13:10: .nan is not a finite number; write one",
    );
    refused(
        "c: 0.3",
        "c: 1e999",
        "model.yaml:13:10: 1e999 is not a finite number; write one",
    );
    refused(
        "c: 0.3",
        "c: many",
        "model.yaml:13:7: spec.estimator.logisticRegression.c: \"many\" is not a number",
    );
    refused(
        "c: 0.3",
        "c:",
        "model.yaml:13:7: spec.estimator.logisticRegression.c: is empty; give it a value or remove the line",
    );
    refused(
        "name: iris",
        "name: Iris_1",
        "model.yaml:4:3: metadata.name: \"Iris_1\": use at most 52 lower-case letters, digits and \"-\", starting \
         with a letter and not ending with \"-\"; the Model's Service has the same name",
    );
}

#[test]
fn of_a_union_exactly_one_member_is_taken() {
    refused(
        "c: 0.3",
        "c: 0.3\n    ridge: {}",
        "model.yaml:11:3: spec.estimator: choose exactly one estimator: logisticRegression, linearRegression, ridge, \
         decisionTreeClassifier, decisionTreeRegressor, randomForestClassifier or randomForestRegressor",
    );
    refused(
        "path: rows.csv",
        "path: rows.csv\n        url: https://example.org/rows.csv",
        "model.yaml:8:7: spec.dataset.train.csv: choose exactly one place of the rows: path, url, configMap or inline",
    );
    refused(
        "path: rows.csv",
        "header: true",
        "model.yaml:8:7: spec.dataset.train.csv: choose exactly one place of the rows: path, url, configMap or inline",
    );
}

#[test]
fn addresses_with_a_password_are_refused_without_it() {
    refused(
        "path: rows.csv",
        "url: https://me:hunter2@example.org/rows.csv",
        "model.yaml:9:9: spec.dataset.train.csv.url: \"https://***@example.org/rows.csv\": a user or password must not \
         stand in an address, where logs and status would show it",
    );
    refused(
        "path: rows.csv",
        "url: ftp://example.org/rows.csv",
        "model.yaml:9:9: spec.dataset.train.csv.url: \"ftp://example.org/rows.csv\": write a URL that starts with \
         https://, http:// or file://",
    );
    refused(
        "c: 0.3",
        "c: 0.3\n  persister: {uri: \"s3://bucket\"}",
        "model.yaml:14:15: spec.persister.uri: \"s3://bucket\": write sqlite://<path of a file> or \
         file://<path of a folder>, absolute or relative to the manifest, such as sqlite://auriga-data/models.db, or \
         postgres://<host>/<database>",
    );
}

#[test]
fn what_a_manifest_refers_to_must_be_there() {
    let named = "configMap: {name: rows, key: rows.csv}";
    let absent = "model.yaml:9:9: spec.dataset.train.csv.configMap: there is no ConfigMap rows with the key rows.csv; \
                  add it to the manifests given with -f";
    let config_map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: rows}\ndata: {row.csv: x}\n";
    refused("path: rows.csv", named, absent);
    given(model("path: rows.csv", named) + config_map, "").fit_fails(2, absent);
}

#[test]
fn one_model_is_wanted() {
    given("", ROWS).fit_fails(2, "model.yaml holds no Model; add a document of kind: Model");
    given(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rows}\ndata: {}\n",
        ROWS,
    )
    .fit_fails(2, "model.yaml holds no Model; add a document of kind: Model");
    given([MODEL, MODEL].join("---\n"), ROWS).fit_fails(
        2,
        "model.yaml:18:3: metadata.name: Model default/iris is there already; each may be given once",
    );
    let other = model("name: iris", "name: other");
    given([MODEL, other.as_str()].join("---\n"), ROWS).fit_fails(
        2,
        "model.yaml holds 2 Models; this command works on one, so keep each Model in a file of its own",
    );
    refused(
        "kind: Model",
        "kind: Modle",
        "model.yaml:2:1: kind: \"Modle\" is not known; write Model",
    );
    given("hello", ROWS).fit_fails(
        2,
        "model.yaml:1:1: \"hello\" is no manifest; write a map of apiVersion, kind, metadata and spec",
    );
}

#[test]
fn what_is_no_yaml_is_named_with_its_place() {
    refused(
        "      c: 0.3",
        "\tc: 0.3",
        "model.yaml:13:2: not valid YAML: tabs disallowed within this context (block indentation)",
    );
    refused(
        "c: 0.3",
        "c: 0.3\n      c: 1",
        "model.yaml:14:7: the key c occurs twice in one map; remove one",
    );
    given("{{{", ROWS).fit_fails(2, "model.yaml:1:3: not valid YAML: unclosed bracket '{'");
    given("[".repeat(5000), ROWS).fit_fails(2, "model.yaml:1:256: not valid YAML: recursion limit exceeded");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
    }
    given(bomb, ROWS).fit_fails(
        2,
        "model.yaml:6:15: too large or too deep with its aliases written out; make it smaller",
    );
    given([MODEL.as_bytes(), b"# caf\xe9\n"].concat(), ROWS).fit_fails(
        2,
        "model.yaml:14: byte 205 of the file is not UTF-8; save it as UTF-8",
    );
    given("#".repeat(2_000_000), ROWS).fit_fails(
        2,
        "model.yaml: the manifest has 2000000 bytes; at most 1572864 are read",
    );
}

#[test]
fn lint_finds_the_same_faults_in_all_files_at_once() {
    given(model("c: 0.3", "c: -1"), model("kind: Model", "kind: Modle")).fails(
        "lint -f model.yaml -f rows.csv",
        2,
        "model.yaml:13:7: spec.estimator.logisticRegression.c: -1: must be greater than 0\n\
         rows.csv:2:1: kind: \"Modle\" is not known; write Model",
    );
}
