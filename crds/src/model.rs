//! The kind Model: an estimator to keep fitted, stored and served.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Activation, Condition, Dataset, DeletionPolicy, Estimator, Persister, PodSettings, Serving, Training,
    Transformer, rule,
};

/// What to learn, from which rows, where to keep it and how to serve it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "auriga.dev",
    version = "v1alpha1",
    kind = "Model",
    namespaced,
    status = "ModelStatus",
    derive = "PartialEq",
    doc = "An estimator to keep fitted, stored as numbered versions, and served.",
    shortname = "am",
    category = "auriga",
    validation = rule::model_name(),
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether what the spec asks for is active and healthy"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", description = "Why it is ready or not"),
    printcolumn(name = "Active", type_ = "integer", json_path = ".status.activeVersion", description = "The version that answers"),
    printcolumn(name = "Candidate", type_ = "integer", json_path = ".status.candidate.version", description = "The version that might become active"),
    printcolumn(name = "Progress", type_ = "integer", json_path = ".status.candidate.progressPercentage", description = "How much of the running fit is done, in percent"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url", description = "Where predictions are answered"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Since when the Model exists"),
    printcolumn(name = "Latest", type_ = "integer", json_path = ".status.latestVersion", priority = 1, description = "The newest version"),
    printcolumn(name = "Score", type_ = "string", json_path = ".status.score.value", priority = 1, description = "Score of the active version"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".status.readyReplicas", priority = 1, description = "How many pods answer"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = 1, description = "The same in a sentence")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rule::scoring_suits_estimator(),
    validation = rule::probabilities_need_a_classifier(),
    validation = rule::splitter_suits_estimator(),
    validation = rule::groups_are_no_feature(),
    validation = rule::claim_takes_one_replica()
)]
pub struct ModelSpec {
    /// Where the rows come from and which column is to be predicted.
    pub dataset: Dataset,
    /// Steps before the estimator, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub transformers: Vec<Transformer>,
    /// The estimator to fit, with its hyperparameters.
    pub estimator: Estimator,
    /// How a fit is judged and what is kept of it.
    #[serde(default)]
    pub training: Training,
    /// Where versions are kept. Absent on a laptop: SQLite under ./auriga-data, in the folder where the command runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persister: Option<Persister>,
    /// How the active version answers requests.
    #[serde(default)]
    pub serving: Serving,
    /// How many versions are kept: after a fit, older ones are deleted. The active version, the one that was active before
    /// it and damaged ones are never deleted, whatever their age.
    #[serde(default = "history_limit")]
    #[schemars(range(min = 1, max = 10000))]
    pub history_limit: i64,
    /// Which version gets the traffic.
    #[serde(default)]
    pub activation: Activation,
    /// How many pods answer in a cluster; `kubectl scale` and autoscalers set it.
    #[serde(default = "replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i64,
    /// Where the pods run and how they are marked.
    #[serde(default)]
    pub pod: PodSettings,
    /// Pauses fits and changes of what is served in a cluster; what answers, answers on.
    #[serde(default)]
    pub suspend: bool,
    /// What happens to the versions when the Model is deleted from a cluster. The annotation `auriga.dev/skip-cleanup: "true"`
    /// lets a Model go whose versions cannot be deleted, and leaves them.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

fn replicas() -> i64 {
    1
}

/// As many as Kubernetes keeps of a Deployment.
fn history_limit() -> i64 {
    10
}

/// What is so, derived from the persister and the pods; may be wiped at any time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelStatus {
    /// The generation of the spec that this status is about; -1 before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Statements, one per type; `Ready` sums them up.
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])
    )]
    pub conditions: Vec<Condition>,
    /// The version that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub active_version: Option<i64>,
    /// The version that was the active one before, by the ledger of its store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub previous_version: Option<i64>,
    /// The newest version in the persister.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub latest_version: Option<i64>,
    /// The sha256 of the active version's bytes, `sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    pub active_digest: Option<String>,
    /// The version that might become active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// The newest versions, newest first.
    #[schemars(length(max = 10))]
    pub versions: Vec<VersionSummary>,
    /// The active version's score by `training.scoring`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<MetricValue>,
    /// Where predictions are answered inside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// Hash of what decides the fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub spec_hash: Option<String>,
    /// How many pods of the version with the traffic there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub replicas: Option<i64>,
    /// How many of them answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ready_replicas: Option<i64>,
    /// Selects the pods of this Model, for autoscalers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 316))]
    pub selector: Option<String>,
    /// When the last fit was over (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_refit_time: Option<String>,
    /// The last failure, kept after it is mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
}

/// A version on its way to become active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its number, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<i64>,
    /// Where it stands, for people: Fitting, Scoring, Persisting, Loading, Probing, Activating, Rejected or Failed.
    #[schemars(length(max = 64))]
    pub state: String,
    /// How much of its fit is done, in percent, while it is fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub progress_percentage: Option<i32>,
    /// Why, in one CamelCase word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub reason: Option<String>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// Since when (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub start_time: Option<String>,
}

/// A version in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionSummary {
    /// Its number.
    #[schemars(range(min = 1))]
    pub version: i64,
    /// The sha256 of its bytes, `sha256:…`.
    #[schemars(length(max = 71))]
    pub digest: String,
    /// When it was committed (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub created_time: String,
    /// Its scores.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub metrics: Vec<MetricValue>,
}

/// A metric's name and value; the value is text, because it is no count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricValue {
    /// The metric, such as `accuracy_test`.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// The value, such as `"0.96"`.
    #[schemars(length(min = 1, max = 64))]
    pub value: String,
}

/// A failure and where it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// The object it happened in, such as `pod/iris-v3-5f2a`.
    #[schemars(length(max = 316))]
    pub location: String,
    /// Why, in one CamelCase word.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// Why, in a sentence.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// The version concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<i64>,
    /// When (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// The exit code of a pod that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}
