//! What is known of a version beside its bytes.

use std::collections::BTreeMap;

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_learn::{GoldenCell, GoldenRequests, Signature};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CrossValidation, PersistError};

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

/// How much a column matters to an estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The column as the last transformer leaves it.
    pub column: String,
    /// Its share: all columns together have 1.
    pub share: f64,
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
    /// The columns that matter most to the estimator, in the order of their importance; empty if it does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub importances: Vec<Importance>,
    /// The metric that counts, if the manifest names one; else it is the default of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<String>,
    /// Scores on rows that were kept apart from fits on the others, if the manifest asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidation>,
    /// Digest of the rows it was fitted and scored on.
    pub data_hash: Digest,
    /// Hash of everything in the manifest that decides the fit, with its hash version in front.
    pub spec_hash: String,
    /// What that hash was made of, defaults left out and long texts shortened, so that two versions can be compared field
    /// by field; absent in versions of builds that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
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
    /// The model file; shared, so that a copy of the draft costs nothing.
    pub blob: Bytes,
    /// What the fit knows.
    pub facts: Facts,
    /// Now, by the caller's clock: recorded as [`VersionManifest::created`].
    pub time: Timestamp,
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
    /// When it was committed, by the clock of its writer; versions are ordered by number, never by this.
    pub created: Timestamp,
    /// What the fit knew.
    pub facts: Facts,
}

/// Why a stored document is no manifest to this build.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It does not have the shape that its version says; in words.
    Malformed(String),
    /// Its version is one that a newer build writes.
    TooNew(u32),
}

impl Facts {
    /// Errors: `NotKeepable`, naming the first field that would not read back.
    pub(crate) fn refuse_unkeepable(&self, model: &ModelKey) -> Result<(), PersistError> {
        self.check_numbers().map_err(|what| {
            let model = model.clone();
            PersistError::NotKeepable { model, what }
        })
    }

    /// Finds the first number that JSON cannot hold, so that no manifest is committed which nobody can read.
    ///
    /// Errors: the field and its value, in words.
    fn check_numbers(&self) -> Result<(), String> {
        let finite = |place: &dyn Fn() -> String, number: f64| match number.is_finite() {
            true => Ok(()),
            false => Err(format!(
                "{} is {number}; only finite numbers can be kept",
                place()
            )),
        };
        for (split, metrics) in &self.scores {
            for (metric, score) in metrics {
                finite(&|| format!("scores.{split}.{metric}"), *score)?;
            }
        }
        for Importance { column, share } in &self.importances {
            finite(&|| format!("the importance of {column}"), *share)?;
        }
        for (place, number) in self.cross_validation.iter().flat_map(CrossValidation::numbers) {
            finite(&|| format!("crossValidation.{place}"), number)?;
        }
        let golden = &self.golden;
        finite(&|| "golden.tolerance".to_owned(), golden.tolerance)?;
        for (row, cells) in golden.rows.iter().enumerate() {
            for cell in cells {
                if let GoldenCell::Number(number) = cell {
                    finite(&|| format!("a cell of golden.rows[{row}]"), *number)?;
                }
            }
        }
        for (row, prediction) in golden.predictions.iter().enumerate() {
            if let GoldenCell::Number(number) = prediction {
                finite(&|| format!("golden.predictions[{row}]"), *number)?;
            }
        }
        for (row, probabilities) in golden.probabilities.iter().enumerate() {
            for probability in probabilities {
                finite(&|| format!("a cell of golden.probabilities[{row}]"), *probability)?;
            }
        }
        Ok(())
    }
}

impl VersionManifest {
    /// The shape that this build writes, and the newest that it reads.
    pub const MANIFEST_VERSION: u32 = 1;

    /// The highest number that a version can be imported under: programs read larger ones inexactly, and versions that
    /// are written later need numbers, too.
    pub(crate) const HIGHEST_IMPORTED: u64 = 1 << 52;

    /// Errors: `NotKeepable`, naming what would not read back.
    pub(crate) fn refuse_unimportable(&self, model: &ModelKey) -> Result<(), PersistError> {
        let unkeepable = |what: String| PersistError::NotKeepable {
            model: model.clone(),
            what,
        };
        if self.manifest_version != VersionManifest::MANIFEST_VERSION {
            let (found, known) = (self.manifest_version, VersionManifest::MANIFEST_VERSION);
            return Err(unkeepable(format!(
                "its manifest has version {found}, this build writes {known}"
            )));
        }
        if self.number.get() > VersionManifest::HIGHEST_IMPORTED {
            let (number, highest) = (self.number, VersionManifest::HIGHEST_IMPORTED);
            return Err(unkeepable(format!(
                "its number {number} is above {highest}, the highest to import"
            )));
        }
        self.facts.refuse_unkeepable(model)
    }

    /// The document as it is stored.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a manifest has text keys and finite numbers only")
    }

    /// Reads a stored document.
    ///
    /// Errors: not JSON, a field missing, written by a newer build.
    pub(crate) fn from_json(text: &str) -> Result<VersionManifest, Unreadable> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            manifest_version: u32,
        }
        let unreadable = |error: serde_json::Error| {
            Unreadable::Malformed(format!("its manifest cannot be read ({error})"))
        };
        let shape: Shape = serde_json::from_str(text).map_err(unreadable)?;
        if shape.manifest_version > VersionManifest::MANIFEST_VERSION {
            return Err(Unreadable::TooNew(shape.manifest_version));
        }
        serde_json::from_str(text).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests;
