//! The ledger of a store, held against what clients were answered.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{load::Sent, space::Space};

/// How long a version may still answer on connections that were open before the next one became active: the operator's
/// pause before it takes the pods away, and the time that they have for their last answers.
const DRAIN: SignedDuration = SignedDuration::from_secs(25);

/// A row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Since when.
    pub at: Timestamp,
    /// The version that became the active one.
    pub version: i64,
}

impl Space {
    /// The activations of a Model in the namespace's PostgreSQL, oldest first.
    pub async fn ledger(&self, model: &str) -> Vec<Activation> {
        let key = format!("{}/{model}", self.name);
        let listed = self
            .auriga(&[
                "list",
                "--persister",
                "postgres://postgres/auriga",
                "--output",
                "json",
            ])
            .await;
        let models = listed["models"].as_array().cloned().unwrap_or_default();
        let found = models.iter().find(|listed| listed["model"] == key.as_str());
        let rows = found
            .and_then(|found| found["ledger"].as_array())
            .cloned()
            .unwrap_or_default();
        rows.iter().map(Activation::read).collect()
    }
}

impl Activation {
    fn read(row: &Value) -> Activation {
        Activation {
            at: row["time"]
                .as_str()
                .and_then(|time| time.parse().ok())
                .expect("a row has a time"),
            version: row["to"].as_i64().expect("a row has a version"),
        }
    }
}

/// Fails if a request failed, or was answered by a version that was not the active one: never activated before the answer,
/// or replaced longer ago than its connections may live.
pub fn assert_only_active_versions_answered(sent: &[Sent], ledger: &[Activation]) {
    assert!(!sent.is_empty() && !ledger.is_empty(), "nothing to compare");
    let failed: Vec<String> = sent.iter().filter_map(failure).collect();
    assert!(
        failed.is_empty(),
        "{} of {} requests failed:\n{}",
        failed.len(),
        sent.len(),
        failed[..failed.len().min(20)].join("\n")
    );
    for one in sent {
        let version = one.answer.as_ref().ok().and_then(|answer| answer.version);
        let version = version.unwrap_or_else(|| panic!("an answer at {} names no version", one.at));
        let was_active = ledger.iter().enumerate().any(|(at, row)| {
            let until = ledger.get(at + 1).map(|next| next.at + DRAIN);
            row.version == version && row.at <= one.answered_at && until.is_none_or(|until| one.at <= until)
        });
        assert!(
            was_active,
            "version {version} answered at {}; the ledger: {ledger:?}",
            one.at
        );
    }
}

/// Fails if clients were held up: together they sent less than nine tenths of what they were to send, or one of them
/// waited for longer than a second.
pub fn assert_rate(sent: &[Sent], per_second: u32) {
    let times = || sent.iter().map(|one| one.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        panic!("nothing was sent");
    };
    let seconds = last.duration_since(first).as_secs_f64();
    let rate = sent.len() as f64 / seconds;
    let took = sent.iter().map(|one| one.answered_at.duration_since(one.at));
    let longest = took.max().unwrap_or_default();
    assert!(
        rate >= 0.9 * f64::from(per_second) && longest < SignedDuration::from_secs(1),
        "{rate:.1} requests per second instead of {per_second}, the longest took {longest:?}"
    );
}

fn failure(sent: &Sent) -> Option<String> {
    let why = match &sent.answer {
        Ok(answer) if answer.code == 200 => return None,
        Ok(answer) => format!("{} {}", answer.code, answer.body),
        Err(words) => words.clone(),
    };
    let took: Duration = sent.answered_at.duration_since(sent.at).unsigned_abs();
    Some(format!("{} after {took:?}: {why}", sent.at))
}
