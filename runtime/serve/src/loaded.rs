//! A version that may answer: parsed, checked against its manifest, its golden requests replayed.

use auriga_crds::{ModelKey, VersionNumber, contract::Golden};
use auriga_learn::{Fitted, GoldenMismatch, LoadError};
use auriga_persist::{PersistError, Stored, VersionManifest};
use jiff::Timestamp;
use thiserror::Error;

/// A fitted model with the manifest of its version. Exists only after its golden requests came out as stored, so that
/// a version that predicts otherwise than it did when it was fitted never answers.
#[derive(Clone, Debug)]
pub struct Loaded {
    manifest: VersionManifest,
    fitted: Fitted,
    golden: Golden,
    updated: Timestamp,
}

/// Why no version could be loaded.
#[derive(Debug, Error)]
pub enum LoadFailure {
    /// The store did not give one.
    #[error("{}", public_message(.0))]
    Store(#[from] PersistError),
    /// The bytes are no model that this build reads.
    #[error("version {version} of {model} cannot be loaded: {source}")]
    Unreadable {
        /// The model.
        model: ModelKey,
        /// Its version.
        version: VersionNumber,
        /// What is wrong with the bytes.
        source: LoadError,
    },
    /// The bytes are a model with other inputs or another output than the manifest says.
    #[error("version {version} of {model} has another signature than its manifest; delete it and fit again")]
    Signature {
        /// The model.
        model: ModelKey,
        /// Its version.
        version: VersionNumber,
    },
    /// A golden request came out differently.
    #[error("version {version} of {model} predicts otherwise than when it was fitted: {source}")]
    Golden {
        /// The model.
        model: ModelKey,
        /// Its version.
        version: VersionNumber,
        /// The request and its predictions.
        source: GoldenMismatch,
    },
}

impl Loaded {
    /// Parses the bytes of a version of `model` and replays its golden requests; `now` becomes the load time.
    ///
    /// This computes: on an async thread that answers requests, large models belong on a blocking thread.
    /// Errors: `Unreadable`, `Signature`, `Golden`, each naming the version.
    pub fn from_stored(model: &ModelKey, stored: Stored, now: Timestamp) -> Result<Loaded, LoadFailure> {
        let Stored { manifest, blob } = stored;
        let model = || model.clone();
        let version = manifest.number;
        let fitted = Fitted::from_bytes(&blob).map_err(|source| LoadFailure::Unreadable {
            model: model(),
            version,
            source,
        })?;
        if *fitted.signature() != manifest.facts.signature {
            return Err(LoadFailure::Signature {
                model: model(),
                version,
            });
        }
        let requests = &manifest.facts.golden;
        requests.replay(&fitted).map_err(|source| LoadFailure::Golden {
            model: model(),
            version,
            source,
        })?;
        let golden = if requests.rows.is_empty() {
            Golden::None
        } else {
            Golden::Passed
        };
        Ok(Loaded {
            manifest,
            fitted,
            golden,
            updated: now,
        })
    }

    /// What is known of the version.
    pub fn manifest(&self) -> &VersionManifest {
        &self.manifest
    }

    /// The model.
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }

    /// `Passed`, or `None` for a version without golden requests.
    pub fn golden(&self) -> Golden {
        self.golden
    }

    /// When it was loaded.
    pub fn updated(&self) -> Timestamp {
        self.updated
    }
}

/// The message of `error` without the store's address, which may be a path of this machine.
pub(crate) fn public_message(error: &PersistError) -> String {
    match error {
        PersistError::Store { fault, .. } => format!("the store of versions {fault}"),
        other => other.to_string(),
    }
}
