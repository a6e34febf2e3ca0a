//! Decision trees and random forests, from the words of manifests to hyperparameters.

use auriga_crds::{self as crds, CheckedClassWeight};
use auriga_learn::{
    ClassCriterion, DecisionTreeClassifier, DecisionTreeRegressor, Estimator, MaxFeatures, MaxSamples,
    NumberCriterion, RandomForestClassifier, RandomForestRegressor, TreeGrowth,
};

use super::{class_weight, count};

pub(super) fn tree_classifier(
    tree: &crds::DecisionTreeClassifier,
    weights: &CheckedClassWeight,
) -> Estimator {
    Estimator::DecisionTreeClassifier(DecisionTreeClassifier {
        criterion: class_criterion(tree.criterion),
        growth: growth(&tree.growth, MaxFeatures::All),
        class_weight: class_weight(weights),
        random_state: tree.growth.random_state.unsigned_abs(),
    })
}

pub(super) fn tree_regressor(tree: &crds::DecisionTreeRegressor) -> Estimator {
    Estimator::DecisionTreeRegressor(DecisionTreeRegressor {
        criterion: number_criterion(tree.criterion),
        growth: growth(&tree.growth, MaxFeatures::All),
        random_state: tree.growth.random_state.unsigned_abs(),
    })
}

pub(super) fn forest_classifier(
    forest: &crds::RandomForestClassifier,
    weights: &CheckedClassWeight,
) -> Estimator {
    Estimator::RandomForestClassifier(RandomForestClassifier {
        n_estimators: count(forest.n_estimators),
        criterion: class_criterion(forest.criterion),
        growth: growth(&forest.growth, MaxFeatures::Sqrt),
        class_weight: class_weight(weights),
        bootstrap: forest.bootstrap.then(|| max_samples(forest.max_samples.as_ref())),
        random_state: forest.growth.random_state.unsigned_abs(),
    })
}

pub(super) fn forest_regressor(forest: &crds::RandomForestRegressor) -> Estimator {
    Estimator::RandomForestRegressor(RandomForestRegressor {
        n_estimators: count(forest.n_estimators),
        criterion: number_criterion(forest.criterion),
        growth: growth(&forest.growth, MaxFeatures::All),
        bootstrap: forest.bootstrap.then(|| max_samples(forest.max_samples.as_ref())),
        random_state: forest.growth.random_state.unsigned_abs(),
    })
}

/// `absent` is drawn where the manifest does not say how many columns are.
fn growth(growth: &crds::TreeGrowth, absent: MaxFeatures) -> TreeGrowth {
    TreeGrowth {
        max_depth: growth.max_depth.map(count),
        min_samples_split: count(growth.min_samples_split),
        min_samples_leaf: count(growth.min_samples_leaf),
        min_impurity_decrease: growth.min_impurity_decrease,
        max_leaf_nodes: growth.max_leaf_nodes.map(count),
        max_features: growth.max_features.as_ref().map_or(absent, max_features),
    }
}

fn max_features(written: &crds::MaxFeatures) -> MaxFeatures {
    match *written {
        crds::MaxFeatures { sqrt: Some(_), .. } => MaxFeatures::Sqrt,
        crds::MaxFeatures { log2: Some(_), .. } => MaxFeatures::Log2,
        crds::MaxFeatures {
            count: Some(number), ..
        } => MaxFeatures::Count(count(number)),
        crds::MaxFeatures {
            fraction: Some(share),
            ..
        } => MaxFeatures::Fraction(share),
        crds::MaxFeatures { .. } => MaxFeatures::All,
    }
}

fn max_samples(written: Option<&crds::MaxSamples>) -> MaxSamples {
    match written {
        Some(crds::MaxSamples {
            count: Some(number), ..
        }) => MaxSamples::Count(count(*number)),
        Some(crds::MaxSamples {
            fraction: Some(share),
            ..
        }) => MaxSamples::Fraction(*share),
        _ => MaxSamples::All,
    }
}

fn class_criterion(criterion: crds::ClassCriterion) -> ClassCriterion {
    match criterion {
        crds::ClassCriterion::Gini => ClassCriterion::Gini,
        crds::ClassCriterion::Entropy => ClassCriterion::Entropy,
    }
}

fn number_criterion(criterion: crds::NumberCriterion) -> NumberCriterion {
    match criterion {
        crds::NumberCriterion::SquaredError => NumberCriterion::SquaredError,
        crds::NumberCriterion::Poisson => NumberCriterion::Poisson,
    }
}

#[cfg(test)]
mod tests {
    use auriga_crds::{check, document};

    use super::*;
    use crate::translate::steps;

