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
