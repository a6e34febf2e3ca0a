//! What can go wrong with tables, fits, predictions and model files, in words a user can act on.
//!
//! Rows are counted from 0 in every field and message: who knows files and lines translates them.

mod fit;
mod load;
mod predict;

use thiserror::Error;

use crate::{ColumnKind, near::did_you_mean, wording::counted};

pub use fit::FitError;
pub use load::LoadError;
pub use predict::PredictError;

/// Columns or rows that do not make a table.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TableError {
    /// Two columns share a name.
    #[error("column \"{column}\" occurs twice; column names must be unique")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A column is longer or shorter than the first.
    #[error("column \"{column}\" has {} where {expected} are expected", counted(*n_rows, "row", "rows"))]
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
    /// No column has this name.
    #[error("there is no column \"{column}\"{}", did_you_mean(near.as_deref()))]
    ColumnAbsent {
        /// The name asked for.
        column: String,
        /// The nearest name there is.
        near: Option<String>,
    },
    /// A row has more or fewer cells than there are columns.
    #[error("row {row} has {n_cells} cells where {expected} are expected, one per column")]
    RowLength {
        /// The row, counted from 0.
        row: usize,
        /// Its cells.
        n_cells: usize,
        /// Number of columns.
        expected: usize,
    },
    /// A cell is of another kind than its column.
    #[error("column \"{column}\", row {row}: {cell} is not a {expected}")]
    CellKind {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// What its cells are.
        expected: ColumnKind,
        /// The cell as quoted in messages.
        cell: String,
    },
}
