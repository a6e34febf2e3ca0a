//! Decision trees: one tree that sees every row.

use ndarray::{ArrayView1, ArrayView2};

use super::{
    ClassWeight, Classifies, Regresses,
    tree::{
        ClassCriterion, FittedClassTrees, FittedNumberTrees, NumberCriterion, Plan, TreeGrowth,
        plant_classes, plant_numbers,
    },
};
use crate::{Control, FitError, target::Classes};

/// Hyperparameters of a tree that predicts classes: rows are parted by one column at a time, so that the classes of each
/// part are as little mixed as possible.
///
/// Every cut between two different numbers is tried; the threshold lies halfway. The probability of a class is its share
/// in the leaf. Errors of a fit: `TooLarge`. Source: Breiman, Friedman, Olshen and Stone (1984); scikit-learn's
/// `DecisionTreeClassifier`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecisionTreeClassifier {
    /// How mixed a node is. Default Gini.
    pub criterion: ClassCriterion,
    /// How far the tree grows.
    pub growth: TreeGrowth,
    /// How much the rows of each class count. Default: all alike.
    pub class_weight: ClassWeight,
    /// Decides which columns are drawn, and which of equally good splits is made. Default 0.
    pub random_state: u64,
}

/// Hyperparameters of a tree that predicts numbers: the mean of each leaf.
///
/// Errors of a fit: `TooLarge`; `TargetNegative` with the criterion `Poisson`. Source: Breiman, Friedman, Olshen
/// and Stone (1984); scikit-learn's `DecisionTreeRegressor`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecisionTreeRegressor {
    /// How far the numbers of a node are from their mean. Default: squared error.
    pub criterion: NumberCriterion,
    /// How far the tree grows.
    pub growth: TreeGrowth,
    /// Decides which columns are drawn, and which of equally good splits is made. Default 0.
    pub random_state: u64,
}

fn plan<'a>(owner: &'static str, growth: &'a TreeGrowth, random_state: u64) -> Plan<'a> {
    Plan {
        owner,
        growth,
        n_trees: 1,
        bootstrap: None,
        random_state,
    }
}

impl Classifies for DecisionTreeClassifier {
    const KIND: &'static str = "decisionTreeClassifier";
    type Fitted = FittedClassTrees;

    fn check(&self) -> Result<(), FitError> {
        self.growth.check(Self::KIND)?;
        self.class_weight.check(Self::KIND)
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &Classes,
        control: &Control<'_>,
    ) -> Result<FittedClassTrees, FitError> {
        let plan = plan(Self::KIND, &self.growth, self.random_state);
        plant_classes(&plan, self.criterion, &self.class_weight.of(y)?, x, y, control)
    }
}

impl Regresses for DecisionTreeRegressor {
    const KIND: &'static str = "decisionTreeRegressor";
    type Fitted = FittedNumberTrees;

    fn check(&self) -> Result<(), FitError> {
        self.growth.check(Self::KIND)
    }

    fn check_target(&self, name: &str, y: &[f64]) -> Result<(), FitError> {
        self.criterion.check_target(Self::KIND, name, y)
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: ArrayView1<'_, f64>,
        control: &Control<'_>,
    ) -> Result<FittedNumberTrees, FitError> {
        let plan = plan(Self::KIND, &self.growth, self.random_state);
        plant_numbers(&plan, self.criterion, x, y, control)
    }
}
