//! Good and bad manifests with every message, and the same verdicts from a real CEL evaluator.

mod cluster;
mod estimators;
mod numbers;
mod serving;
mod training;
mod transformers;

use super::*;
use crate::{crd, document, rule};

const IRIS: &str = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata:
  name: iris
spec:
  dataset:
    train:
      csv:
        path: iris.csv
    target: species
  estimator:
    logisticRegression:
      c: 0.3
";

fn faults(text: &str) -> Vec<String> {
    let document = document::read(text).unwrap().remove(0);
    check(&document).map_or_else(
        |faults| faults.0.iter().map(Fault::to_string).collect(),
        |_| Vec::new(),
    )
}

/// The iris manifest with one piece replaced must have exactly these faults.
fn check_edit(old: &str, new: &str, expected: &[&str]) {
    assert!(IRIS.contains(old), "{old}");
    assert_eq!(faults(&IRIS.replace(old, new)), expected, "{new}");
}

#[test]
fn a_good_manifest_has_no_fault_and_unions_become_enums() {
    let checked = check(&document::read(IRIS).unwrap()[0]).unwrap();
    assert_eq!(checked.key.to_string(), "default/iris");
    assert!(
        matches!(&checked.estimator, crate::CheckedEstimator::LogisticRegression(logistic, _) if logistic.c == 0.3)
    );
    assert_eq!(checked.training.golden_requests.rows, 5, "defaults are filled in");
    assert_eq!(checked.serving.entry_points[0].path, "/predict");
}

#[test]
fn a_misspelt_estimator_gets_its_near_name_and_no_second_complaint() {
    check_edit(
        "logisticRegression:",
        "logisticRegresion:",
        &["12:5: spec.estimator.logisticRegresion: is not a known field; did you mean logisticRegression?"],
    );
}

#[test]
fn an_unknown_estimator_is_answered_with_those_there_are() {
    check_edit(
        "logisticRegression:\n      c: 0.3",
        "perceptron: {}",
        &[
            "12:5: spec.estimator.perceptron: is not a known field; known are decisionTreeClassifier, \
             decisionTreeRegressor, linearRegression, logisticRegression, randomForestClassifier, \
             randomForestRegressor, ridge",
        ],
    );
}

#[test]
fn a_misspelt_hyperparameter_gets_its_near_name() {
    check_edit(
        "c: 0.3",
        "maxIters: 3",
        &["13:7: spec.estimator.logisticRegression.maxIters: is not a known field; did you mean maxIter?"],
    );
}

#[test]
fn values_out_of_range_name_the_range() {
    check_edit(
        "c: 0.3",
        "c: 0",
        &["13:7: spec.estimator.logisticRegression.c: 0: must be greater than 0"],
    );
    check_edit(
        "c: 0.3",
        "c: -1.5",
        &["13:7: spec.estimator.logisticRegression.c: -1.5: must be greater than 0"],
    );
    check_edit(
        "c: 0.3",
        "maxIter: 0",
        &["13:7: spec.estimator.logisticRegression.maxIter: 0 is out of range; allowed is from 1 to 1000000"],
    );
    check_edit(
        "path: iris.csv",
        "path: iris.csv\n        skiprows: -1",
        &["10:9: spec.dataset.train.csv.skiprows: -1 is out of range; allowed is at least 0"],
    );
}

#[test]
fn wrong_types_say_what_is_expected() {
    check_edit(
        "c: 0.3",
        "c: \"0.3\"",
        &["13:7: spec.estimator.logisticRegression.c: \"0.3\" is not a number; write it without quotes"],
    );
    check_edit(
        "c: 0.3",
        "maxIter: 10.5",
        &["13:7: spec.estimator.logisticRegression.maxIter: 10.5 is not a whole number"],
    );
    check_edit(
        "target: species",
        "target: 3",
        &["10:5: spec.dataset.target: 3 is not a text; write it in quotes: \"3\""],
    );
    check_edit(
        "target: species",
        "target: y",
        &[
            "10:5: spec.dataset.target: true is not a text; YAML reads y, yes, on, n, no and off so: write the text in quotes",
        ],
    );
    check_edit(
        "target: species",
        "target: species\n    features: sepal",
        &["11:5: spec.dataset.features: \"sepal\" is not a list; write it in brackets: [a, b]"],
    );
    check_edit(
        "target: species",
        "target:",
        &["10:5: spec.dataset.target: is empty; give it a value or remove the line"],
    );
}

