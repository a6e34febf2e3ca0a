//! What a serving pod tells of itself, at `/alive`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, VersionNumber};

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
    /// The ledger's revision, as last seen: the fence of the next activation.
    #[serde(rename = "ledgerRevision", default, skip_serializing_if = "Option::is_none")]
    pub ledger_revision: Option<u64>,
    /// Whether the store did not answer when it was asked last, so that what is said of the ledger is from before: perhaps
    /// from before this process. Absent when it did.
    #[serde(rename = "ledgerStale", default, skip_serializing_if = "std::ops::Not::not")]
    pub ledger_stale: bool,
    /// How the replay of the golden requests ended.
    pub golden: Golden,
    /// Why the answer is 503, in words; absent on 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
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