    /// What becomes of an estimator in a manifest.
    fn translated(estimator: &str) -> Estimator {
        let text = format!(
            "{{apiVersion: auriga.dev/v1alpha1, kind: Model, metadata: {{name: m}}, spec: {{estimator: {estimator}, \
             dataset: {{train: {{csv: {{inline: 'a,b'}}}}, target: b}}}}}}"
        );
        let document = document::read(&text).unwrap().remove(0);
        steps(&check(&document).unwrap()).estimator
    }

    #[test]
    fn what_is_not_written_is_the_default_of_the_library() {
        let check = |estimator: &str, expected: Estimator| assert_eq!(translated(estimator), expected);
        check(
            "{decisionTreeClassifier: {}}",
            Estimator::DecisionTreeClassifier(DecisionTreeClassifier::default()),
        );
        check(
            "{decisionTreeRegressor: {}}",
            Estimator::DecisionTreeRegressor(DecisionTreeRegressor::default()),
        );
        check(
            "{randomForestClassifier: {}}",
            Estimator::RandomForestClassifier(RandomForestClassifier::default()),
        );
        check(
            "{randomForestRegressor: {}}",
            Estimator::RandomForestRegressor(RandomForestRegressor::default()),
        );
    }

    #[test]
    fn every_written_hyperparameter_arrives() {
        let growth = TreeGrowth {
            max_depth: Some(3),
            min_samples_split: 4,
            min_samples_leaf: 5,
            min_impurity_decrease: 0.25,
            max_leaf_nodes: Some(6),
            max_features: MaxFeatures::Count(7),
        };
        let written = "maxDepth: 3, minSamplesSplit: 4, minSamplesLeaf: 5, minImpurityDecrease: 0.25, maxLeafNodes: 6, \
                       maxFeatures: {count: 7}, randomState: 8";
        let weights = "classWeight: {weights: [{class: a, weight: 9}]}";
        let class_weight = auriga_learn::ClassWeight::PerClass([("a".to_owned(), 9.0)].into());
        let tree = format!("{{decisionTreeClassifier: {{criterion: entropy, {written}, {weights}}}}}");
        let expected = DecisionTreeClassifier {
            criterion: ClassCriterion::Entropy,
            growth: growth.clone(),
            class_weight: class_weight.clone(),
            random_state: 8,
        };
        assert_eq!(translated(&tree), Estimator::DecisionTreeClassifier(expected));
        let tree = format!("{{decisionTreeRegressor: {{criterion: poisson, {written}}}}}");
        let expected = DecisionTreeRegressor {
            criterion: NumberCriterion::Poisson,
            growth: growth.clone(),
            random_state: 8,
        };
        assert_eq!(translated(&tree), Estimator::DecisionTreeRegressor(expected));
        let samples = "maxSamples: {count: 10}, nEstimators: 11";
        let forest =
            format!("{{randomForestClassifier: {{criterion: entropy, {written}, {weights}, {samples}}}}}");
        let expected = RandomForestClassifier {
            n_estimators: 11,
            criterion: ClassCriterion::Entropy,
            growth: growth.clone(),
            class_weight,
            bootstrap: Some(MaxSamples::Count(10)),
            random_state: 8,
        };
        assert_eq!(translated(&forest), Estimator::RandomForestClassifier(expected));
        let forest =
            format!("{{randomForestRegressor: {{criterion: poisson, {written}, bootstrap: false}}}}");
        let expected = RandomForestRegressor {
            n_estimators: 100,
            criterion: NumberCriterion::Poisson,
            growth,
            bootstrap: None,
            random_state: 8,
        };
        assert_eq!(translated(&forest), Estimator::RandomForestRegressor(expected));
    }

    #[test]
    fn each_way_to_count_columns_and_rows_arrives() {
        let check = |written: &str, expected: MaxFeatures| {
            let forest = translated(&format!(
                "{{randomForestRegressor: {{maxFeatures: {{{written}}}}}}}"
            ));
            let Estimator::RandomForestRegressor(forest) = forest else {
                unreachable!("it is a forest")
            };
            assert_eq!(forest.growth.max_features, expected);
        };
        check("sqrt: {}", MaxFeatures::Sqrt);
        check("log2: {}", MaxFeatures::Log2);
        check("all: {}", MaxFeatures::All);
        check("fraction: 0.5", MaxFeatures::Fraction(0.5));
        let forest = translated("{randomForestRegressor: {maxSamples: {fraction: 0.25}}}");
        let Estimator::RandomForestRegressor(forest) = forest else {
            unreachable!("it is a forest")
        };
        assert_eq!(forest.bootstrap, Some(MaxSamples::Fraction(0.25)));
    }
}
