//! Why a look at an object came to no end.

use std::time::Duration;

use thiserror::Error;

/// What keeps the loop from carrying out a look; it is tried again, later and later.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server refused, or could not be reached.
    #[error("cannot {what}: {source}")]
    Api {
        /// What was tried, on what.
        what: String,
        /// What came back.
        source: Box<kube::Error>,
    },
    /// The API server did not answer in time.
    #[error("cannot {what}: the API server did not answer within {} s", limit.as_secs())]
    Slow {
        /// What was tried, on what.
        what: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The whole look took too long.
    #[error("gave up after {} s; it is tried again", .0.as_secs())]
    Unfinished(Duration),
    /// A look ran into a fault of this program.
    #[error("a fault of the operator stopped the look; its log has the place")]
    Panicked,
    /// A plan holds what is no object of the API: a fault of this program.
    #[error("cannot write {what}: {source}")]
    Malformed {
        /// The object's kind and name.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Error {
    /// One word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Error::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) if status.code == 409 => "conflict",
                kube::Error::Api(status) if status.code == 403 => "forbidden",
                kube::Error::Api(status) if status.code == 429 => "throttled",
                kube::Error::Api(_) => "api",
                _ => "unreachable",
            },
            Error::Slow { .. } => "slow",
            Error::Unfinished(_) => "unfinished",
            Error::Panicked => "panic",
            Error::Malformed { .. } => "malformed",
        }
    }

    /// The status code of the API server's answer, if there was one.
    pub fn code(&self) -> Option<u16> {
        self.status().map(|status| status.code)
    }

    /// The API server's answer, if there was one.
    pub fn status(&self) -> Option<&kube::core::Status> {
        match self {
            Error::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the same may go well shortly after, without anybody doing anything.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Error::Api { .. } => self.code().is_none_or(|code| matches!(code, 409 | 429 | 500..)),
            Error::Slow { .. } | Error::Unfinished(_) => true,
            Error::Panicked | Error::Malformed { .. } => false,
        }
    }
}
