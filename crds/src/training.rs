//! How a fit is judged and what is kept of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CrossValidation, EnvironmentVariable, Resources, Scoring};

/// How a fit is judged and what is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Training {
    /// The metric that counts, by scikit-learn's name; greater is better. Absent: `accuracy` for a classifier, `r2` for
    /// a regressor. It must have a value for all rows that are scored; the other metrics that suit the estimator are
    /// reported as well, where they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<Scoring>,
    /// Fits on parts of `dataset.train`, each scored on the rows kept apart. Absent: none; only the fit on all of
    /// `dataset.train` is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidation>,
    /// Keep the fitted model only if its score is greater than this: the score on `dataset.test`; without that, the
    /// mean of the cross-validation; without both, the score on `dataset.train`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_if_better_than: Option<f64>,
    /// Sample rows kept with the version and predicted again before it may become active.
    #[serde(default)]
    pub golden_requests: GoldenRequests,
    /// What the pod that fits asks for and may use at most. This and the next two fields refit nothing.
    #[serde(default = "resources")]
    pub resources: Resources,
    /// How long a fit may take in a cluster, its retries included. Absent: as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub active_deadline_seconds: Option<i64>,
    /// How often a fit in a cluster that failed for no fault of the manifest or the data is tried again, after ever longer
    /// pauses.
    #[serde(default = "backoff_limit")]
    #[schemars(range(min = 0, max = 100))]
    pub backoff_limit: i64,
    /// Variables for the pod that fits, such as the address of a proxy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub env: Vec<EnvironmentVariable>,
}

impl Default for Training {
    fn default() -> Training {
        Training {
            scoring: None,
            cross_validation: None,
            save_if_better_than: None,
            golden_requests: GoldenRequests::default(),
            resources: resources(),
            active_deadline_seconds: None,
            backoff_limit: backoff_limit(),
            env: Vec::new(),
        }
    }
}

/// Enough for tables of some hundred megabytes.
fn resources() -> Resources {
    Resources::of("100m", "128Mi", "2Gi")
}

fn backoff_limit() -> i64 {
    3
}

/// Sample rows kept with a version: a replay that comes out differently keeps the version from becoming active.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoldenRequests {
    /// How many rows of `dataset.test`, or else of `dataset.train`, to keep; 0 keeps none.
    #[serde(default = "golden_rows")]
    #[schemars(range(min = 0, max = 100))]
    pub rows: i64,
    /// The largest difference of a predicted number or probability that still counts as equal, relative to the stored
    /// number if that is above 1.
    #[serde(default = "golden_tolerance")]
    #[schemars(range(min = 0, max = 1))]
    pub tolerance: f64,
}

impl Default for GoldenRequests {
    fn default() -> GoldenRequests {
        GoldenRequests {
            rows: golden_rows(),
            tolerance: golden_tolerance(),
        }
    }
}

fn golden_rows() -> i64 {
    5
}

/// Well above what another order of summation changes, well below what a user would notice.
fn golden_tolerance() -> f64 {
    1e-6
}
