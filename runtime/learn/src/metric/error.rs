//! Why a metric has no value.

use thiserror::Error;

use super::Metric;
use crate::{ColumnKind, PredictError, wording::counted};

/// A text that names no metric.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("there is no metric \"{name}\"{}; metrics are {known}", near.as_deref().map_or_else(String::new, |near| format!(": did you mean \"{near}\"?")))]
pub struct MetricNameError {
    /// The text, cut to 80 characters.
    pub name: String,
    /// The nearest metric.
    pub near: Option<String>,
    /// All metrics.
    pub known: String,
}

/// Rows that cannot be scored.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ScoreError {
    /// A metric of classes asked of numbers, or the other way round.
    #[error("{metric} is no metric for {estimator}; use one of {instead}")]
    Task {
        /// The metric.
        metric: Metric,
        /// The estimator as in the manifest.
        estimator: &'static str,
        /// The metrics that apply, in words.
        instead: String,
    },
    /// A metric of two classes asked of more.
    #[error("{metric} is for a target of two classes, and this one has {n_classes}; use {instead}")]
    TwoClasses {
        /// The metric.
        metric: Metric,
        /// How many classes there are.
        n_classes: usize,
        /// A metric that takes them all.
        instead: Metric,
    },
    /// There is nothing to score.
    #[error("{metric} needs at least {}; there are {n_rows}", counted(*needed, "row", "rows"))]
    TooFewRows {
        /// The metric.
        metric: Metric,
        /// Rows there are.
        n_rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// Features and target are of different tables.
    #[error("the features have {}, the target has {target}", counted(*features, "row", "rows"))]
    UnequalRows {
        /// Rows of the features.
        features: usize,
        /// Rows of the target.
        target: usize,
    },
    /// The target is of another kind than in the fit.
    #[error("the target is a {found} column; the model was fitted with {expected} cells")]
    TargetKind {
        /// What the model was fitted with.
        expected: ColumnKind,
        /// What came.
        found: ColumnKind,
    },
    /// A row without a target.
    #[error("row {row}: the target is missing; leave out the rows without a target")]
    TargetMissing {
        /// The row, counted from 0.
        row: usize,
    },
    /// A class that the fit has not seen, and so has no probability.
    #[error("row {row}: the target {class} is not among the classes of the fit; {metric} needs all of them")]
    UnseenClass {
        /// The metric.
        metric: Metric,
        /// The row, counted from 0.
        row: usize,
        /// The class as quoted in messages.
        class: String,
    },
    /// A class of the model that no row has.
    #[error(
        "{metric} needs a row of every class, and none of these {n_rows} is {class}; use more rows or another metric"
    )]
    ClassAbsent {
        /// The metric.
        metric: Metric,
        /// The class as quoted in messages.
        class: String,
        /// Rows there are.
        n_rows: usize,
    },
    /// The score leaves the range of 64-bit floating point.
    #[error("{metric}: the numbers are too large; the score is not a finite number")]
    NotFinite {
        /// The metric.
        metric: Metric,
    },
    /// The rows cannot be predicted.
    #[error(transparent)]
    Predict(#[from] PredictError),
}

impl ScoreError {
    /// The same fault with another number for its row, such as one counted from 1, or its place in a larger table.
    pub fn map_row(self, map: impl FnOnce(usize) -> usize) -> ScoreError {
        match self {
            ScoreError::TargetMissing { row } => ScoreError::TargetMissing { row: map(row) },
            ScoreError::UnseenClass { metric, row, class } => ScoreError::UnseenClass {
                metric,
                row: map(row),
                class,
            },
            ScoreError::Predict(source) => ScoreError::Predict(source.map_row(map)),
            other => other,
        }
    }
}