#[test]
fn a_union_takes_exactly_one_member() {
    check_edit(
        "c: 0.3",
        "c: 0.3\n    ridge: {}",
        &[
            "11:3: spec.estimator: choose exactly one estimator: logisticRegression, linearRegression, ridge, \
             decisionTreeClassifier, decisionTreeRegressor, randomForestClassifier or randomForestRegressor",
        ],
    );
    check_edit(
        "  estimator:\n    logisticRegression:\n      c: 0.3\n",
        "  estimator: {}\n",
        &[
            "11:3: spec.estimator: choose exactly one estimator: logisticRegression, linearRegression, ridge, \
             decisionTreeClassifier, decisionTreeRegressor, randomForestClassifier or randomForestRegressor",
        ],
    );
    check_edit(
        "path: iris.csv",
        "path: iris.csv\n        inline: x",
        &[
            "8:7: spec.dataset.train.csv: choose exactly one place of the rows: path, url, configMap or inline",
        ],
    );
}

#[test]
fn a_missing_field_says_what_it_is_for() {
    check_edit(
        "    target: species\n",
        "",
        &[
            "6:3: spec.dataset.target: is missing: The column to predict: classes (text, boolean or whole numbers) for a \
         classifier, numbers for a regressor",
        ],
    );
}

#[test]
fn kind_and_version_and_name_are_checked() {
    check_edit(
        "auriga.dev/v1alpha1",
        "auriga.dev/v1",
        &["1:1: apiVersion: \"auriga.dev/v1\" is not known; write auriga.dev/v1alpha1"],
    );
    check_edit(
        "kind: Model",
        "kind: Modle",
        &["2:1: kind: \"Modle\" is not known; write Model"],
    );
    let rule = "use at most 52 lower-case letters, digits and \"-\", starting with a letter and not ending \
                with \"-\"; the Model's Service has the same name";
    check_edit(
        "name: iris",
        "name: Iris",
        &[&format!("4:3: metadata.name: \"Iris\": {rule}")],
    );
    check_edit(
        "  name: iris",
        "  labels: {}",
        &[
            "3:1: metadata.name: is missing: The Model's name, at most 52 lower-case letters, digits and \"-\"",
        ],
    );
}

