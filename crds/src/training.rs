//! How a fit is judged and what is kept of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CrossValidation, Scoring};

/// How a fit is judged and what is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
