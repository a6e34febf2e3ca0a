//! Transformers and one final estimator in a row: everything chosen before a fit.
use crate::{Column, Control, FitError, Fitted, Table};

/// A named transformer and the columns it works on.
#[derive(Clone, Debug)]
pub struct Step {
    /// Unique among the steps.
    pub name: String,
    /// The columns it takes, in the table as the steps before it left it; `None`: all columns of the kinds it can take.
    pub columns: Option<Vec<String>>,
}

/// Transformers and one final estimator in a row.
#[derive(Clone, Debug)]
pub struct Steps {
    /// In order.
    pub transformers: Vec<Step>,
}

impl Steps {
    /// Learns from `features` and `target`.
    pub fn fit(
        &self,
        _features: &Table,
        _target: (&str, &Column),
        _control: &Control,
    ) -> Result<Fitted, FitError> {
        todo!()
    }
}
