//! Predictions beside their target, made once for every metric that is asked of them.

use ndarray::{Array2, Axis};

use super::{
    Metric, ScoreError,
    classes::Counts,
    numbers, probabilities,
    ranks::{self, Rankings},
};
use crate::{Column, ColumnKind, Fitted, Table, distinct::coded_by, fitted::first_largest};

/// The predictions of a model for some rows, with what should have been predicted.
pub struct Predicted<'a> {
    fitted: &'a Fitted,
    n_rows: usize,
    answers: Answers,
}

enum Answers {
    Classes(Box<Classified>),
    Numbers { predicted: Vec<f64>, target: Vec<f64> },
}

/// Classes as positions among those of the model; a class that the model does not know comes after them.
pub(super) struct Classified {
    /// The model's classes as quoted in messages.
    pub(super) known: Vec<String>,
    /// The class of each row.
    pub(super) target: Vec<usize>,
    /// n_rows × the model's classes.
    pub(super) probabilities: Array2<f64>,
    /// Rows of each class, predicted and right ones.
    pub(super) counts: Counts,
    /// What the rankings of rows were found to be worth.
    pub(super) rankings: Rankings,
    /// The first row whose class the model does not know, with the class.
    unseen: Option<(usize, String)>,
}

impl Predicted<'_> {
    /// Predicts `features` (n_rows × the model's features) to be measured against `target` (n_rows).
    ///
    /// Errors: a target that is missing in a row or of another kind than in the fit; tables of unequal length; rows
    /// that the model refuses.
    pub fn of<'a>(
        fitted: &'a Fitted,
        features: &Table,
        target: &Column,
    ) -> Result<Predicted<'a>, ScoreError> {
        check(fitted, features, target)?;
        let answers = match (fitted.classes(), target) {
            (Some(classes), target) => {
                let probabilities = fitted.predict_proba(features)?;
                Answers::Classes(Box::new(Classified::new(classes, probabilities, target)))
            }
            (None, Column::Number(target)) => match fitted.predict(features)? {
                Column::Number(predicted) => Answers::Numbers {
                    predicted,
                    target: target.clone(),
                },
                other => return Err(not_numbers(&other)),
            },
            (None, other) => return Err(not_numbers(other)),
        };
        Ok(Predicted {
            fitted,
            n_rows: target.len(),
            answers,
        })
    }

    /// The score by one metric: finite, greater is better.
    ///
    /// Errors: a metric of another task, or of two classes where there are more; no rows (r2: fewer than two); rows
    /// without a class that the metric needs, or with one that the model does not know, unless the metric just counts
    /// it as wrong; numbers too large for a finite score.
    pub fn score(&self, metric: Metric) -> Result<f64, ScoreError> {
        metric.check_task(self.fitted)?;
        let needed = if metric == Metric::R2 { 2 } else { 1 };
        if self.n_rows < needed {
            return Err(ScoreError::TooFewRows {
                metric,
                n_rows: self.n_rows,
                needed,
            });
        }
        let score = match &self.answers {
            Answers::Classes(classified) => classified.score(metric)?,
            Answers::Numbers { predicted, target } => numbers::score(metric, predicted, target),
        };
        if score.is_finite() {
            // No loss at all is 0, not -0.
            Ok(score + 0.0)
        } else {
            Err(ScoreError::NotFinite { metric })
        }
    }

    /// Every metric of the task that has a value for these rows, in the order of [`Metric::of`].
    pub fn scores(&self) -> Vec<(Metric, f64)> {
        let metrics = Metric::of(self.fitted.signature().task).iter();
        metrics
            .filter_map(|&metric| Some((metric, self.score(metric).ok()?)))
            .collect()
    }
}

impl Classified {
    /// `probabilities` is n_rows × the model's `classes`; no cell of `target` (n_rows) is missing.
    pub(super) fn new(classes: &Column, probabilities: Array2<f64>, target: &Column) -> Classified {
        let predicted: Vec<usize> = probabilities.axis_iter(Axis(0)).map(first_largest).collect();
        let codes = coded_by(classes, target);
        let unseen = codes.iter().position(|&code| code >= classes.len());
        Classified {
            known: classes.cells().map(|class| class.quoted()).collect(),
            counts: Counts::of(&codes, &predicted, classes.len()),
            rankings: Rankings::default(),
            unseen: unseen.map(|row| (row, target.cell(row).quoted())),
            target: codes,
            probabilities,
        }
    }

    pub(super) fn score(&self, metric: Metric) -> Result<f64, ScoreError> {
        metric.check_two(self.known.len())?;
        if let Some(score) = self.counts.score(metric) {
            return Ok(score);
        }
        if let Some((row, class)) = &self.unseen {
            return Err(ScoreError::UnseenClass {
                metric,
                row: *row,
                class: class.clone(),
            });
        }
        match metric {
            Metric::NegLogLoss => Ok(probabilities::neg_log_loss(&self.target, &self.probabilities)),
            Metric::NegBrierScore => Ok(probabilities::neg_brier_score(&self.target, &self.probabilities)),
            _ => ranks::score(metric, self),
        }
    }
}

fn check(fitted: &Fitted, features: &Table, target: &Column) -> Result<(), ScoreError> {
    let signature = fitted.signature();
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
    match target.first_missing() {
        Some(row) => Err(ScoreError::TargetMissing { row }),
        None => Ok(()),
    }
}

fn not_numbers(found: &Column) -> ScoreError {
    ScoreError::TargetKind {
        expected: ColumnKind::Number,
        found: found.kind(),
    }
}
