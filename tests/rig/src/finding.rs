//! What came of a fault: how often it was tried, how often all went well, and how long that took.

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

/// What came of one fault, tried in several ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// How often it was tried.
    pub(crate) tries: usize,
    /// How often all was as it should be.
    pub(crate) held: usize,
    /// What was measured, for people: `longest 3.2 s`.
    pub(crate) figures: Vec<String>,
    /// What was not as it should be, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) broken: Vec<String>,
}

impl Finding {
    /// Counts one try; `what` was tried, and `result` is what is wrong, if anything is.
    pub(crate) fn count(&mut self, what: &str, result: Result<(), String>) {
        self.tries += 1;
        match result {
            Ok(()) => self.held += 1,
            Err(words) => self.broken.push(format!("{what}: {words}")),
        }
    }

    /// [`Finding::count`] of a try that finds something out; what it found, if all was as it should be.
    pub(crate) fn found<T>(&mut self, what: &str, result: Result<T, String>) -> Option<T> {
        let (found, result) = match result {
            Ok(found) => (Some(found), Ok(())),
            Err(words) => (None, Err(words)),
        };
        self.count(what, result);
        found
    }

    /// Adds another one's tries and figures to these.
    pub(crate) fn take(&mut self, other: Finding) {
        self.tries += other.tries;
        self.held += other.held;
        self.figures.extend(other.figures);
        self.broken.extend(other.broken);
    }

    /// Whether all went well.
    pub(crate) fn is_well(&self) -> bool {
        self.held == self.tries
    }
}

/// Whether nothing was found to be wrong.
///
/// Errors: all that was.
pub(crate) fn nothing_of(faults: &[String]) -> Result<(), String> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("; "))
    }
}

/// An error with all of its causes, as a try tells it.
pub(crate) fn in_words(error: anyhow::Error) -> String {
    format!("{error:#}")
}

/// Does `work`, in which a wait that gives up panics with what it waited for.
///
/// Errors: those words.
pub(crate) async fn attempt<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.map_err(|panic| match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| "broke off".to_owned(), |words| (*words).to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_wait_said_is_told() {
        assert_eq!(attempt(async { 1 }).await, Ok(1));
        let words = attempt::<()>(async { panic!("not within {} s", 3) }).await;
        assert_eq!(words, Err("not within 3 s".to_owned()));
        let words = attempt::<()>(async { panic!("not within a minute") }).await;
        assert_eq!(words, Err("not within a minute".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_tried() {
        let mut finding = Finding::default();
        finding.count("the Service", Ok(()));
        assert!(finding.is_well());
        finding.count("the Job", Err("is missing".to_owned()));
        assert!(!finding.is_well());
        let took = [Ok(3), Err("is gone".to_owned())].map(|result| finding.found("the pod", result));
        assert_eq!(took, [Some(3), None]);
        let broken = vec!["the Job: is missing".to_owned(), "the pod: is gone".to_owned()];
        assert_eq!((finding.tries, finding.held, finding.broken), (4, 2, broken));
    }
}
