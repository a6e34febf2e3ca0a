//! What goes into a model and what comes out.

use serde::{Deserialize, Serialize};

use crate::ColumnKind;

/// One feature or target: its name and what its cells are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Column name.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
}

/// What an estimator learns to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// The target is one of a few classes.
    Classification,
    /// The target is a number.
    Regression,
}

/// Names and kinds of a model's inputs and output, in the order in which it was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// The columns a row must bring.
    pub features: Vec<Field>,
    /// The column predicted.
    pub target: Field,
    /// Whether the target is a class or a number.
    pub task: Task,
}
