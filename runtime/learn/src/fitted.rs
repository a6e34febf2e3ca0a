//! A fitted model: exists only after a fit, predicts, becomes bytes and comes back.
use crate::{Column, LoadError, PredictError, Signature, Table};

/// The result of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    signature: Signature,
}

impl Fitted {
    /// Names and kinds of inputs and output.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
    /// The estimator's name as in the manifest, such as `logisticRegression`.
    pub fn estimator_name(&self) -> &'static str {
        todo!()
    }
    /// The classes in the order of `predict_proba`'s columns; `None` for a regression.
    pub fn classes(&self) -> Option<&Column> {
        todo!()
    }
    /// One prediction per row, of the target's kind, none missing.
    pub fn predict(&self, _table: &Table) -> Result<Column, PredictError> {
        todo!()
    }
    /// n_rows × n_classes probabilities, each row summing to 1.
    pub fn predict_proba(&self, _table: &Table) -> Result<ndarray::Array2<f64>, PredictError> {
        todo!()
    }
    /// The model file: see `container`.
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }
    /// Reads a model file.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Fitted, LoadError> {
        todo!()
    }
}
