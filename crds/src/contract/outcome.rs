//! What a pod leaves behind when it ends: one JSON object in its termination message.

use serde::{Deserialize, Serialize};

use crate::{Digest, MetricValue, Reason, VersionNumber};

/// The longest outcome written, in bytes. The kubelet keeps 4096 of a container and 12 KiB of a pod.
pub const OUTCOME_MAX_BYTES: usize = 2048;

/// How the work of a pod ended. Readers ignore keys they do not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outcome {
    /// The version that was made, or found to be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// The digest of its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The hash of what was fitted, as [`crate::fit_hash`] gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit_hash: Option<String>,
    /// The score that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<MetricValue>,
    /// All scores, as far as there is room for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricValue>,
    /// Why there is no version, in one word of [`Reason`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why there is no version, in a sentence that names file, row and column where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Outcome {
    /// Reads a termination message; `None` if it is none of ours, such as the last lines of a log.
    pub fn read(text: &str) -> Option<Outcome> {
        let outcome: Outcome = serde_json::from_str(text.trim()).ok()?;
        let says_anything = outcome.version.is_some() || outcome.reason.is_some();
        says_anything.then_some(outcome)
    }

    /// As one line of at most [`OUTCOME_MAX_BYTES`] bytes: metrics are left out from the last one, then the message is cut.
    pub fn to_text(&self) -> String {
        let mut outcome = self.clone();
        loop {
            let text = serde_json::to_string(&outcome).expect("texts and numbers always become JSON");
            let excess = text.len().saturating_sub(OUTCOME_MAX_BYTES);
            if excess == 0 {
                return text;
            }
            if outcome.metrics.pop().is_some() {
                continue;
            }
            match outcome.message.take() {
                Some(message) if message.len() > 1 => {
                    outcome.message = Some(shorter(&message, excess.min(message.len() / 8)))
                }
                // The other fields are bounded; whatever is left is one that nobody can read anyway.
                _ => {
                    return Outcome {
                        reason: Some(Reason::Failed.word().to_owned()),
                        ..Outcome::default()
                    }
                    .to_text();
                }
            }
        }
    }
}

/// Without its last `excess` bytes and some (escapes may take six bytes for one, so that only a part is cut at once), on a character boundary, with a mark that something is missing.
fn shorter(message: &str, excess: usize) -> String {
    let mut end = message.len().saturating_sub(excess + '…'.len_utf8());
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    if end == 0 {
        String::new()
    } else {
        format!("{}…", &message[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_reads_back_what_it_wrote() {
        let outcome = Outcome {
            version: VersionNumber::new(7),
            digest: Some(Digest::of(b"x")),
            ..Outcome::default()
        };
        assert_eq!(Outcome::read(&outcome.to_text()), Some(outcome));
    }

    #[test]
    fn an_outcome_never_exceeds_its_room_whatever_its_message() {
        for message in [
            "é".repeat(5000),
            "\"".repeat(5000),
            "\u{1}".repeat(5000),
            "x".repeat(2040),
        ] {
            let outcome = Outcome {
                reason: Some(Reason::InvalidData.word().to_owned()),
                message: Some(message),
                ..Outcome::default()
            };
            let text = outcome.to_text();
            assert!(text.len() <= OUTCOME_MAX_BYTES, "{}", text.len());
            let read = Outcome::read(&text).unwrap();
            assert_eq!(read.reason.as_deref(), Some("InvalidData"));
            assert!(read.message.unwrap().len() > 100);
        }
    }

    #[test]
    fn the_last_lines_of_a_log_are_no_outcome() {
        for text in [
            "",
            "error: out of memory",
            "{}",
            "[]",
            "{\"version\":0}",
            "{\"version\":1",
        ] {
            assert_eq!(Outcome::read(text), None, "{text}");
        }
    }
}
