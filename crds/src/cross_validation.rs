//! How rows are split for a cross-validation. Settings keep scikit-learn's meaning and defaults, in camelCase.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// The members of [`CrossValidation`].
pub(crate) const SPLITTERS: &[&str] = &[
    "kFold",
    "stratifiedKFold",
    "shuffleSplit",
    "stratifiedShuffleSplit",
    "groupKFold",
    "timeSeriesSplit",
];
/// Those that look at classes, and so are for classifiers alone.
pub(crate) const STRATIFIED: &[&str] = &["stratifiedKFold", "stratifiedShuffleSplit"];

/// Fits on parts of `dataset.train`, each scored on rows of it that were kept apart, before the fit on all of it: how
/// well the estimator does on rows that it has not seen, and how much that depends on the rows. Give exactly one way to
/// split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_splitter())]
pub struct CrossValidation {
    /// Folds of neighboring rows, each once kept apart (scikit-learn's KFold).
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "kFold")]
    pub k_fold: Option<KFold>,
    /// Folds with the same share of every class, each once kept apart (scikit-learn's StratifiedKFold); for classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "stratifiedKFold")]
    pub stratified_k_fold: Option<StratifiedKFold>,
    /// Random splits, each made anew from all rows (scikit-learn's ShuffleSplit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shuffle_split: Option<ShuffleSplit>,
    /// Random splits with the same share of every class on both sides (scikit-learn's StratifiedShuffleSplit); for
    /// classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratified_shuffle_split: Option<StratifiedShuffleSplit>,
    /// Folds of whole groups, such as all rows of one patient, each once kept apart (scikit-learn's GroupKFold).
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "groupKFold")]
    pub group_k_fold: Option<GroupKFold>,
    /// For rows in the order of time: each split learns from what came before the rows it scores on (scikit-learn's
    /// TimeSeriesSplit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_series_split: Option<TimeSeriesSplit>,
}

/// Folds of neighboring rows, each once kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::random_state_has_use())]
pub struct KFold {
    /// Number of folds, at most one for each row.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// Whether to put the rows into a random order first; needed where neighboring rows are alike, as in a sorted file.
    #[serde(default)]
    pub shuffle: bool,
    /// Chooses the random order, with `shuffle`: the same number makes the same folds on any machine, though not those
    /// of NumPy. Absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4_294_967_295i64))]
    pub random_state: Option<i64>,
}

/// Folds with, as nearly as can be, the same share of every class, each once kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::random_state_has_use())]
pub struct StratifiedKFold {
    /// Number of folds, at most one for each row of the largest class.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// Whether to put the rows of each class into a random order first.
    #[serde(default)]
    pub shuffle: bool,
    /// Chooses the random order, with `shuffle`: the same number makes the same folds on any machine, though not those
    /// of NumPy. Absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4_294_967_295i64))]
    pub random_state: Option<i64>,
}

/// Random splits, each made anew from all rows: a row may be kept apart more than once, or never.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShuffleSplit {
    /// Number of splits.
    #[serde(default = "ten")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// The share of rows to keep apart, rounded up to whole rows.
    #[serde(default = "tenth")]
    #[schemars(range(max = 0.99))]
    #[x_kube(validation = rule::positive())]
    pub test_size: f64,
    /// Chooses the rows: the same number makes the same splits on any machine, though not those of NumPy.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4_294_967_295i64))]
    pub random_state: i64,
}

/// Random splits with, as nearly as can be, the same share of every class on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StratifiedShuffleSplit {
    /// Number of splits.
    #[serde(default = "ten")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// The share of rows to keep apart, rounded up to whole rows; at least one for each class.
    #[serde(default = "tenth")]
    #[schemars(range(max = 0.99))]
    #[x_kube(validation = rule::positive())]
    pub test_size: f64,
    /// Chooses the rows: the same number makes the same splits on any machine, though not those of NumPy.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4_294_967_295i64))]
    pub random_state: i64,
}

/// Folds of whole groups and of about the same number of rows, each once kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupKFold {
    /// Number of folds, at most one for each group.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// The column of `dataset.train` that says to which group a row belongs: texts, numbers or booleans, none missing.
    /// It is neither the target nor a feature; where `dataset.features` are not listed, it is left out of them.
    #[schemars(length(min = 1, max = 253))]
    pub groups: String,
}

/// Rows in the order of time: each split learns from what came before the rows it scores on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimeSeriesSplit {
    /// Number of splits; fewer than there are rows.
    #[serde(default = "five")]
    #[schemars(range(min = 2, max = 100))]
    pub n_splits: i64,
    /// The most rows to learn from, the latest ones. Absent: all that came before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_train_size: Option<i64>,
    /// Rows to score on in each split. Absent: the number of rows / (nSplits + 1), rounded down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub test_size: Option<i64>,
    /// Rows to leave out between those to learn from and those to score on, where neighbors know too much of each other.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub gap: i64,
}

fn five() -> i64 {
    5
}

fn ten() -> i64 {
    10
}

fn tenth() -> f64 {
    0.1
}
