//! How a fit is judged and what is kept of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a fit is judged and what is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Training {
    /// The metric that counts, by scikit-learn's name; greater is better. Absent: `accuracy` for a classifier, `r2` for
    /// a regressor. The other metrics that suit the estimator are reported as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<Scoring>,
    /// Keep the fitted model only if its score, on `dataset.test` or else on `dataset.train`, is greater than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_if_better_than: Option<f64>,
    /// Sample rows kept with the version and predicted again before it may become active.
    #[serde(default)]
    pub golden_requests: GoldenRequests,
}

/// A metric, by scikit-learn's scorer name; greater is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// Share of rows predicted right.
    Accuracy,
    /// Minus the mean negative logarithm of the right class's probability.
    NegLogLoss,
    /// Share of the target's variance explained.
    R2,
    /// Minus the mean squared error.
    NegMeanSquaredError,
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
