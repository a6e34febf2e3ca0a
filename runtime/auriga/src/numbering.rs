//! Counts rows as people and the messages about data do: from 1. The learning library counts from 0.

use auriga_learn::{FitError, PredictError, ScoreError};

/// The same fault with its row counted from 1.
pub(crate) fn of_fit(mut error: FitError) -> FitError {
    match &mut error {
        FitError::TextFeature { row, .. }
        | FitError::NotANumber { row, .. }
        | FitError::MissingCell { row, .. }
        | FitError::TargetMissing { row, .. }
        | FitError::TargetInfinite { row, .. }
        | FitError::TargetNegative { row, .. }
        | FitError::TargetContinuous { row, .. } => *row += 1,
        FitError::Transform { source, .. } => of_predict(source),
        _ => {}
    }
    error
}

/// The same fault with its row counted from 1.
pub(crate) fn of_score(mut error: ScoreError) -> ScoreError {
    match &mut error {
        ScoreError::TargetMissing { row } | ScoreError::UnseenClass { row, .. } => *row += 1,
        ScoreError::Predict(source) => of_predict(source),
        _ => {}
    }
    error
}

fn of_predict(error: &mut PredictError) {
    match error {
        PredictError::MissingCell { row, .. }
        | PredictError::UnknownCategory { row, .. }
        | PredictError::ColumnOverflow { row, .. }
        | PredictError::NotFinite { row } => *row += 1,
        _ => {}
    }
}
