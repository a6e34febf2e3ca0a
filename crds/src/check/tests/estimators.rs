//! Good and bad trees and forests, and which estimators there are.

use super::*;

/// The iris manifest with another estimator, written in one line.
fn iris_with(estimator: &str) -> String {
    IRIS.replace(
        "    logisticRegression:\n      c: 0.3\n",
        &format!("    {estimator}\n"),
    )
}

/// Whether each manifest is bad, for the evaluator of CEL and for us.
pub(super) fn cases() -> Vec<(bool, Value)> {
    let case = |is_bad: bool, estimator: &str| {
        let document = document::read(&iris_with(estimator)).unwrap().remove(0);
        (is_bad, document.value)
    };
    let balanced = "balanced: {}, weights: [{class: a, weight: 1.0}]";
    vec![
        case(true, "logisticRegression: {classWeight: {}}"),
        case(
            true,
            &format!("logisticRegression: {{classWeight: {{{balanced}}}}}"),
        ),
        case(false, "logisticRegression: {classWeight: {balanced: {}}}"),
        case(false, "decisionTreeClassifier: {}"),
        case(false, "decisionTreeRegressor: {maxDepth: 3, criterion: poisson}"),
        case(false, "randomForestClassifier: {maxFeatures: {log2: {}}}"),
        case(true, "randomForestClassifier: {maxFeatures: {}}"),
        case(
            true,
            "randomForestClassifier: {maxFeatures: {sqrt: {}, count: 3}}",
        ),
        case(true, "randomForestClassifier: {maxFeatures: {fraction: 0}}"),
        case(false, "randomForestRegressor: {maxSamples: {fraction: 0.5}}"),
        case(
            true,
            "randomForestRegressor: {maxSamples: {fraction: 0.5, count: 3}}",
        ),
        case(
            true,
            "randomForestRegressor: {bootstrap: false, maxSamples: {count: 3}}",
        ),
        case(
            true,
            "randomForestClassifier: {bootstrap: false, maxSamples: {count: 3}}",
        ),
        case(false, "randomForestClassifier: {bootstrap: false}"),
    ]
}

#[test]
fn the_bounds_of_trees_are_named() {
    let check = |hyperparameters: &str, expected: &str| {
        let text = iris_with(&format!("randomForestClassifier:\n      {{{hyperparameters}}}"));
        let found = faults(&text);
        assert_eq!(
            found,
            [format!("13:8: spec.estimator.randomForestClassifier.{expected}")]
        );
    };
    check(
        "nEstimators: 0",
        "nEstimators: 0 is out of range; allowed is from 1 to 10000",
    );
    check(
        "maxDepth: 0",
        "maxDepth: 0 is out of range; allowed is from 1 to 1000000",
    );
    check(
        "minSamplesSplit: 1",
        "minSamplesSplit: 1 is out of range; allowed is from 2 to 1000000000",
    );
    check(
        "maxLeafNodes: 1",
        "maxLeafNodes: 1 is out of range; allowed is from 2 to 1000000000",
    );
    check(
        "randomState: -1",
        "randomState: -1 is out of range; allowed is from 0 to 4294967295",
    );
    check(
        "criterion: log_loss",
        "criterion: \"log_loss\" is not a known value; known are gini, entropy",
    );
    let ways =
        "; write exactly one of sqrt: {}, log2: {}, all: {}, count: <whole number>, fraction: <number>";
    check(
        "maxFeatures: sqrt",
        &format!("maxFeatures: \"sqrt\" is not a map of fields{ways}"),
    );
    check(
        "maxFeatures: 0.5",
        &format!("maxFeatures: 0.5 is not a map of fields{ways}"),
    );
    check(
        "maxFeatures: {}",
        "maxFeatures: choose exactly one way to count features: sqrt, log2, all, count or fraction",
    );
    check(
        "nJobs: 2",
        "nJobs: is not a known field; known are bootstrap, classWeight, criterion, maxDepth, maxFeatures, maxLeafNodes, maxSamples, minImpurityDecrease, minSamplesLeaf, minSamplesSplit, nEstimators, randomState",
    );
}

#[test]
fn samples_without_a_bootstrap_are_blamed() {
    let text = iris_with("randomForestRegressor:\n      bootstrap: false\n      maxSamples: {count: 9}");
    assert_eq!(
        faults(&text),
        [
            "14:7: spec.estimator.randomForestRegressor.maxSamples: maxSamples is only used with bootstrap: true; remove it \
             or change bootstrap"
        ]
    );
}

#[test]
fn metrics_of_classes_suit_classifying_trees_alone() {
    let check = |estimator: &str, metric: &str, is_good: bool| {
        let text = format!("{}  training: {{scoring: {metric}}}\n", iris_with(estimator));
        assert_eq!(faults(&text).is_empty(), is_good, "{estimator} {metric}");
    };
    for (estimator, classifies) in [
        ("decisionTreeClassifier: {}", true),
        ("randomForestClassifier: {}", true),
        ("decisionTreeRegressor: {}", false),
        ("randomForestRegressor: {}", false),
    ] {
        check(estimator, "accuracy", classifies);
        check(estimator, "r2", !classifies);
    }
}
