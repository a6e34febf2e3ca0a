//! Metrics: how good predictions are, as scikit-learn's scorers of the same names.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{Cell, Column, ColumnKind, Fitted, PredictError, Table, Task, near::near};

/// A measure of predictions against the target. Greater is always better: losses are negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// The share of rows whose class is predicted, from 0 to 1.
    Accuracy,
    /// The mean of ln(probability of the row's class), at most 0. Probabilities are moved into [ε, 1 − ε] first, ε
    /// being 2⁻⁵², so that a sure and wrong prediction counts about −36.
    NegLogLoss,
    /// 1 − (squared errors) / (squared distances of the target from its mean), at most 1; the mean of the target, as
    /// a prediction, gives 0. A constant target gives 1 if it is predicted exactly and 0 otherwise.
    R2,
    /// The mean of −(error²), at most 0, in the square of the target's unit.
    NegMeanSquaredError,
}

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
    #[error("{metric} is no metric for {estimator}; use {instead}")]
    Task {
        /// The metric.
        metric: Metric,
        /// The estimator as in the manifest.
        estimator: &'static str,
        /// The metrics that apply, in words.
        instead: String,
    },
    /// There is nothing to score.
    #[error("{metric} needs at least {needed} rows; there are {n_rows}")]
    TooFewRows {
        /// The metric.
        metric: Metric,
        /// Rows there are.
        n_rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// Features and target are of different tables.
    #[error("the features have {features} rows, the target has {target}")]
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
    #[error(
        "row {row}: the target {class} is not among the classes of the fit; neg_log_loss needs all of them"
    )]
    UnseenClass {
        /// The row, counted from 0.
        row: usize,
        /// The class as quoted in messages.
        class: String,
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

impl Metric {
    /// Every metric.
    pub const ALL: [Metric; 4] = [
        Metric::Accuracy,
        Metric::NegLogLoss,
        Metric::R2,
        Metric::NegMeanSquaredError,
    ];

    /// The metrics of a task; the first is its default.
    pub fn of(task: Task) -> &'static [Metric] {
        match task {
            Task::Classification => &[Metric::Accuracy, Metric::NegLogLoss],
            Task::Regression => &[Metric::R2, Metric::NegMeanSquaredError],
        }
    }

    /// The task whose predictions it measures.
    pub fn task(self) -> Task {
        match self {
            Metric::Accuracy | Metric::NegLogLoss => Task::Classification,
            Metric::R2 | Metric::NegMeanSquaredError => Task::Regression,
        }
    }

    /// The name of scikit-learn's scorer, such as `neg_log_loss`.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::NegLogLoss => "neg_log_loss",
            Metric::R2 => "r2",
            Metric::NegMeanSquaredError => "neg_mean_squared_error",
        }
    }

    /// Predicts `features` and measures the predictions against `target`; greater is better, and the score is finite.
    ///
    /// Errors: a metric of another task; no rows (r2: fewer than two); a target that is missing in a row or of
    /// another kind than in the fit; a class unknown to the model (neg_log_loss only: for accuracy it is just wrong);
    /// rows that the model refuses.
    pub fn score(self, fitted: &Fitted, features: &Table, target: &Column) -> Result<f64, ScoreError> {
        self.check(fitted, features, target)?;
        let score = match (self, target) {
            (Metric::Accuracy, _) => accuracy(&fitted.predict(features)?, target),
            (Metric::NegLogLoss, _) => neg_log_loss(fitted, features, target)?,
            (Metric::R2, Column::Number(target)) => r2(&predict_numbers(fitted, features)?, target),
            (Metric::NegMeanSquaredError, Column::Number(target)) => {
                -squared_errors(&predict_numbers(fitted, features)?, target) / target.len() as f64
            }
            (Metric::R2 | Metric::NegMeanSquaredError, other) => {
                return Err(ScoreError::TargetKind {
                    expected: ColumnKind::Number,
                    found: other.kind(),
                });
            }
        };
        if score.is_finite() {
            Ok(score)
        } else {
            Err(ScoreError::NotFinite { metric: self })
        }
    }

    fn check(self, fitted: &Fitted, features: &Table, target: &Column) -> Result<(), ScoreError> {
        let signature = fitted.signature();
        if self.task() != signature.task {
            let instead: Vec<&str> = Metric::of(signature.task)
                .iter()
                .map(|metric| metric.name())
                .collect();
            return Err(ScoreError::Task {
                metric: self,
                estimator: fitted.estimator_name(),
                instead: instead.join(" or "),
            });
        }
        if signature.target.kind != target.kind() {
            return Err(ScoreError::TargetKind {
                expected: signature.target.kind,
                found: target.kind(),
            });
        }
        if features.n_rows() != target.len() {
            return Err(ScoreError::UnequalRows {
                features: features.n_rows(),
                target: target.len(),
            });
        }
        let needed = if self == Metric::R2 { 2 } else { 1 };
        if target.len() < needed {
            return Err(ScoreError::TooFewRows {
                metric: self,
                n_rows: target.len(),
                needed,
            });
        }
        match target.first_missing() {
            Some(row) => Err(ScoreError::TargetMissing { row }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = MetricNameError;

    fn from_str(name: &str) -> Result<Metric, MetricNameError> {
        let names = Metric::ALL.map(Metric::name);
        Metric::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| MetricNameError {
                name: name.chars().take(80).collect(),
                near: near(name, &names),
                known: names.join(", "),
            })
    }
}

fn accuracy(predicted: &Column, target: &Column) -> f64 {
    let right = predicted
        .cells()
        .zip(target.cells())
        .filter(|(predicted, target)| predicted == target);
    right.count() as f64 / target.len() as f64
}

fn neg_log_loss(fitted: &Fitted, features: &Table, target: &Column) -> Result<f64, ScoreError> {
    let probabilities = fitted.predict_proba(features)?;
    let classes: Vec<Cell<'_>> = fitted.classes().into_iter().flat_map(Column::cells).collect();
    let mut sum = 0.0;
    for (row, class) in target.cells().enumerate() {
        let position = classes.iter().position(|known| *known == class);
        let position = position.ok_or_else(|| ScoreError::UnseenClass {
            row,
            class: class.quoted(),
        })?;
        sum += probabilities[[row, position]]
            .clamp(f64::EPSILON, 1.0 - f64::EPSILON)
            .ln();
    }
    Ok(sum / target.len() as f64)
}

fn predict_numbers(fitted: &Fitted, features: &Table) -> Result<Vec<f64>, ScoreError> {
    match fitted.predict(features)? {
        Column::Number(numbers) => Ok(numbers),
        other => Err(ScoreError::TargetKind {
            expected: ColumnKind::Number,
            found: other.kind(),
        }),
    }
}

fn r2(predicted: &[f64], target: &[f64]) -> f64 {
    let mean = target.iter().sum::<f64>() / target.len() as f64;
    let errors = squared_errors(predicted, target);
    let spread: f64 = target.iter().map(|target| (target - mean).powi(2)).sum();
    match (errors == 0.0, spread == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - errors / spread,
    }
}

fn squared_errors(predicted: &[f64], target: &[f64]) -> f64 {
    predicted
        .iter()
        .zip(target)
        .map(|(predicted, target)| (target - predicted).powi(2))
        .sum()
}
