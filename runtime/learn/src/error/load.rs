//! Why bytes are not a model that this build can read.

use thiserror::Error;

/// Bytes that are not a model this build can read.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LoadError {
    /// The bytes end too early.
    #[error(
        "the model file is cut off: {found} bytes are there, at least {needed} are needed; fetch it again"
    )]
    Truncated {
        /// Bytes that are there.
        found: usize,
        /// Bytes that must be there at the least, as far as the beginning tells.
        needed: usize,
    },
    /// The digest inside does not fit the bytes.
    #[error("the model file was altered after it was written: its own digest does not fit; fetch it again")]
    Altered,
    /// A newer build wrote it.
    #[error("the model file has format version {found}, this build knows up to {known}; use a newer auriga")]
    TooNew {
        /// Its format version.
        found: u64,
        /// The newest this build reads.
        known: u64,
    },
    /// A format that can run code when it is loaded, or an archive that holds such.
    #[error(
        "the file is {found}, which can run code when it is loaded and is never read; fit the model again here"
    )]
    Pickle {
        /// What it looks like.
        found: &'static str,
    },
    /// None of ours.
    #[error("the file is not an Auriga model")]
    NotAModel,
    /// A transformer or estimator that this build does not have.
    #[error(
        "the model has {part} of the kind \"{kind}\", which this build does not know; use a newer auriga"
    )]
    UnknownKind {
        /// `an estimator` or `a transformer`.
        part: &'static str,
        /// Its kind.
        kind: String,
    },
    /// The digest fits, but the content makes no sense.
    #[error("the model file is not valid: {what}")]
    Invalid {
        /// What does not fit.
        what: String,
    },
}

impl LoadError {
    pub(crate) fn invalid(what: impl Into<String>) -> LoadError {
        LoadError::Invalid { what: what.into() }
    }
}
