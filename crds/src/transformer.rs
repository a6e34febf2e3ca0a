//! What happens to the features before the estimator sees them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// The members of [`Transformer`] of which exactly one is given.
pub(crate) const MEMBERS: &[&str] = &["standardScaler", "simpleImputer", "oneHotEncoder"];

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

fn yes() -> bool {
    true
}
