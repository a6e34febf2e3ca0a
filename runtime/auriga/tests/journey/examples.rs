//! The examples learn, score and predict what scikit-learn does.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use super::workbench::{FLOWER, Workbench};
use crate::support::{get, post};

/// Ridge is solved directly on both sides: what is left is the rounding of other orders of summation. Accuracy counts
/// whole rows.
const TOLERANCE: f64 = 1e-6;
/// Logistic regression stops at its tolerance, not at the minimum: a row on the border may fall to the other side.
const ROWS_OFF: usize = 1;
/// A forest draws other random numbers than scikit-learn's: its accuracy is compared with the mean over ten seeds.
const FOREST_TOLERANCE: f64 = 0.01;

#[test]
fn iris_is_predicted_as_scikit_learn_predicts_it() {
    check("iris", "iris.csv", |lines| lines.skip(100).collect());
}

#[test]
fn diabetes_is_predicted_as_scikit_learn_predicts_it() {
    check("diabetes", "diabetes-test.csv", |lines| lines.skip(1).collect());
}

#[test]
fn breast_cancer_is_predicted_as_scikit_learn_predicts_it() {
    check("breast-cancer", "breast-cancer-test.csv", |lines| {
        lines.skip(1).collect()
    });
}

#[test]
fn wine_is_told_apart_as_well_as_by_forests_of_scikit_learn() {
    let expected = &reference()["examples"]["wine"];
    let bench = Workbench::new("wine");
    let mut up = bench.up();
    let address = up.ready();

    let scores = bench.listed()["versions"][0]["facts"]["scores"].clone();
    let found = scores["test"]["accuracy"].as_f64().unwrap();
    let mean = expected["testScore"].as_f64().unwrap();
    assert!((found - mean).abs() <= FOREST_TOLERANCE, "{scores}");
    let row = expected["sample"]["row"].as_object().unwrap();
    let answer = get(address, &format!("/predict?{}", query(row))).json();
    let prediction = &expected["sample"]["prediction"];
    assert!(is_near(&answer["result"], prediction), "{answer}");
}

#[test]
fn an_answer_says_who_gave_it() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let address = up.ready();

    let answer = get(address, FLOWER).json();
    let digest = bench.listed()["versions"][0]["digest"].clone();
    let metadata = json!({
        "service_name": "iris", "service_version": "1", "error_code": 0, "status": "OK",
        "model_version": 1, "model_digest": digest,
    });
    assert_eq!(
        answer,
        json!({ "result": "Iris-versicolor", "metadata": metadata })
    );

    let flower = json!({ "sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5 });
    let answer = post(address, "/predict", json!([flower, flower]).to_string()).json();
    assert_eq!(
        answer,
        json!({ "result": ["Iris-versicolor", "Iris-versicolor"], "metadata": metadata })
    );
}

/// Lets `up` bring an example into service, and compares it with the stored reference.
fn check(example: &str, data: &str, test_lines: fn(std::str::Lines<'_>) -> Vec<&str>) {
    let expected = &reference()["examples"][example];
    let bench = Workbench::new(example);
    let mut up = bench.up();
    let address = up.ready();

    let scores = bench.listed()["versions"][0]["facts"]["scores"].clone();
    let metric = expected["metric"].as_str().unwrap();
    for (split, score) in [("train", "trainScore"), ("test", "testScore")] {
        assert!(
            is_near(&scores[split][metric], &expected[score]),
            "{example}, {split}: {scores}"
        );
    }

    let row = expected["sample"]["row"].as_object().unwrap();
    let answer = get(address, &format!("/predict?{}", query(row))).json();
    let prediction = &expected["sample"]["prediction"];
    assert!(
        is_near(&answer["result"], prediction),
        "{example}: {answer}, expected {prediction}"
    );

    let text = fs::read_to_string(bench.path().join(data)).unwrap();
    let names: Vec<&str> = expected["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let rows: Vec<Value> = test_lines(text.lines())
        .into_iter()
        .map(|line| row_of(&names, line))
        .collect();
    let predictions = expected["predictions"].as_array().unwrap();
    assert_eq!(rows.len(), predictions.len());
    let answer = post(address, "/predict", Value::from(rows).to_string()).json();
    let result = answer["result"].as_array().unwrap();
    assert_eq!(result.len(), predictions.len());
    let is_off = |at: &usize| !is_near(&result[*at], &predictions[*at]);
    let off: Vec<usize> = (0..result.len()).filter(is_off).collect();
    let allowed = if expected["estimator"] == "logisticRegression" {
        ROWS_OFF
    } else {
        0
    };
    assert!(
        off.len() <= allowed,
        "{example}: rows {off:?} are predicted otherwise: {answer}"
    );
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/examples.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Texts must be the same, numbers near.
fn is_near(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        _ => found == expected,
    }
}

fn query(row: &Map<String, Value>) -> String {
    let parts: Vec<String> = row
        .iter()
        .map(|(name, value)| format!("{}={value}", name.replace(' ', "%20")))
        .collect();
    parts.join("&")
}

/// The features stand first in both files, the target last.
fn row_of(names: &[&str], line: &str) -> Value {
    let cells = names.iter().zip(line.split(','));
    let row: Map<String, Value> = cells
        .map(|(name, cell)| ((*name).to_owned(), cell.parse::<f64>().unwrap().into()))
        .collect();
    row.into()
}
