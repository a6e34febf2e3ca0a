//! What is learned. Hyperparameters keep scikit-learn's meaning and defaults, in camelCase.

mod tree;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use tree::{
    ClassCriterion, DecisionTreeClassifier, DecisionTreeRegressor, FromTable, MaxFeatures, MaxSamples,
    NumberCriterion, RandomForestClassifier, RandomForestRegressor, TreeGrowth,
};

use crate::rule;

/// The members of [`Estimator`].
pub(crate) const MEMBERS: &[&str] = &[
    "logisticRegression",
    "linearRegression",
    "ridge",
    "decisionTreeClassifier",
    "decisionTreeRegressor",
    "randomForestClassifier",
    "randomForestRegressor",
];
/// Those that predict classes; the others predict numbers.
pub(crate) const CLASSIFIERS: &[&str] = &[
    "logisticRegression",
    "decisionTreeClassifier",
    "randomForestClassifier",
];

/// The estimator to fit, with its hyperparameters. Give exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_estimator())]
pub struct Estimator {
    /// A linear classifier of two or more classes, with probabilities (scikit-learn's LogisticRegression).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logistic_regression: Option<LogisticRegression>,
    /// Ordinary least squares (scikit-learn's LinearRegression).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear_regression: Option<LinearRegression>,
    /// Least squares with a penalty on large weights (scikit-learn's Ridge).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ridge: Option<Ridge>,
    /// One tree that predicts classes, with probabilities (scikit-learn's DecisionTreeClassifier).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_tree_classifier: Option<DecisionTreeClassifier>,
    /// One tree that predicts numbers (scikit-learn's DecisionTreeRegressor).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_tree_regressor: Option<DecisionTreeRegressor>,
    /// Many trees that predict classes, with probabilities (scikit-learn's RandomForestClassifier).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_forest_classifier: Option<RandomForestClassifier>,
    /// Many trees that predict numbers (scikit-learn's RandomForestRegressor).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_forest_regressor: Option<RandomForestRegressor>,
}

/// Logistic regression: sigmoid for two classes, softmax for more; L2 penalty, fitted by L-BFGS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogisticRegression {
    /// Inverse strength of the penalty: small values draw all weights to 0, large ones leave them free.
    #[serde(default = "one")]
    #[schemars(range(max = 1e12))]
    #[x_kube(validation = rule::positive())]
    pub c: f64,
    /// Whether to learn an intercept, which the penalty does not touch.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// How much each class counts. Absent: every row counts the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// The most iterations the solver may take.
    #[serde(default = "max_iter")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_iter: i64,
    /// The fit ends when no entry of the mean loss's gradient is larger.
    #[serde(default = "tol")]
    #[schemars(range(min = 0, max = 1))]
    pub tol: f64,
}

/// How much each class counts in the loss. Give exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_class_weight())]
pub struct ClassWeight {
    /// Each class weighs n_rows / (n_classes × its rows), so that rare classes count as much as frequent ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced: Option<Balanced>,
    /// A weight for each class named; the others weigh 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 1024),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["class"])
    )]
    pub weights: Option<Vec<Weight>>,
}

/// Weights from the classes' frequencies; nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Balanced {}

/// The weight of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// The class as the target column has it, in quotes if it is a number.
    #[schemars(length(min = 1, max = 253))]
    pub class: String,
    /// How many rows one row of this class counts for.
    #[schemars(range(max = 1e12))]
    #[x_kube(validation = rule::positive())]
    pub weight: f64,
}

/// Ordinary least squares; where several solutions fit equally well, the one with the smallest weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinearRegression {
    /// Whether to learn an intercept.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// Columns count as dependent on each other when the rows spread, in some direction, by at most this part of the
    /// widest spread.
    #[serde(default = "rank_tol")]
    #[schemars(range(min = 0, max = 0.5))]
    pub tol: f64,
}

/// Least squares with an L2 penalty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ridge {
    /// Strength of the penalty: 0 is ordinary least squares, large values draw all weights to 0.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1e12))]
    pub alpha: f64,
    /// Whether to learn an intercept, which the penalty does not touch.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn max_iter() -> i64 {
    100
}

fn rank_tol() -> f64 {
    1e-6
}

fn tol() -> f64 {
    1e-4
}
