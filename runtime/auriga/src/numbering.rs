//! Counts rows as people and the messages about data do: from 1. The learning library counts from 0.

use auriga_learn::{CrossValidationError, FitError, ScoreError};

/// The same fault with its row counted from 1.
pub(crate) fn of_fit(error: FitError) -> FitError {
    error.map_row(|row| row + 1)
}

/// The same fault with its row counted from 1.
pub(crate) fn of_score(error: ScoreError) -> ScoreError {
    error.map_row(|row| row + 1)
}

/// The same fault with its row counted from 1.
pub(crate) fn of_cross_validation(error: CrossValidationError) -> CrossValidationError {
    error.map_row(|row| row + 1)
}
