//! Random forests: the mean of many trees, each grown from its own rows and columns by chance.

use ndarray::{ArrayView1, ArrayView2};

use super::{
    ClassWeight, Classifies, Regresses, check_range,
    tree::{
        ClassCriterion, FittedClassTrees, FittedNumberTrees, MaxFeatures, MaxSamples, NumberCriterion, Plan,
        TreeGrowth, plant_classes, plant_numbers,
    },
};
use crate::{Control, FitError, target::Classes};

/// Hyperparameters of a forest that predicts classes: the mean of the probabilities that its trees answer.
///
/// Trees grow on all threads of the pool that the fit runs in; the result is the same, byte for byte, on any number of
/// them. Errors of a fit: `TooLarge`; more draws than rows. Source: Breiman (2001), with the mean of probabilities
/// instead of a vote; scikit-learn's `RandomForestClassifier`.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomForestClassifier {
    /// Trees, at least 1. Default 100.
    pub n_estimators: usize,
    /// How mixed a node is. Default Gini.
    pub criterion: ClassCriterion,
    /// How far each tree grows. By default each split draws the square root of the number of columns.
    pub growth: TreeGrowth,
    /// How much the rows of each class count, by the frequencies in all rows. Default: all alike.
    pub class_weight: ClassWeight,
    /// How many rows are drawn for each tree, with replacement; `None`: each tree sees every row once. Default: as many
    /// as there are.
    pub bootstrap: Option<MaxSamples>,
    /// Decides what is drawn. Default 0.
    pub random_state: u64,
}

/// Hyperparameters of a forest that predicts numbers: the mean of what its trees predict.
///
/// Errors of a fit: `TooLarge`; more draws than rows; `TargetNegative` with the criterion `Poisson`. Source:
/// Breiman (2001); scikit-learn's `RandomForestRegressor`.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomForestRegressor {
    /// Trees, at least 1. Default 100.
    pub n_estimators: usize,
    /// How far the numbers of a node are from their mean. Default: squared error.
    pub criterion: NumberCriterion,
    /// How far each tree grows. By default each split looks at all columns.
    pub growth: TreeGrowth,
    /// How many rows are drawn for each tree, with replacement; `None`: each tree sees every row once. Default: as many
    /// as there are.
    pub bootstrap: Option<MaxSamples>,
    /// Decides what is drawn. Default 0.
    pub random_state: u64,
}

impl Default for RandomForestClassifier {
    fn default() -> RandomForestClassifier {
        RandomForestClassifier {
            n_estimators: 100,
            criterion: ClassCriterion::default(),
            growth: TreeGrowth {
                max_features: MaxFeatures::Sqrt,
                ..TreeGrowth::default()
            },
            class_weight: ClassWeight::Uniform,
            bootstrap: Some(MaxSamples::All),
            random_state: 0,
        }
    }
}

impl Default for RandomForestRegressor {
    fn default() -> RandomForestRegressor {
        RandomForestRegressor {
            n_estimators: 100,
            criterion: NumberCriterion::default(),
            growth: TreeGrowth::default(),
            bootstrap: Some(MaxSamples::All),
            random_state: 0,
        }
    }
}

fn check_forest(owner: &str, n_estimators: usize, bootstrap: Option<MaxSamples>) -> Result<(), FitError> {
    let obeys = n_estimators >= 1;
    check_range(owner, "nEstimators", n_estimators as f64, obeys, "at least 1")?;
    bootstrap.map_or(Ok(()), |samples| samples.check(owner))
}

impl Classifies for RandomForestClassifier {
    const KIND: &'static str = "randomForestClassifier";
    type Fitted = FittedClassTrees;

    fn check(&self) -> Result<(), FitError> {
        check_forest(Self::KIND, self.n_estimators, self.bootstrap)?;
        self.growth.check(Self::KIND)?;
        self.class_weight.check(Self::KIND)
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &Classes,
        control: &Control<'_>,
    ) -> Result<FittedClassTrees, FitError> {
        let plan = Plan {
            owner: Self::KIND,
            growth: &self.growth,
            n_trees: self.n_estimators,
            bootstrap: self.bootstrap,
            random_state: self.random_state,
        };
        plant_classes(&plan, self.criterion, &self.class_weight.of(y)?, x, y, control)
    }
}

impl Regresses for RandomForestRegressor {
    const KIND: &'static str = "randomForestRegressor";
    type Fitted = FittedNumberTrees;

    fn check(&self) -> Result<(), FitError> {
        check_forest(Self::KIND, self.n_estimators, self.bootstrap)?;
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
        let plan = Plan {
            owner: Self::KIND,
            growth: &self.growth,
            n_trees: self.n_estimators,
            bootstrap: self.bootstrap,
            random_state: self.random_state,
        };
        plant_numbers(&plan, self.criterion, x, y, control)
    }
}
