//! What can go wrong with tables, fits, predictions and model files, in words a user can act on.

use thiserror::Error;

/// Columns that do not make a table.
#[derive(Debug, Error, PartialEq)]
pub enum TableError {
    /// Two columns share a name.
    #[error("column \"{column}\" occurs twice; column names must be unique")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A column is longer or shorter than the first.
    #[error("column \"{column}\" has {n_rows} rows where {expected} are expected")]
    UnequalLength {
        /// The column.
        column: String,
        /// Its rows.
        n_rows: usize,
        /// Rows of the first column.
        expected: usize,
    },
    /// A number is infinite.
    #[error("column \"{column}\", row {row}: the number is infinite")]
    Infinite {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
}

/// A fit that cannot be done, with the reason and the remedy. Always the user's data or hyperparameters.
#[derive(Debug, Error, PartialEq)]
pub enum FitError {}

/// Rows that a fitted model cannot predict.
#[derive(Debug, Error, PartialEq)]
pub enum PredictError {}

/// Bytes that are not a model this build can read.
#[derive(Debug, Error, PartialEq)]
pub enum LoadError {}
