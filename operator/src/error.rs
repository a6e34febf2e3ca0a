//! Why a look at an object came to no end.

use std::time::Duration;

use kube::runtime::watcher;
use thiserror::Error;

/// What keeps the loop from carrying out a look; it is tried again, later and later.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server refused, or could not be reached.
    #[error("cannot {what}: {}", plain(source))]
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

/// An error of kube's in words: its own text has the whole answer of the API server in it, as a program sees it.
pub(crate) fn plain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => in_words(status),
        other => other.to_string(),
    }
}

/// An error of a watch in words.
pub(crate) fn plain_watch(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(source)
        | watcher::Error::WatchStartFailed(source)
        | watcher::Error::WatchFailed(source) => plain(source),
        watcher::Error::WatchError(status) => in_words(status),
        other => other.to_string(),
    }
}

fn in_words(status: &kube::core::Status) -> String {
    if status.message.is_empty() {
        format!("the API server answered with status {}", status.code)
    } else {
        status.message.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, message: &str) -> Error {
        let status: kube::core::Status =
            serde_json::from_value(serde_json::json!({ "code": code, "message": message })).unwrap();
        Error::Api {
            what: "create Job iris-fit".to_owned(),
            source: Box::new(kube::Error::Api(Box::new(status))),
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_api_server_alone() {
        let check = |error: Error, text: &str, label| {
            assert_eq!((error.to_string().as_str(), error.label()), (text, label));
        };
        check(
            refused(403, "pods is forbidden"),
            "cannot create Job iris-fit: pods is forbidden",
            "forbidden",
        );
        check(
            refused(500, ""),
            "cannot create Job iris-fit: the API server answered with status 500",
            "api",
        );
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_has_to_mend() {
        for (code, passes) in [
            (409, true),
            (429, true),
            (500, true),
            (503, true),
            (401, false),
            (404, false),
        ] {
            assert_eq!(refused(code, "").is_passing(), passes, "{code}");
        }
        assert!(Error::Unfinished(Duration::from_secs(60)).is_passing());
        assert!(!Error::Panicked.is_passing());
    }
}
