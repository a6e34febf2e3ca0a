//! What is known of a version beside its bytes.

use std::collections::BTreeMap;

use auriga_crds::{Digest, VersionNumber};
use auriga_learn::{GoldenRequests, Signature};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Scores by split (`train`, `test`), then by metric (`accuracy`); a greater score is better.
pub type Scores = BTreeMap<String, BTreeMap<String, f64>>;

/// Says "this is the same write": a second write under the same key of the same model answers the first one's version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(pub String);

/// The TrainingJob that made a version; absent for a fit on a laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// UID of the TrainingJob, never of its batch Job or pod: those change when they are made again.
    pub training_job_uid: String,
    /// The search trial, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<u32>,
}

/// What the fit knows of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The estimator, as the manifest calls it.
    pub estimator: String,
    /// Inputs and output.
    pub signature: Signature,
    /// Scores by split and metric.
    pub scores: Scores,
    /// Digest of the rows it was fitted and scored on.
    pub data_hash: Digest,
    /// Hash of everything in the manifest that decides the fit, with its hash version in front.
    pub spec_hash: String,
    /// Sample rows with their predictions, replayed before the version becomes active.
    pub golden: GoldenRequests,
    /// The TrainingJob that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// When the fit began.
    pub trained: Timestamp,
    /// Version of the runtime that fitted it.
    pub runtime_version: String,
}

/// A version to be written: bytes, facts, and the key that makes a repeated write harmless.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Makes a repeated write harmless.
    pub idempotency_key: IdempotencyKey,
    /// The model file.
    pub blob: Vec<u8>,
    /// What the fit knows.
    pub facts: Facts,
}

/// The small document whose creation commits a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionManifest {
    /// Shape of this document; 1 today. A newer one is refused, an older one is read.
    pub manifest_version: u32,
    /// The version's number.
    pub number: VersionNumber,
    /// sha256 of the blob, which is also its name in the store.
    pub digest: Digest,
    /// Bytes of the blob.
    pub length: u64,
    /// The key it was written under.
    pub idempotency_key: IdempotencyKey,
    /// When it was committed.
    pub created: Timestamp,
    /// What the fit knew.
    pub facts: Facts,
}
