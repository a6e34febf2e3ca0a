//! Sample rows with their predictions, kept with a version and replayed before it becomes active.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Fitted, PredictError, Table};

/// Sample rows, what the model predicted for them, and how far a replay may be off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoldenRequests {
    /// Rows in the order of the signature's features; a missing cell is null.
    pub rows: Vec<Vec<GoldenCell>>,
    /// The prediction of each row.
    pub predictions: Vec<GoldenCell>,
    /// The probabilities of each row, for a classifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probabilities: Vec<Vec<f64>>,
    /// Largest allowed difference of numbers, relative to 1 or to the stored number, whichever is greater.
    pub tolerance: f64,
}

/// One cell as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GoldenCell {
    /// No value.
    Missing,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A replay that came out differently.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("golden request {row}: {what}")]
pub struct GoldenMismatch {
    /// The sample row, counted from 1.
    pub row: usize,
    /// What was stored and what came out.
    pub what: String,
}

impl GoldenRequests {
    /// Predicts the first `n_rows` rows of `features` and keeps them with the answers.
    pub fn record(
        _fitted: &Fitted,
        _features: &Table,
        _n_rows: usize,
        _tolerance: f64,
    ) -> Result<GoldenRequests, PredictError> {
        todo!()
    }

    /// Predicts every sample row again and compares.
    pub fn replay(&self, _fitted: &Fitted) -> Result<(), GoldenMismatch> {
        todo!()
    }
}
