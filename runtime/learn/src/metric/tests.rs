//! Compares every metric with scikit-learn on predictions that no model needs to make.
//!
//! The values come from `tests/reference/scoring_reference.py`. Both sides add the same numbers, in other orders: they
//! agree within 1e-12 of the value, or of 1 where that is greater.

use std::collections::BTreeMap;

use ndarray::Array2;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::{Metric, numbers, predicted::Classified};
use crate::{Column, Task};

const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Stored {
    classes: Vec<ClassCase>,
    numbers: Vec<NumberCase>,
}

#[derive(Deserialize)]
struct ClassCase {
    name: String,
    classes: Vec<Value>,
    probabilities: Vec<Vec<f64>>,
    target: Vec<Value>,
    scores: BTreeMap<String, Option<f64>>,
}

#[derive(Deserialize)]
struct NumberCase {
    name: String,
    predicted: Vec<f64>,
    target: Vec<f64>,
    scores: BTreeMap<String, Option<f64>>,
}

fn stored() -> Stored {
    serde_json::from_str(include_str!("../../tests/fixtures/scoring.json")).unwrap()
}

fn column(cells: &[Value]) -> Column {
    if cells.iter().all(Value::is_number) {
        Column::Number(cells.iter().map(|cell| cell.as_f64().unwrap()).collect())
    } else {
        Column::Text(
            cells
                .iter()
                .map(|cell| cell.as_str().map(str::to_owned))
                .collect(),
        )
    }
}

/// Each metric of the task must have its stored value, or none where none is stored.
fn check(
    name: &str,
    task: Task,
    expected: &BTreeMap<String, Option<f64>>,
    score: impl Fn(Metric) -> Option<f64>,
) {
    assert_eq!(expected.len(), Metric::of(task).len(), "{name}");
    for &metric in Metric::of(task) {
        let (found, expected) = (score(metric), expected[metric.name()]);
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
            (found, expected) => found == expected,
        };
        assert!(is_near, "{name}: {metric} is {found:?}, not {expected:?}");
    }
}

#[test]
fn metrics_of_classes_are_those_of_scikit_learn() {
    for case in stored().classes {
        let shape = (case.probabilities.len(), case.classes.len());
        let probabilities = Array2::from_shape_vec(shape, case.probabilities.concat()).unwrap();
        let classified = Classified::new(&column(&case.classes), probabilities, &column(&case.target));
        let score = |metric| classified.score(metric).ok();
        check(&case.name, Task::Classification, &case.scores, score);
    }
}

#[test]
fn metrics_of_numbers_are_those_of_scikit_learn() {
    for case in stored().numbers {
        let n_rows = case.target.len();
        // That r2 needs two rows is looked at before the numbers are.
        let has_value = |metric| metric != Metric::R2 || n_rows > 1;
        let score = |metric| has_value(metric).then(|| numbers::score(metric, &case.predicted, &case.target));
        check(&case.name, Task::Regression, &case.scores, score);
    }
}

#[test]
fn a_constant_target_is_constant_whatever_its_mean_is_rounded_to() {
    let target = [0.1; 3];
    for metric in [Metric::R2, Metric::ExplainedVariance] {
        assert_eq!(numbers::score(metric, &[0.2, 0.1, 0.3], &target), 0.0);
        assert_eq!(numbers::score(metric, &target, &target), 1.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Codes up to 4 where the model knows 2 to 4 classes, so that some are absent and some unknown.
    #[test]
    fn a_metric_of_classes_is_within_its_bounds_or_an_error(
        rows in prop::collection::vec((0u8..5, prop::collection::vec(0u8..4, 4)), 1..12), n_classes in 2usize..5,
    ) {
        let classes = Column::Number((0..n_classes).map(|class| class as f64).collect());
        let target = Column::Number(rows.iter().map(|(class, _)| f64::from(*class)).collect());
        let share = |(row, class): (usize, usize)| {
            let weights = &rows[row].1[..n_classes];
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            if sum == 0.0 { 1.0 / n_classes as f64 } else { f64::from(weights[class]) / sum }
        };
        let probabilities = Array2::from_shape_fn((rows.len(), n_classes), share);
        let classified = Classified::new(&classes, probabilities, &target);
        for &metric in Metric::of(Task::Classification) {
            let Ok(score) = classified.score(metric) else { continue };
            let bounds = match metric {
                Metric::NegLogLoss => -37.0..=0.0,
                Metric::NegBrierScore => -2.0..=0.0,
                Metric::MatthewsCorrcoef => -1.0 - TOLERANCE..=1.0 + TOLERANCE,
                _ => 0.0..=1.0 + TOLERANCE,
            };
            prop_assert!(bounds.contains(&score), "{metric} is {score}");
        }
    }

    #[test]
    fn a_metric_of_numbers_is_never_nan_and_at_most_the_best_there_is(
        rows in prop::collection::vec((-1e3..1e3f64, prop_oneof![Just(0.0), Just(2.5), -1e3..1e3f64]), 1..12),
    ) {
        let (predicted, target): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        for &metric in Metric::of(Task::Regression) {
            let best = if matches!(metric, Metric::R2 | Metric::ExplainedVariance) { 1.0 } else { 0.0 };
            let score = numbers::score(metric, &predicted, &target);
            prop_assert!(score.is_finite() && score <= best, "{metric} is {score}");
        }
    }
}
