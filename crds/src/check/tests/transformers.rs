//! Manifests with transformers that are good, and bad ones with every message.

use super::{IRIS, check, check_edit};
use crate::{CheckedTransformer, document};

fn check_step(transformer: &str, expected: &[&str]) {
    let step = format!("c: 0.3\n  transformers:\n  - name: a\n    {transformer}");
    check_edit("c: 0.3", &step, expected);
}

#[test]
fn defaults_are_those_of_scikit_learn() {
    let steps = "c: 0.3\n  transformers: [{name: a, minMaxScaler: {}}, {name: b, polynomialFeatures: {}}]";
    let checked = check(&document::read(&IRIS.replace("c: 0.3", steps)).unwrap()[0]).unwrap();
    let [scale, products] = checked.transformers.as_slice() else {
        panic!("two steps")
    };
    assert!(
        matches!(&scale.transformer, CheckedTransformer::MinMaxScaler(scaler)
        if (scaler.feature_range.min, scaler.feature_range.max, scaler.clip) == (0.0, 1.0, false))
    );
    assert!(
        matches!(&products.transformer, CheckedTransformer::PolynomialFeatures(features)
        if (features.degree, features.interaction_only, features.include_bias) == (2, false, true))
    );
}

#[test]
fn a_range_must_go_up() {
    check_step("minMaxScaler: {featureRange: {min: -1, max: 1}, clip: true}", &[]);
    check_step(
        "minMaxScaler: {featureRange: [0, 2]}",
        &[
            "16:20: spec.transformers[0].minMaxScaler.featureRange: a list of 2 is not a map of fields; its fields are max, \
             min",
        ],
    );
    check_step(
        "minMaxScaler: {featureRange: {min: 1}}",
        &[
            "16:35: spec.transformers[0].minMaxScaler.featureRange.min: 1: must be less than max; the defaults are 0 and 1",
        ],
    );
    check_step(
        "minMaxScaler: {featureRange: {max: -1}}",
        &[
            "16:20: spec.transformers[0].minMaxScaler.featureRange.min: must be less than max; the defaults are 0 and 1",
        ],
    );
    check_step(
        "minMaxScaler: {featureRange: {max: 1e13}}",
        &[
            "16:35: spec.transformers[0].minMaxScaler.featureRange.max: 10000000000000.0 is out of range; allowed is \
             from -1000000000000 to 1000000000000",
        ],
    );
}

#[test]
fn a_degree_is_a_small_whole_number() {
    let at = "16:26: spec.transformers[0].polynomialFeatures.degree:";
    check_step("polynomialFeatures: {degree: 10, interactionOnly: true}", &[]);
    check_step(
        "polynomialFeatures: {degree: 11}",
        &[&format!("{at} 11 is out of range; allowed is from 1 to 10")],
    );
    check_step(
        "polynomialFeatures: {degree: 0}",
        &[&format!("{at} 0 is out of range; allowed is from 1 to 10")],
    );
    check_step(
        "polynomialFeatures: {degree: 2.5}",
        &[&format!("{at} 2.5 is not a whole number")],
    );
}
