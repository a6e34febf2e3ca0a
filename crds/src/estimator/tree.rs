//! Decision trees and random forests.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ClassWeight;
use crate::rule;

/// One tree that predicts classes: rows are parted by one column at a time until the classes of a part are as little
/// mixed as possible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionTreeClassifier {
    /// How mixed the classes of a node are: `gini` or `entropy`.
    #[serde(default)]
    pub criterion: ClassCriterion,
    /// How far the tree grows.
    #[serde(flatten)]
    pub growth: TreeGrowth,
    /// How much each class counts. Absent: every row counts the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
}

/// One tree that predicts numbers: the mean of the rows in each leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionTreeRegressor {
    /// How far the numbers of a node are from their mean: `squaredError` or `poisson`.
    #[serde(default)]
    pub criterion: NumberCriterion,
    /// How far the tree grows.
    #[serde(flatten)]
    pub growth: TreeGrowth,
}

/// Many trees that predict classes, each grown from rows and columns drawn by chance; the mean of their probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::max_samples_has_use())]
pub struct RandomForestClassifier {
    /// How many trees.
    #[serde(default = "n_estimators")]
    #[schemars(range(min = 1, max = 10_000))]
    pub n_estimators: i64,
    /// How mixed the classes of a node are: `gini` or `entropy`.
    #[serde(default)]
    pub criterion: ClassCriterion,
    /// How far each tree grows.
    #[serde(flatten)]
    pub growth: TreeGrowth,
    /// How much each class counts. Absent: every row counts the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// Whether each tree learns from rows drawn with replacement, so that some count several times and others not at
    /// all; `false`: every tree learns from every row.
    #[serde(default = "yes")]
    pub bootstrap: bool,
    /// How many rows are drawn for each tree. Absent: as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_samples: Option<MaxSamples>,
}

/// Many trees that predict numbers, each grown from rows drawn by chance; the mean of their predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::max_samples_has_use())]
pub struct RandomForestRegressor {
    /// How many trees.
    #[serde(default = "n_estimators")]
    #[schemars(range(min = 1, max = 10_000))]
    pub n_estimators: i64,
    /// How far the numbers of a node are from their mean: `squaredError` or `poisson`.
    #[serde(default)]
    pub criterion: NumberCriterion,
    /// How far each tree grows.
    #[serde(flatten)]
    pub growth: TreeGrowth,
    /// Whether each tree learns from rows drawn with replacement, so that some count several times and others not at
    /// all; `false`: every tree learns from every row.
    #[serde(default = "yes")]
    pub bootstrap: bool,
    /// How many rows are drawn for each tree. Absent: as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_samples: Option<MaxSamples>,
}

/// How far a tree grows, and what it draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TreeGrowth {
    /// The most splits on the way from the root to a leaf. Absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_depth: Option<i64>,
    /// A node with fewer rows is not split.
    #[serde(default = "two")]
    #[schemars(range(min = 2, max = 1_000_000_000))]
    pub min_samples_split: i64,
    /// No leaf has fewer rows: larger ones make smaller, smoother models.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min_samples_leaf: i64,
    /// A split must lower the impurity, weighted by the node's share of the rows, by at least this.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1e300))]
    pub min_impurity_decrease: f64,
    /// The most leaves; the splits that lower the impurity most are made first. Absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000_000_000))]
    pub max_leaf_nodes: Option<i64>,
    /// How many columns are drawn for each split. Absent: `sqrt` in a randomForestClassifier, else `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_features: Option<MaxFeatures>,
    /// Decides what is drawn: fits with the same number, rows and hyperparameters are the same.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4_294_967_295i64))]
    pub random_state: i64,
}

/// How many columns are drawn for each split. Give exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_max_features())]
pub struct MaxFeatures {
    /// The square root of their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqrt: Option<FromTable>,
    /// The binary logarithm of their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log2: Option<FromTable>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<FromTable>,
    /// So many; all of them if there are fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub count: Option<i64>,
    /// This share of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1))]
    #[x_kube(validation = rule::positive())]
    pub fraction: Option<f64>,
}

/// A number that follows from the table; nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FromTable {}

/// How many rows are drawn for each tree. Give exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_max_samples())]
pub struct MaxSamples {
    /// So many, at most as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub count: Option<i64>,
    /// This share of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1))]
    #[x_kube(validation = rule::positive())]
    pub fraction: Option<f64>,
}

/// How mixed the classes of a node are; p is the share of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClassCriterion {
    /// 1 − Σ p².
    #[default]
    Gini,
    /// −Σ p log₂ p.
    Entropy,
}

/// How far the numbers of a node are from their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NumberCriterion {
    /// The mean squared difference.
    #[default]
    SquaredError,
    /// Half the mean Poisson deviance: for counts and frequencies, none of which is negative.
    Poisson,
}

fn n_estimators() -> i64 {
    100
}

fn yes() -> bool {
    true
}

fn two() -> i64 {
    2
}

fn one() -> i64 {
    1
}
