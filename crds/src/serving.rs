//! How the active version answers requests.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EnvironmentVariable, Resources, rule};

/// How the active version answers requests. A change here refits nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// The paths that predict, each with its own settings.
    #[serde(default = "entry_points")]
    #[schemars(
        length(min = 1, max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["path"])
    )]
    pub entry_points: Vec<EntryPoint>,
    /// Texts repeated in the `metadata` of every answer and in `/alive`. `service_name` is the Model's name and
    /// `service_version` the version's number unless given here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = { "type": "string", "maxLength": 253 }))]
    #[x_kube(validation = rule::metadata_keys())]
    pub service_metadata: BTreeMap<String, String>,
    /// What each pod that serves asks for and may use at most.
    #[serde(default = "resources")]
    pub resources: Resources,
    /// Variables for the pods that serve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub env: Vec<EnvironmentVariable>,
    /// How long a new version may take until all of its pods can answer; after that it is given up, or waited for with
    /// `Stalled`, if the reason lies outside of it.
    #[serde(default = "progress_deadline_seconds")]
    #[schemars(range(min = 5, max = 86400))]
    pub progress_deadline_seconds: i64,
}

impl Default for Serving {
    fn default() -> Serving {
        Serving {
            entry_points: entry_points(),
            service_metadata: BTreeMap::new(),
            resources: resources(),
            env: Vec::new(),
            progress_deadline_seconds: progress_deadline_seconds(),
        }
    }
}

/// A small model takes about 16 MiB; the limit leaves room for large requests.
fn resources() -> Resources {
    Resources::of("50m", "64Mi", "1Gi")
}

fn progress_deadline_seconds() -> i64 {
    120
}

fn entry_points() -> Vec<EntryPoint> {
    vec![EntryPoint {
        path: "/predict".to_owned(),
        method: PredictMethod::default(),
        strict: false,
        mapping: None,
        params: Vec::new(),
        unwrap_sample: false,
    }]
}

/// A path that takes rows and answers predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::params_apart_from_rows())]
#[x_kube(validation = rule::unwraps_one_value())]
pub struct EntryPoint {
    /// The path, such as `/predict`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rule::entry_point_path())]
    pub path: String,
    /// What is answered for each row: `predict` its class or number, `predictProba` the probability of each class, in the
    /// order of the `classes` in the answer's metadata. The latter needs a classifier.
    #[serde(default)]
    pub method: PredictMethod,
    /// Refuse a row that brings a column the model does not know. Otherwise such a column is ignored and counted.
    #[serde(default)]
    pub strict: bool,
    /// The parameters a row brings, with their types and the columns they fill. Absent: a row brings the model's own
    /// columns, under their own names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    #[x_kube(validation = rule::mapped_once())]
    pub mapping: Option<Vec<Parameter>>,
    /// What the query of a GET or POST may say about the prediction, beside the row. Each must be a parameter that the
    /// method takes: `predict` of a classifier with two classes takes `threshold`, the probability from 0 to 1 of the
    /// second class from which on it is predicted (without it the more probable class is).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub params: Vec<RequestParameter>,
    /// Take bare values as the rows of a POST, such as `["a text", "another"]`. Only for a model with one feature.
    #[serde(default)]
    pub unwrap_sample: bool,
}

/// What is answered for each row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PredictMethod {
    /// The class or number.
    #[default]
    Predict,
    /// The probability of each class.
    PredictProba,
}

/// A parameter that goes to the prediction rather than into a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestParameter {
    /// Its name in the query, which is the one that the method knows.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// How its value is read.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// The value for a request that brings none, in quotes and spelled as in a query, such as `"0.3"`. Absent: the
    /// method's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub default: Option<String>,
}

/// A parameter of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// The parameter's name in the query or the JSON row.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// How its value is read; a text such as `"5.1"` is read as the type says.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// The model's column it fills. Absent: the column of the parameter's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub column: Option<String>,
}

/// How a parameter is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// A number.
    Float,
    /// A whole number.
    Int,
    /// A text.
    Str,
    /// True or false.
    Bool,
}
