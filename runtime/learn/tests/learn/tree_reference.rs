//! Compares trees, split by split, with those that scikit-learn grows from the same rows.
//!
//! The values come from `tests/reference/trees_reference.py`. Columns are equal, and thresholds, leaves and importances
//! within 1e-9, which leaves room for another order of additions.

use auriga_learn::{
    ClassCriterion, ClassWeight, Column, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    FittedEstimator, NumberCriterion, TreeGrowth, TreeNode,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fixtures::{alone, fit, numbers, table};

#[derive(Deserialize)]
struct Case {
    name: String,
    columns: Vec<Vec<f64>>,
    target: Vec<f64>,
    criterion: String,
    weights: Value,
    growth: Map<String, Value>,
    nodes: Vec<Expected>,
    importances: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Split { column: usize, threshold: f64 },
    Leaf { leaf: Vec<f64> },
}

#[test]
fn trees_are_those_of_scikit_learn_split_by_split() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../fixtures/trees.json")).unwrap();
    assert!(cases.len() >= 25);
    for case in &cases {
        check(case);
    }
}

fn check(case: &Case) {
    let names = ["a", "b", "c", "d"].into_iter();
    let columns: Vec<(&str, Column)> = names
        .zip(case.columns.iter().map(|cells| numbers(cells)))
        .collect();
    let fitted = fit(&alone(estimator(case)), &table(&columns), &numbers(&case.target));
    let nodes = match fitted.estimator() {
        FittedEstimator::DecisionTreeClassifier(trees) => trees.tree(0),
        FittedEstimator::DecisionTreeRegressor(trees) => trees.tree(0),
        _ => unreachable!("only trees are compared"),
    };
    let nodes = nodes.unwrap();
    assert_eq!(nodes.len(), case.nodes.len(), "{}", case.name);
    for (number, (found, expected)) in nodes.iter().zip(&case.nodes).enumerate() {
        let is_same = match (found, expected) {
            (
                TreeNode::Split { column, threshold },
                Expected::Split {
                    column: other,
                    threshold: expected,
                },
            ) => column == other && is_near(*threshold, *expected),
            (TreeNode::Leaf(found), Expected::Leaf { leaf }) => are_near(found, leaf),
            _ => false,
        };
        assert!(is_same, "{}: node {number} is {found:?}", case.name);
    }
    let importances: Vec<f64> = fitted
        .feature_importances()
        .unwrap()
        .iter()
        .map(|(_, share)| *share)
        .collect();
    assert!(
        are_near(&importances, &case.importances),
        "{}: {importances:?}",
        case.name
    );
}

fn are_near(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(&found, &expected)| is_near(found, expected))
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

fn estimator(case: &Case) -> Estimator {
    let count = |word: &str| {
        case.growth
            .get(word)
            .map(|value| value.as_u64().unwrap() as usize)
    };
    let decrease = case.growth.get("minImpurityDecrease");
    let growth = TreeGrowth {
        max_depth: count("maxDepth"),
        min_samples_split: count("minSamplesSplit").unwrap_or(2),
        min_samples_leaf: count("minSamplesLeaf").unwrap_or(1),
        min_impurity_decrease: decrease.map_or(0.0, |value| value.as_f64().unwrap()),
        max_leaf_nodes: count("maxLeafNodes"),
        ..TreeGrowth::default()
    };
    let classifier = |criterion| {
        Estimator::DecisionTreeClassifier(DecisionTreeClassifier {
            criterion,
            growth: growth.clone(),
            class_weight: class_weight(&case.weights),
            random_state: 0,
        })
    };
    let regressor = |criterion| {
        Estimator::DecisionTreeRegressor(DecisionTreeRegressor {
            criterion,
            growth: growth.clone(),
            random_state: 0,
        })
    };
    match case.criterion.as_str() {
        "gini" => classifier(ClassCriterion::Gini),
        "entropy" => classifier(ClassCriterion::Entropy),
        "squaredError" => regressor(NumberCriterion::SquaredError),
        _ => regressor(NumberCriterion::Poisson),
    }
}

fn class_weight(written: &Value) -> ClassWeight {
    match written {
        Value::Null => ClassWeight::Uniform,
        Value::Array(weights) => {
            let named = weights.iter().enumerate();
            let weight = |(class, weight): (usize, &Value)| (class.to_string(), weight.as_f64().unwrap());
            ClassWeight::PerClass(named.map(weight).collect())
        }
        _ => ClassWeight::Balanced,
    }
}
