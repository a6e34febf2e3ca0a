//! Conditions: what is true of an object, since when and why (`metav1.Condition` of the Kubernetes API conventions).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One statement about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is stated, such as `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316))]
    pub kind: String,
    /// Whether it holds; `Unknown` while it is on the way.
    pub status: ConditionStatus,
    /// The generation of the object that the statement is about.
    #[schemars(range(min = 0))]
    pub observed_generation: i64,
    /// When `status` last changed (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// Why, in one CamelCase word.
    #[schemars(length(min = 1, max = 1024))]
    pub reason: String,
    /// Why, in a sentence that names the thing, the value and what to do next.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// Reached.
    True,
    /// Needs attention.
    False,
    /// On the way.
    Unknown,
}
