//! The kind TrainingJob: one bounded fit of a Model.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Condition, LastFailure, MetricValue, contract::TrainerStatus, rule};

/// One fit of a Model: made by the Model itself, or by hand with `kubectl create`. It runs once; what came of it stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[allow(
    clippy::duplicated_attributes,
    reason = "the columns are attributes of one name, with parts that are alike"
)]
#[kube(
    group = "auriga.dev",
    version = "v1alpha1",
    kind = "TrainingJob",
    namespaced,
    status = "TrainingJobStatus",
    derive = "PartialEq",
    doc = "One fit of a Model, which runs once and keeps what came of it.",
    shortname = "atj",
    category = "auriga",
    printcolumn(
        name = "State",
        type_ = "string",
        json_path = ".status.state",
        description = "Where the fit stands"
    ),
    printcolumn(
        name = "Progress",
        type_ = "integer",
        json_path = ".status.trainerStatus.progressPercentage",
        description = "How much is done, in percent"
    ),
    printcolumn(
        name = "ETA",
        type_ = "integer",
        json_path = ".status.trainerStatus.estimatedRemainingSeconds",
        description = "Seconds that are left, as far as can be told"
    ),
    printcolumn(
        name = "Score",
        type_ = "string",
        json_path = ".status.result.score.value",
        description = "The score that counts"
    ),
    printcolumn(
        name = "Version",
        type_ = "integer",
        json_path = ".status.result.version",
        description = "The version it made or found"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Since when the TrainingJob exists"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.reason",
        priority = 1,
        description = "Why it stands there"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1,
        description = "The same in a sentence"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::only_suspend_changes())]
pub struct TrainingJobSpec {
    /// The Model to fit.
    pub model_ref: ModelReference,
    /// Fit only what this hash stands for; a Model that has changed before the fit begins ends the job. Absent: whatever
    /// the Model describes when the fit begins. A Model gives it to the TrainingJobs it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub fit_hash: Option<String>,
    /// Keep the fitted model only if its score is greater; takes the place of the Model's `training.saveIfBetterThan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_if_better_than: Option<f64>,
    /// Stops the fit; false starts it anew.
    #[serde(default)]
    pub suspend: bool,
}

/// A Model of the same namespace, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelReference {
    /// The Model's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// How far the fit has come; once it is over, a record of what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrainingJobStatus {
    /// The generation of the spec that this status is about; -1 before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Statements, one per type; `Complete` or `Failed` ends the job.
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])
    )]
    pub conditions: Vec<Condition>,
    /// Where the fit stands, for people: Pending, Queued, Suspended, Running, Complete or Failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
    /// Why it stands there, in one CamelCase word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub reason: Option<String>,
    /// Why it stands there, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// When its pod began (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub start_time: Option<String>,
    /// When it was over (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub completion_time: Option<String>,
    /// The fit's own account, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trainer_status: Option<TrainerStatus>,
    /// The hash of what was fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub fit_hash: Option<String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<TrainingResult>,
    /// The last failure, also one that was tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
}

/// What came of a fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrainingResult {
    /// The version it made, or found to be the same; absent if the score was not good enough to keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<i64>,
    /// The sha256 of the version's bytes, `sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    pub digest: Option<String>,
    /// The score that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<MetricValue>,
    /// All scores, as far as there is room for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub metrics: Vec<MetricValue>,
}
