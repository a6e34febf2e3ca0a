//! What the API server refuses, and in which words.

use std::collections::BTreeSet;

use auriga_e2e::{Cluster, IRIS_ROW, Manifest, in_a_namespace};
use serde_json::{Value, json};

/// Places of the iris Model, and values that each break one rule there.
fn broken() -> Vec<(&'static str, Value)> {
    let split = |value| ("/spec/training/crossValidation", value);
    let imputer = |value: Value| {
        (
            "/spec/transformers",
            json!([{ "name": "fill", "simpleImputer": value }]),
        )
    };
    let entry_point = |value: Value| ("/spec/serving/entryPoints", json!([value]));
    let forest = |value: Value| ("/spec/estimator", json!({ "randomForestClassifier": value }));
    let csv = |value: Value| ("/spec/dataset/train/csv", value);
    let tree = |value: Value| ("/spec/estimator", json!({ "decisionTreeClassifier": value }));
    let parameter = |name: &str, column: &str| json!({ "name": name, "type": "float", "column": column });
    vec![
        ("/metadata/name", json!("Iris")),
        ("/spec/training/scoring", json!("r2")),
        ("/spec/replicas", json!(2)),
        ("/spec/activation", json!({ "policy": "Pinned" })),
        ("/spec/activation", json!({ "version": 1 })),
        ("/spec/dataset/features", json!(["species"])),
        ("/spec/dataset/test", json!({})),
        csv(json!({ "path": "a.csv", "inline": "a" })),
        csv(json!({ "path": "a.csv", "header": false })),
        csv(json!({ "path": "a.csv", "separator": "\"" })),
        csv(json!({ "url": "a.csv" })),
        csv(json!({ "url": "https://ann:secret@example.org/a.csv" })),
        ("/spec/estimator/ridge", json!({})),
        tree(json!({ "classWeight": {} })),
        tree(json!({ "classWeight": { "weights": [{ "class": "a", "weight": 0 }] } })),
        tree(json!({ "maxFeatures": {} })),
        forest(json!({ "bootstrap": false, "maxSamples": { "count": 3 } })),
        forest(json!({ "maxSamples": {} })),
        ("/spec/persister/uri", json!("sqlite:///tmp/models.db")),
        ("/spec/persister", json!({ "uri": "redis://redis" })),
        ("/spec/persister", json!({ "uri": "postgres://postgres/a/b" })),
        ("/spec/pod/annotations", json!({ "auriga.dev/x": "y" })),
        ("/spec/pod/labels", json!({ "pod-template-hash": "y" })),
        entry_point(json!({
            "path": "/predict",
            "mapping": [parameter("a", "b")],
            "params": [{ "name": "a", "type": "float" }],
        })),
        entry_point(json!({
            "path": "/predict",
            "mapping": [parameter("a", "b"), parameter("c", "d")],
            "unwrapSample": true,
        })),
        entry_point(json!({ "path": "/predict", "mapping": [parameter("a", "b"), parameter("c", "b")] })),
        entry_point(json!({ "path": "/alive" })),
        (
            "/spec/serving/env",
            json!([{ "name": "AURIGA_IMAGE", "value": "x" }]),
        ),
        (
            "/spec/training/resources",
            json!({ "limits": { "memory": "much" } }),
        ),
        ("/spec/training/resources", json!({ "requests": { "cpu": -1 } })),
        (
            "/spec/serving/resources",
            json!({ "limits": { "memory": "1GB" } }),
        ),
        ("/spec/serving/resources", json!({ "requests": { "cpu": "" } })),
        ("/spec/serving/serviceMetadata", json!({ "status": "fine" })),
        split(json!({})),
        split(json!({ "kFold": { "randomState": 1 } })),
        split(json!({ "groupKFold": { "groups": "species" } })),
        ("/spec/transformers", json!([{ "name": "scale" }])),
        (
            "/spec/transformers",
            json!([{ "name": "1", "standardScaler": {} }]),
        ),
        (
            "/spec/transformers",
            json!([{ "name": "scale", "minMaxScaler": { "featureRange": { "min": 2 } } }]),
        ),
        imputer(json!({ "fillValue": { "number": 1 } })),
        imputer(json!({ "strategy": "constant", "fillValue": {} })),
    ]
}

/// What only a regressor can get wrong.
fn broken_regressors() -> Vec<(&'static str, Value)> {
    vec![
        ("/spec/training/crossValidation", json!({ "stratifiedKFold": {} })),
        (
            "/spec/serving/entryPoints",
            json!([{ "path": "/predict", "method": "predictProba" }]),
        ),
    ]
}

