//! What makes a cut a good one: impurities of classes and of numbers.

mod classes;
mod numbers;

use crate::FitError;

pub(super) use classes::{CLASS_BITS, EqualGini, Logarithms, WeightedClasses};
pub(super) use numbers::{PoissonDeviance, Scaled, SquaredError};

/// How mixed the classes of a node are. p is the share of a class in the node's weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClassCriterion {
    /// 1 − Σ p². Source: Breiman, Friedman, Olshen and Stone (1984).
    #[default]
    Gini,
    /// −Σ p log₂ p. Source: Quinlan (1986).
    Entropy,
}

/// How far the numbers of a node are from their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberCriterion {
    /// The mean squared difference.
    #[default]
    SquaredError,
    /// Half the mean Poisson deviance, for counts and frequencies; no target may be negative. A cut that would leave
    /// only zeros on a side is not made.
    Poisson,
}

impl NumberCriterion {
    /// Whether the criterion is defined for the target `name`.
    ///
    /// Errors: `TargetNegative`.
    pub(in super::super) fn check_target(
        self,
        estimator: &'static str,
        name: &str,
        y: &[f64],
    ) -> Result<(), FitError> {
        let negative = y.iter().position(|&number| number < 0.0);
        match (self, negative) {
            (NumberCriterion::Poisson, Some(row)) => Err(FitError::TargetNegative {
                column: name.to_owned(),
                row,
                value: y[row],
                estimator,
            }),
            _ => Ok(()),
        }
    }
}

/// A row in a node: its number in the table, and what the sums need to know of it.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) load: u32,
}

/// What is known of the rows of a node.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    /// The sum of their weights.
    pub(super) weight: f64,
    /// In the criterion's own unit.
    pub(super) impurity: f64,
    /// Whether all targets are alike, so that no cut can improve anything.
    pub(super) is_pure: bool,
}

/// What a leaf says.
pub(super) enum Leaf {
    /// All its rows have this class.
    Class(u32),
    /// The share of each class.
    Shares(Vec<f64>),
    /// The mean of the targets.
    Number(f64),
}

/// The sums by which nodes and cuts are judged.
pub(super) trait Criterion {
    /// What the sums need to know of a row that counts `count` times.
    fn load(&self, row: u32, count: u32) -> u32;

    /// One impurity in the unit of the target.
    fn unit(&self) -> f64;

    /// Sums up the rows of a node; there is at least one. The search for a cut goes on from these sums.
    fn measure(&mut self, rows: &[Row]) -> Measure;

    /// Puts the cut before the first row of the node that was measured last.
    fn restart(&mut self);

    /// Moves the cut behind a row.
    fn move_left(&mut self, load: u32);

    /// How good the cut is: the decrease of impurity up to a factor and a constant of the node. Not a number, or
    /// negative infinity: the cut cannot be made.
    fn gain(&self) -> f64;

    /// What a leaf with these rows says.
    fn leaf(&mut self, rows: &[Row]) -> Leaf;
}
