//! Why rows cannot be predicted.

use thiserror::Error;

use crate::{
    ColumnKind,
    near::did_you_mean,
    wording::{beyond, counted, gib},
};

/// Rows that a fitted model cannot predict.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PredictError {
    /// A feature of the model is not among the columns.
    #[error("column \"{column}\" is missing; the model was fitted with it{}", found_instead(near.as_deref()))]
    ColumnAbsent {
        /// The feature.
        column: String,
        /// The nearest name among the columns that the model does not know.
        near: Option<String>,
    },
    /// A column's cells are of another kind than in the fit.
    #[error("column \"{column}\" is a {found} column; the model was fitted with {expected} cells")]
    ColumnKind {
        /// The column.
        column: String,
        /// What the model was fitted with.
        expected: ColumnKind,
        /// What came.
        found: ColumnKind,
    },
    /// A missing cell that no step of the model fills.
    #[error(
        "column \"{column}\", row {row}: the cell is missing, and the model has no step that fills it; send a value"
    )]
    MissingCell {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A text that was not among the categories of the fit, and a model that refuses such texts.
    #[error(
        "column \"{column}\", row {row}: {value} is not among the {n_categories} categories of the fit{}",
        did_you_mean(near.as_deref())
    )]
    UnknownCategory {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The text as quoted in messages.
        value: String,
        /// How many categories the model knows.
        n_categories: usize,
        /// The nearest category.
        near: Option<String>,
    },
    /// A number so large that its column leaves the range of 64-bit floating point on its way through the steps.
    #[error(
        "column \"{column}\", row {row}: the number is too large to compute with; scale down what it is made of"
    )]
    ColumnOverflow {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// Numbers so large that the prediction leaves the range of 64-bit floating point.
    #[error("row {row}: the numbers are too large; the prediction is not a finite number")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
    },
    /// Probabilities were asked of a model that has none.
    #[error("{estimator} predicts numbers and has no probabilities; ask for predictions")]
    NoProbabilities {
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// More probabilities than there is memory for.
    #[error(
        "the probabilities of {} and {} would take {}; ask for fewer rows at a time",
        counted(*n_rows, "row", "rows"),
        counted(*n_classes, "class", "classes"),
        limit.map_or_else(|| format!("{}, more than there is", gib(*bytes)), |limit| beyond(*bytes, limit))
    )]
    TooLarge {
        /// Rows that were asked for.
        n_rows: usize,
        /// Classes of the model.
        n_classes: usize,
        /// What their probabilities would take.
        bytes: u64,
        /// What they may take; `None`: the memory that there is did not suffice.
        limit: Option<u64>,
    },
    /// A threshold was given to a model that has no use for it.
    #[error("a threshold needs a classifier with two classes; leave it out")]
    NoThreshold,
}

impl PredictError {
    /// The column at fault, where there is one.
    pub fn column(&self) -> Option<&str> {
        match self {
            PredictError::ColumnAbsent { column, .. }
            | PredictError::ColumnKind { column, .. }
            | PredictError::MissingCell { column, .. }
            | PredictError::UnknownCategory { column, .. }
            | PredictError::ColumnOverflow { column, .. } => Some(column),
            PredictError::NotFinite { .. }
            | PredictError::NoProbabilities { .. }
            | PredictError::TooLarge { .. }
            | PredictError::NoThreshold => None,
        }
    }

    /// The row at fault, counted from 0, where there is one.
    pub fn row(&self) -> Option<usize> {
        match *self {
            PredictError::MissingCell { row, .. }
            | PredictError::UnknownCategory { row, .. }
            | PredictError::ColumnOverflow { row, .. }
            | PredictError::NotFinite { row } => Some(row),
            PredictError::ColumnAbsent { .. }
            | PredictError::ColumnKind { .. }
            | PredictError::NoProbabilities { .. }
            | PredictError::TooLarge { .. }
            | PredictError::NoThreshold => None,
        }
    }

    /// The same fault with another number for its row, such as one counted from 1, or its place in a larger table.
    pub fn map_row(mut self, map: impl FnOnce(usize) -> usize) -> PredictError {
        match &mut self {
            PredictError::MissingCell { row, .. }
            | PredictError::UnknownCategory { row, .. }
            | PredictError::ColumnOverflow { row, .. }
            | PredictError::NotFinite { row } => *row = map(*row),
            PredictError::ColumnAbsent { .. }
            | PredictError::ColumnKind { .. }
            | PredictError::NoProbabilities { .. }
            | PredictError::TooLarge { .. }
            | PredictError::NoThreshold => {}
        }
        self
    }
}

fn found_instead(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; there is a \"{near}\" instead"))
}
