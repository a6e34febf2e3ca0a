//! What pods and operator agree on: `/alive` while a pod runs, the outcome it leaves behind, and where things lie in it.

mod outcome;
pub mod pod;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, MetricValue, Reason, VersionNumber};

pub use outcome::{OUTCOME_MAX_BYTES, Outcome};

/// The longest answer of `/alive` that is read, in bytes.
pub const ALIVE_MAX_BYTES: usize = 64 * 1024;

/// The body of `GET /alive`: Palladium's keys first, then ours. Readers ignore keys they do not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alive {
    /// Version of the runtime, as `auriga version` prints it.
    pub auriga_version: String,
    /// Resident memory in MiB.
    pub memory_usage: f64,
    /// Virtual memory in MiB.
    pub memory_usage_vms: f64,
    /// Seconds since the process started.
    pub uptime_seconds: f64,
    /// What the manifest says about the service (`service_name`, `service_version`, …).
    pub service_metadata: BTreeMap<String, String>,
    /// The model that answers; absent while none is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<AliveModel>,
    /// Jobs of this process and counts of what it answered.
    pub process_metadata: ProcessMetadata,
    /// Whether the loaded version is the one that the store's ledger names.
    pub active: bool,
    /// The version that the ledger names, as last seen.
    #[serde(rename = "activeVersion", default, skip_serializing_if = "Option::is_none")]
    pub active_version: Option<VersionNumber>,
    /// The version that it named before, as last seen.
    #[serde(rename = "previousVersion", default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<VersionNumber>,
    /// The ledger's revision, as last seen: the fence of the next activation.
    #[serde(rename = "ledgerRevision", default, skip_serializing_if = "Option::is_none")]
    pub ledger_revision: Option<u64>,
    /// Whether the store did not answer when it was asked last, so that what is said of the ledger is from before: perhaps
    /// from before this process. Absent when it did.
    #[serde(rename = "ledgerStale", default, skip_serializing_if = "std::ops::Not::not")]
    pub ledger_stale: bool,
    /// How the replay of the golden requests ended.
    pub golden: Golden,
    /// Why the answer is 503, in words; absent on 200. A fit, which answers 200 always, says here what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same in one word of [`Reason`], where the cause is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// UID of the object that this pod works for, a Model or a TrainingJob; absent outside a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_uid: Option<String>,
    /// UID of this pod; absent outside a cluster. Addresses of pods are used again: whoever asks compares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
    /// How far a fit has come; absent where nothing is fitted.
    #[serde(rename = "trainerStatus", default, skip_serializing_if = "Option::is_none")]
    pub trainer_status: Option<TrainerStatus>,
}

impl Alive {
    /// Why nothing answers, as one of the words that conditions know; `None` also for a word of another build.
    pub fn known_reason(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(Reason::from_word)
    }
}

/// How far a fit has come: names and limits of Kubeflow Trainer's `trainerStatus`. Only the latest values are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrainerStatus {
    /// How much is done, in percent; absent while that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub progress_percentage: Option<i32>,
    /// Seconds that are left; absent while that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub estimated_remaining_seconds: Option<i32>,
    /// The latest values of what is measured on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub metrics: Vec<MetricValue>,
    /// When this was so (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub last_updated_time: String,
}

/// The loaded model in [`Alive`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliveModel {
    /// When this process loaded it (RFC 3339).
    pub updated: String,
    /// Facts of the version.
    pub metadata: AliveModelMetadata,
}

/// Facts of a loaded version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliveModelMetadata {
    /// Its number.
    pub version: VersionNumber,
    /// The digest of its bytes.
    pub digest: Digest,
    /// When it was fitted (RFC 3339).
    pub train_timestamp: String,
    /// The estimator, as the manifest calls it.
    pub estimator: String,
    /// `<metric>_<split>` such as `accuracy_test`.
    pub scores: BTreeMap<String, f64>,
}

/// Background jobs of one process, and counts of what it answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessMetadata {
    /// Background jobs by their id. None run here, so the map is empty; the key stays for readers of Palladium's answers.
    #[serde(default)]
    pub jobs: BTreeMap<String, Value>,
    /// Answered `/predict` requests.
    pub predict_requests: u64,
    /// Predicted rows.
    pub predict_rows: u64,
    /// Refused `/predict` requests, by the client's fault or by ours.
    pub predict_errors: u64,
    /// Values sent for columns that the model does not know, and ignored.
    pub ignored_values: u64,
}

/// How the replay of a version's golden requests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Golden {
    /// Every prediction came out as stored.
    Passed,
    /// At least one did not.
    Failed,
    /// The version has none, or no version is loaded.
    None,
}