#[test]
fn what_is_no_map_is_told_once() {
    let check = |text: &str, expected: &str| assert_eq!(faults(text), [expected]);
    check(
        "hello",
        "1:1: \"hello\" is no manifest; write a map of apiVersion, kind, metadata and spec",
    );
    check(
        "[1, 2]",
        "1:1: a list of 2 is no manifest; write a map of apiVersion, kind, metadata and spec",
    );
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_their_places() {
    let text = IRIS
        .replace("path: iris.csv", "paht: iris.csv")
        .replace("c: 0.3", "c: -1\n      tols: 1");
    let places: Vec<String> = faults(&text)
        .iter()
        .map(|fault| fault.split(": ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        places,
        [
            "9:9 spec.dataset.train.csv.paht",
            "13:7 spec.estimator.logisticRegression.c",
            "14:7 spec.estimator.logisticRegression.tols",
        ]
    );
}

#[test]
fn a_store_is_an_address_without_a_password() {
    let persister = |uri: &str| format!("c: 0.3\n  persister:\n    uri: {uri}");
    for fine in [
        "file://models",
        "postgres://db.example:5432/models?sslmode=require",
        "postgresql:///models",
    ] {
        check_edit("c: 0.3", &persister(fine), &[]);
    }
    check_edit(
        "c: 0.3",
        &persister("postgres://db/models?sslmode=on"),
        &[
            "15:5: spec.persister.uri: \"postgres://db/models?sslmode=on\": write postgres://<host>:<port>/<database>, each \
             part of which may be left out, perhaps with ?sslmode=<disable, prefer, require, verify-ca or verify-full> and \
             &schema=<lower-case letters, digits and \"_\">",
        ],
    );
    let address = "write sqlite://<path of a file> or file://<path of a folder>, absolute or relative to the manifest, such \
                   as sqlite://auriga-data/models.db, or postgres://<host>/<database>";
    check_edit(
        "c: 0.3",
        &persister("sqllite://x"),
        &[&format!("15:5: spec.persister.uri: \"sqllite://x\": {address}")],
    );
    check_edit(
        "c: 0.3",
        &persister("sqlite://me:secret@host/x"),
        &[
            "15:5: spec.persister.uri: \"sqlite://***@host/x\": a user or password must not stand in an address, where logs \
         and status would show it",
        ],
    );
}

#[test]
fn doubles_in_a_list_are_refused() {
    let twice =
        "c: 0.3\n  transformers:\n  - name: a\n    standardScaler: {}\n  - name: a\n    simpleImputer: {}";
    check_edit(
        "c: 0.3",
        twice,
        &["17:5: spec.transformers[1].name: \"a\" occurs twice; entry 1 has it too"],
    );
    check_edit(
        "target: species",
        "target: species\n    features: [a, b, a]",
        &["11:22: spec.dataset.features[2]: \"a\" occurs twice; entry 1 has it too"],
    );
}

#[test]
fn rules_across_fields_blame_the_field_at_fault() {
    check_edit(
        "target: species",
        "target: species\n    features: [width, species]",
        &[
            "10:5: spec.dataset.target: \"species\": the target must not be listed under features, or the model would be told \
         the answer",
        ],
    );
    let imputer = "c: 0.3\n  transformers:\n  - name: fill\n    simpleImputer: {fillValue: {number: 0}}";
    check_edit(
        "c: 0.3",
        imputer,
        &[
            "16:21: spec.transformers[0].simpleImputer.fillValue: fillValue is only used by strategy: constant; remove it or \
           change the strategy",
        ],
    );
    check_edit(
        "path: iris.csv",
        "path: iris.csv\n        header: false",
        &[
            "10:9: spec.dataset.train.csv.header: false: header: false needs names, because nothing else tells what the \
         columns are called",
        ],
    );
}

/// What the API server would say: a CEL evaluator over the committed schema.
fn cel_refuses(value: &Value) -> bool {
    kube::core::cel::Validator::new()
        .validate_with_defaults(crd::model_schema(), value, None)
        .is_err()
}

#[test]
fn a_real_cel_evaluator_agrees_with_every_rule() {
    let with = |old: &str, new: &str| document::read(&IRIS.replace(old, new)).unwrap().remove(0).value;
    let after = |new: &str| with("c: 0.3", &format!("c: 0.3\n  {new}"));
    let csv = |new: &str| with("path: iris.csv", new);
    let cases = [
        (false, with("c: 0.3", "c: 0.3")),
        (true, with("name: iris", "name: Iris")),
        (true, with("name: iris", &format!("name: {}", "a".repeat(53)))),
        (false, with("name: iris", &format!("name: {}", "a".repeat(52)))),
        (true, with("c: 0.3", "c: 0.0")),
        (true, with("c: 0.3", "c: 0.3\n    ridge: {}")),
        (
            true,
            with(
                "  estimator:\n    logisticRegression:\n      c: 0.3\n",
                "  estimator: {}\n",
            ),
        ),
        (true, csv("path: a\n        inline: b")),
        (false, csv("url: https://example.org/a.csv")),
        (true, csv("url: ftp://example.org/a.csv")),
        (true, csv("url: https://me:pw@example.org/a.csv")),
        (true, csv("path: a\n        separator: '\"'")),
        (false, csv("path: a\n        separator: \"\\t\"")),
        (true, csv("path: a\n        header: false")),
        (
            false,
            csv("path: a\n        header: false\n        names: [species]"),
        ),
        (true, with("target: species", "target: a\n    features: [a]")),
        (false, with("target: species", "target: a\n    features: [b]")),
        (true, after("persister: {uri: 'file://'}")),
        (true, after("persister: {uri: 'sqlite://me:x@y/z'}")),
        (false, after("persister: {uri: 'file://y/z@'}")),
        (
            false,
            after("persister: {uri: 'postgres://db.example:5432/models'}"),
        ),
        (false, after("persister: {uri: 'postgresql://[::1]:5432'}")),
        (
            false,
            after("persister: {uri: 'postgres:///my models?sslmode=verify-ca&schema=a_1&'}"),
        ),
        (true, after("persister: {uri: 'postgres://me:x@db/models'}")),
        (true, after("persister: {uri: 'postgres://db:port/models'}")),
        (true, after("persister: {uri: 'postgres://db:/models'}")),
        (true, after("persister: {uri: 'postgres://[::1/models'}")),
        (true, after("persister: {uri: 'postgres://[]/models'}")),
        (true, after("persister: {uri: 'postgres://a,b/models'}")),
        (true, after("persister: {uri: 'postgres://db/a/b'}")),
        (true, after("persister: {uri: 'postgres://db/a%20b'}")),
        (true, after("persister: {uri: 'postgres://db/a?password=x'}")),
        (true, after("persister: {uri: 'postgres://db/a?sslmode=allow'}")),
        (true, after("persister: {uri: 'postgres://db/a?schema=A'}")),
        (true, after("persister: {uri: 'postgres://db/a?&'}")),
        (true, after("persister: {uri: 'postgres://db/a#b'}")),
        (true, after("training: {scoring: r2}")),
        (false, after("training: {scoring: accuracy}")),
        (true, after("transformers: [{name: 1a, standardScaler: {}}]")),
        (true, after("transformers: [{name: a}]")),
        (
            true,
            after("transformers: [{name: a, standardScaler: {}, oneHotEncoder: {}}]"),
        ),
        (
            false,
            after("transformers: [{name: a, simpleImputer: {strategy: constant}}]"),
        ),
        (
            true,
            after("transformers: [{name: a, simpleImputer: {strategy: constant, fillValue: {}}}]"),
        ),
        (
            true,
            after("transformers: [{name: a, simpleImputer: {strategy: mean, fillValue: {text: '1'}}}]"),
        ),
        (
            false,
            after("transformers: [{name: a, simpleImputer: {strategy: constant, fillValue: {text: '1'}}}]"),
        ),
        (
            true,
            after("transformers: [{name: a, minMaxScaler: {featureRange: {min: 1.0, max: 1.0}}}]"),
        ),
        (
            false,
            after("transformers: [{name: a, minMaxScaler: {featureRange: {min: -1.0}}}]"),
        ),
    ];
    let cases = cases
        .into_iter()
        .chain(serving::cases())
        .chain(estimators::cases())
        .chain(cluster::cases());
    let mut refused_by = std::collections::BTreeSet::new();
    for (bad, value) in cases.into_iter().chain(training::cases()) {
        let verdict = check(&Document::from_value(value.clone()));
        assert_eq!(verdict.is_err(), bad, "{verdict:?}\n{value:#}");
        assert_eq!(cel_refuses(&value), bad, "CEL disagrees: {value:#}");
        if let Err(faults) = verdict {
            refused_by.extend(faults.0.into_iter().map(|fault| fault.message));
        }
    }
    for rule in rule::all()
        .iter()
        .filter(|rule| rule.cel != rule::one_format().cel)
    {
        assert!(
            refused_by.iter().any(|message| message.ends_with(&rule.message)),
            "no case breaks: {}",
            rule.message
        );
    }
}

#[test]
fn the_crd_carries_exactly_the_rules_that_have_a_twin() {
    fn collect(schema: &Value, found: &mut std::collections::BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if key == "x-kubernetes-validations" {
                        let rules = value.as_array().into_iter().flatten();
                        found.extend(rules.filter_map(|rule| rule["rule"].as_str()).map(str::to_owned));
                    } else {
                        collect(value, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut in_crd = std::collections::BTreeSet::new();
    collect(crd::model_schema(), &mut in_crd);
    let twins: Vec<String> = rule::all().into_iter().map(|rule| rule.cel).collect();
    let count = twins.len();
    let twins = std::collections::BTreeSet::from_iter(twins);
    assert_eq!(twins.len(), count, "each is found by its CEL");
    assert_eq!(in_crd, twins);
}

#[test]
fn metadata_is_checked_like_everything_else() {
    let check = |written: &str, expected: &str| {
        check_edit("name: iris", &format!("name: iris\n  {written}"), &[expected])
    };
    check(
        "namspace: garden",
        "5:3: metadata.namspace: is not a known field; did you mean namespace?",
    );
    check(
        "namespace: 7",
        "5:3: metadata.namespace: 7 is not a text; write it in quotes: \"7\"",
    );
    check(
        "labels: [a]",
        "5:3: metadata.labels: a list of 1 is not a map of fields",
    );
    check(
        "labels: {a: 1}",
        "5:12: metadata.labels.a: 1 is not a text; write it in quotes: \"1\"",
    );
    check(
        "annotations: x",
        "5:3: metadata.annotations: \"x\" is not a map of fields",
    );
    check(
        "zone: x",
        "5:3: metadata.zone: is not a known field; known are annotations, generateName, labels, name, namespace",
    );
    check_edit(
        "metadata:\n  name: iris\n",
        "",
        &["1:1: metadata: is missing: The Model's name, and its namespace if that is not default"],
    );
    check_edit(
        "metadata:\n  name: iris\n",
        "metadata: iris\n",
        &[
            "3:1: metadata: \"iris\" is not a map of fields; its fields are annotations, generateName, labels, name, namespace",
        ],
    );
}

#[test]
fn what_a_cluster_added_is_left_alone() {
    let added = "name: iris\n  creationTimestamp: null\n  generation: x\n  managedFields: 3\n  uid: []";
    check_edit("name: iris", added, &[]);
}

#[test]
fn a_field_that_is_not_known_hides_nothing_beside_it() {
    let unknown = "is not a known field; known are apiVersion, kind, metadata, spec";
    let found = faults(
        &IRIS
            .replace("name: iris", "name: Iris")
            .replace("kind: Model", "kind: Model\nfoo: 1"),
    );
    assert_eq!(found[0], format!("3:1: foo: {unknown}"));
    assert!(
        found[1].starts_with("5:3: metadata.name: \"Iris\": use at most 52"),
        "{found:?}"
    );
    let after = |new: &str| faults(&IRIS.replace("c: 0.3", &format!("c: 0.3\n{new}")));
    let found = after("  fooo: 1\n  training: {scoring: r2}");
    assert!(
        found[0].starts_with("14:3: spec.fooo: is not a known field; known are activation, dataset"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("15:14: spec.training.scoring: \"r2\": training.scoring does not suit"),
        "{found:?}"
    );
    assert_eq!(
        after("    ridge: {}\n    forest: {}"),
        [
            "11:3: spec.estimator: choose exactly one estimator: logisticRegression, linearRegression, ridge, \
             decisionTreeClassifier, decisionTreeRegressor, randomForestClassifier or randomForestRegressor",
            "15:5: spec.estimator.forest: is not a known field; known are decisionTreeClassifier, \
             decisionTreeRegressor, linearRegression, logisticRegression, randomForestClassifier, \
             randomForestRegressor, ridge",
        ]
    );
}

#[test]
fn while_the_estimator_is_unclear_nothing_is_said_about_the_metric() {
    let text = IRIS.replace("c: 0.3", "c: 0.3\n  training: {scoring: accuracy}");
    assert_eq!(faults(&text), Vec::<String>::new());
    let misspelt = faults(&text.replace("logisticRegression:", "logisticRegresion:"));
    assert_eq!(misspelt.len(), 1, "{misspelt:?}");
    let absent = faults(&text.replace("    logisticRegression:\n      c: 0.3\n", "    {}\n"));
    assert_eq!(absent.len(), 1, "{absent:?}");
    // A fault further in leaves no doubt which estimator is meant.
    let bad = faults(&text.replace("c: 0.3", "c: -1").replace("accuracy", "r2"));
    assert_eq!(bad.len(), 2, "{bad:?}");
}

#[test]
fn an_empty_line_gets_a_remedy_that_holds() {
    check_edit(
        "logisticRegression:\n      c: 0.3",
        "ridge:",
        &["12:5: spec.estimator.ridge: is empty; write {} for its defaults, or remove the line"],
    );
    check_edit(
        "\n    logisticRegression:\n      c: 0.3",
        "",
        &["11:3: spec.estimator: is empty; give it a value or remove the line"],
    );
    check_edit(
        "\n        path: iris.csv",
        "",
        &["8:7: spec.dataset.train.csv: is empty; give it a value or remove the line"],
    );
}
