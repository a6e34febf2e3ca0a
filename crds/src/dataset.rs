//! Where a model's rows come from.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// The members of [`Source`].
pub(crate) const FORMATS: &[&str] = &["csv"];
/// The members of [`Csv`] that say where the text is.
pub(crate) const PLACES: &[&str] = &["path", "url", "configMap", "inline"];

/// Rows to learn from, rows to score on, and which column is to be predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::target_is_no_feature())]
pub struct Dataset {
    /// The rows to learn from.
    pub train: Source,
    /// Rows kept apart, to score the fitted model on. Without them only the score on `train` is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Source>,
    /// The columns to predict from, in this order. Absent: every column of `train` but the target and the groups of a
    /// cross-validation, in the file's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub features: Option<Vec<String>>,
    /// The column to predict: classes (text, boolean or whole numbers) for a classifier, numbers for a regressor.
    #[schemars(length(min = 1, max = 253))]
    pub target: String,
}

/// A table of rows: its format, and in it the place. Give exactly one format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_format())]
pub struct Source {
    /// Separated text, one row a line, read as pandas' `read_csv` reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<Csv>,
}

/// Separated text, UTF-8, quoted as in RFC 4180. Give exactly one place: `path`, `url`, `configMap` or `inline`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::one_place(), validation = rule::names_without_header())]
pub struct Csv {
    /// A file; a relative path starts at the manifest's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub path: Option<String>,
    /// An address: `https://…`, `http://…` or `file://…`, without user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = rule::url(), validation = rule::no_user_info())]
    pub url: Option<String>,
    /// A key of a ConfigMap in the Model's namespace; on a laptop, of a ConfigMap document in the manifests given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKey>,
    /// The text itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 262_144))]
    pub inline: Option<String>,
    /// The character between two cells.
    #[serde(default = "comma")]
    #[schemars(length(min = 1, max = 1))]
    #[x_kube(validation = rule::separator())]
    pub separator: String,
    /// Whether the first line read holds the column names. Absent: yes, unless `names` are given. With `names`, `true`
    /// drops that line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The column names, in the file's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub names: Option<Vec<String>>,
    /// The columns to keep. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub usecols: Option<Vec<String>>,
    /// How many rows to read. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub nrows: Option<i64>,
    /// How many lines to leave out at the start of the file, before the header if there is one.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub skiprows: i64,
    /// Cell texts that mean "no value", as an empty cell always does. A list given here takes the default's place.
    #[serde(default = "missing_values")]
    #[schemars(length(max = 64), inner(length(max = 64)))]
    pub missing_values: Vec<String>,
    /// What the cells of a column are, by column name. A column not named here is `number` if every value is one,
    /// `boolean` if every value is true or false, else `text`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 4096))]
    pub types: BTreeMap<String, ColumnType>,
}

fn comma() -> String {
    ",".to_owned()
}

/// The texts that pandas' `read_csv` takes for a missing value (its `na_values` documentation).
fn missing_values() -> Vec<String> {
    let marks = [
        "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
        "NA",
    ];
    let words = ["NULL", "NaN", "None", "n/a", "nan", "null"];
    marks
        .iter()
        .chain(&words)
        .map(|mark| (*mark).to_owned())
        .collect()
}

/// A key of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKey {
    /// The ConfigMap's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key in its `data`.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ColumnType {
    /// 64-bit floating point numbers.
    Number,
    /// Texts, such as categories or codes with leading zeros.
    Text,
    /// True or false.
    Boolean,
}
