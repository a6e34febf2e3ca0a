//! What happens to the features before the estimator sees them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// The members of [`Transformer`] of which exactly one is given.
pub(crate) const MEMBERS: &[&str] = &[
    "standardScaler",
    "minMaxScaler",
    "polynomialFeatures",
    "simpleImputer",
    "oneHotEncoder",
];

/// One step: a name, the columns it works on, and exactly one transformer. Steps run in their order; each sees the
/// columns as the steps before it left them, and columns it does not take pass through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_transformer())]
pub struct Transformer {
    /// The step's name, unique among the steps.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rule::step_name())]
    pub name: String,
    /// The columns it takes. Absent: every column of a kind it can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub columns: Option<Vec<String>>,
    /// Shifts and scales number columns to mean 0 and standard deviation 1 (scikit-learn's StandardScaler).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_scaler: Option<StandardScaler>,
    /// Shifts and scales number columns to a given range (scikit-learn's MinMaxScaler).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_max_scaler: Option<MinMaxScaler>,
    /// Adds powers and products of number columns (scikit-learn's PolynomialFeatures).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polynomial_features: Option<PolynomialFeatures>,
    /// Fills in missing values (scikit-learn's SimpleImputer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simple_imputer: Option<SimpleImputer>,
    /// Turns each text column into one column of zeros and ones per category (scikit-learn's OneHotEncoder).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_hot_encoder: Option<OneHotEncoder>,
}

/// Shifts and scales number columns to mean 0 and standard deviation 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandardScaler {
    /// Subtract the mean.
    #[serde(default = "yes")]
    pub with_mean: bool,
    /// Divide by the standard deviation (of the population, as scikit-learn does); a constant column is divided by 1.
    #[serde(default = "yes")]
    pub with_std: bool,
}

/// Shifts and scales number columns so that the smallest and the largest value of the fit become the ends of a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinMaxScaler {
    /// The range. A constant column becomes its minimum.
    #[serde(default)]
    pub feature_range: FeatureRange,
    /// Bring values beyond those of the fit to the nearer end of the range; otherwise they leave it.
    #[serde(default)]
    pub clip: bool,
}

/// The range that a MinMaxScaler maps to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::range_is_not_empty())]
pub struct FeatureRange {
    /// What the smallest value becomes.
    #[serde(default = "zero")]
    #[schemars(range(min = -1e12, max = 1e12))]
    pub min: f64,
    /// What the largest value becomes.
    #[serde(default = "one")]
    #[schemars(range(min = -1e12, max = 1e12))]
    pub max: f64,
}

impl Default for FeatureRange {
    fn default() -> FeatureRange {
        FeatureRange {
            min: zero(),
            max: one(),
        }
    }
}

/// Replaces number columns by all their products of up to `degree` factors, such as `a`, `b`, `a^2`, `a b` and `b^2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolynomialFeatures {
    /// The most factors of a product. The number of columns grows fast with it: 20 columns become 231 at degree 2, and
    /// 10,626 at degree 4.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 10))]
    pub degree: i64,
    /// Only products of different columns: `a b`, but not `a^2`.
    #[serde(default)]
    pub interaction_only: bool,
    /// Put a column of ones, called `1`, before the others. An estimator with an intercept has no use for it.
    #[serde(default = "yes")]
    pub include_bias: bool,
}

/// Fills in missing values, each with a value learned from its column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::fill_value_has_use())]
pub struct SimpleImputer {
    /// What to fill in: `mean` and `median` take number columns, `mostFrequent` (the smallest of equally frequent
    /// values) and `constant` take any.
    #[serde(default)]
    pub strategy: ImputeStrategy,
    /// What `constant` fills in, for columns of its kind. Absent: 0, `missing_value` or false, for columns of every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill_value: Option<FillValue>,
}

/// A value that stands for missing ones. Give exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_fill_value())]
pub struct FillValue {
    /// For number columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// For text columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub text: Option<String>,
    /// For boolean columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean: Option<bool>,
}

/// What a missing value is replaced by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImputeStrategy {
    /// The mean of the column.
    #[default]
    Mean,
    /// The median of the column.
    Median,
    /// The most frequent value of the column.
    MostFrequent,
    /// `fillValue`.
    Constant,
}

/// Turns each text column into one column of zeros and ones per category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneHotEncoder {
    /// What to do with a category that the fit did not see: `error` refuses the row, `ignore` makes it all zeros.
    #[serde(default)]
    pub handle_unknown: HandleUnknown,
}

/// What to do with a category that the fit did not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HandleUnknown {
    /// Refuse the row.
    #[default]
    Error,
    /// All zeros.
    Ignore,
}

fn zero() -> f64 {
    0.0
}

fn one() -> f64 {
    1.0
}

fn two() -> i64 {
    2
}

fn yes() -> bool {
    true
}