#[test]
fn every_rule_of_a_model_is_kept_by_the_api_server_in_the_words_of_the_crd() {
    in_a_namespace(async |space| {
        let crd = space
            .cluster
            .get(
                None,
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "models.auriga.dev",
            )
            .await
            .unwrap();
        let mut rules = BTreeSet::new();
        messages(
            &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"],
            &mut rules,
        );
        assert!(rules.len() > 35, "the CRD has all its rules: {rules:?}");

        let regressor = Manifest::iris("iris").with("/spec/estimator", json!({ "ridge": {} }));
        let classifiers = broken().into_iter().map(|case| (Manifest::iris("iris"), case));
        let regressors = broken_regressors()
            .into_iter()
            .map(|case| (regressor.clone(), case));
        let mut unheard = rules.clone();
        for (manifest, (place, value)) in classifiers.chain(regressors) {
            let words = space.refused(manifest.with(place, value.clone()).value()).await;
            let heard: Vec<&String> = rules
                .iter()
                .filter(|rule| words.contains(rule.as_str()))
                .collect();
            assert!(
                !heard.is_empty(),
                "{place}: {value}: refused in other words: {words}"
            );
            unheard.retain(|rule| !heard.contains(&rule));
        }
        assert!(unheard.is_empty(), "no case of this test breaks {unheard:#?}");
    });
}

/// The messages of all rules in a schema.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        found.insert(rule["message"].as_str().unwrap().to_owned());
    }
    let fields = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, field)| field);
    let elements = [&schema["items"], &schema["additionalProperties"]];
    for inner in fields.chain(elements).filter(|inner| inner.is_object()) {
        messages(inner, found);
    }
}

#[test]
fn a_name_of_52_characters_is_taken_and_one_of_53_is_refused() {
    in_a_namespace(async |space| {
        let words = space.refused(Manifest::iris(&"a".repeat(53)).value()).await;
        assert!(words.contains("metadata.name: use at most 52"), "{words}");
        let longest = "a".repeat(52);
        space.iris_data(&longest).await;
        space.apply(&Manifest::iris(&longest)).await;
        space.serves(&longest, 1).await;
        assert_eq!(space.answers(&longest, IRIS_ROW, 1).await.version, Some(1));
    });
}

#[test]
fn an_unknown_field_is_refused_by_its_name() {
    in_a_namespace(async |space| {
        let check = async |manifest: Manifest, name: &str| {
            let apply = ["apply", "--dry-run=server", "-n", &space.name, "-f", "-"];
            let (taken, words) = space.cluster.feed(&apply, &manifest.value().to_string()).await;
            assert!(!taken && words.contains(name), "{words}");
        };
        let iris = || Manifest::iris("iris");
        check(iris().with("/spec/estimatr", json!({})), "spec.estimatr").await;
        check(
            iris().with("/spec/estimator/logisticRegression/maxIters", 3),
            "spec.estimator.logisticRegression.maxIters",
        )
        .await;
        check(
            iris().with("/spec/dataset/namespace", "other"),
            "spec.dataset.namespace",
        )
        .await;
        check(
            iris().with("/spec/pod/containers", json!([])),
            "spec.pod.containers",
        )
        .await;
    });
}

#[test]
fn of_a_training_job_only_suspend_may_change() {
    in_a_namespace(async |space| {
        let job = |model: &str, more: Value| {
            let mut job = json!({
                "apiVersion": "auriga.dev/v1alpha1",
                "kind": "TrainingJob",
                "metadata": { "name": "by-hand" },
                "spec": { "modelRef": { "name": model }, "suspend": true },
            });
            for (field, value) in more.as_object().unwrap() {
                job["spec"][field] = value.clone();
            }
            job
        };
        space.apply_object(&job("nobody", json!({}))).await;
        for changed in [
            job("another", json!({})),
            job("nobody", json!({ "fitHash": "v1-a" })),
            job("nobody", json!({ "saveIfBetterThan": 0.5 })),
        ] {
            let words = space.refused(&changed).await;
            assert!(
                words.contains("only suspend may change; create another TrainingJob"),
                "{words}"
            );
        }
        space
            .apply_object(&job("nobody", json!({ "suspend": false })))
            .await;
    });
}

#[test]
fn the_kinds_are_established_without_a_warning() {
    auriga_e2e::on_the_cluster(async |cluster: &Cluster| {
        // The API server warns of what it will not take for ever, and kubectl prints that.
        let printed = cluster
            .run(&[
                "apply",
                "--server-side",
                "--force-conflicts",
                "-f",
                "manifests/crds.yaml",
            ])
            .await;
        assert!(!printed.contains("Warning"), "{printed}");
        for name in ["models.auriga.dev", "trainingjobs.auriga.dev"] {
            let crd = cluster
                .get(None, "apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
                .await
                .unwrap();
            for condition in crd["status"]["conditions"].as_array().unwrap() {
                let is_bad = condition["type"] == "NonStructuralSchema" || condition["status"] != "True";
                assert!(!is_bad, "{name}: {condition}");
            }
        }
    });
}
