//! Conditions: what is true of an object, since when and why (`metav1.Condition` of the Kubernetes API conventions).

mod reason;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use reason::Reason;

/// One statement about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is stated, such as `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316))]
    pub kind: String,
    /// Whether it holds; `Unknown` while it is on the way.
    pub status: ConditionStatus,
    /// The generation of the object that the statement is about.
    #[schemars(range(min = 0))]
    pub observed_generation: i64,
    /// When `status` last changed (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// Why, in one CamelCase word.
    #[schemars(length(min = 1, max = 1024))]
    pub reason: String,
    /// Why, in a sentence that names the thing, the value and what to do next.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// Reached.
    True,
    /// Needs attention.
    False,
    /// On the way.
    Unknown,
}

/// What can be stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Of a Model: what its generation asks for is active and healthy.
    Ready,
    /// Of a TrainingJob: it is over, and what it was for is there.
    Complete,
    /// Of a TrainingJob: it is over, in vain.
    Failed,
    /// Of a TrainingJob: its pod works.
    Running,
    /// Of a Model: what it describes was fitted.
    Fitted,
    /// Of a Model: that fit is a version in the store.
    Persisted,
    /// Of a Model: the pods of the version that is wanted can answer.
    RuntimeReady,
    /// Of a Model: some version answers.
    Active,
    /// There is more to be done; only while it is so.
    Reconciling,
    /// Nothing more happens until a person does something; only while it is so.
    Stalled,
    /// Paused by `suspend`; only while it is so.
    Suspended,
    /// Of a Model: a version was given up; only while it is so.
    CandidateRejected,
}

impl ConditionType {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            ConditionType::Ready => "Ready",
            ConditionType::Complete => "Complete",
            ConditionType::Failed => "Failed",
            ConditionType::Running => "Running",
            ConditionType::Fitted => "Fitted",
            ConditionType::Persisted => "Persisted",
            ConditionType::RuntimeReady => "RuntimeReady",
            ConditionType::Active => "Active",
            ConditionType::Reconciling => "Reconciling",
            ConditionType::Stalled => "Stalled",
            ConditionType::Suspended => "Suspended",
            ConditionType::CandidateRejected => "CandidateRejected",
        }
    }

    /// Whether `conditions` state it, and that it holds.
    pub fn holds_in(self, conditions: &[Condition]) -> bool {
        (conditions.iter()).any(|one| one.kind == self.word() && one.status == ConditionStatus::True)
    }
}

/// A statement before it has a time and a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What is stated.
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why.
    pub reason: Reason,
    /// Why, in a sentence; cut to 1024 bytes when it is written.
    pub message: String,
}

/// The conditions of an object that is in these `states`: those that are not among them are gone, and those whose status
/// is what it was `before` keep their time. `now` is RFC 3339.
pub fn conditions(states: &[State], before: &[Condition], generation: i64, now: &str) -> Vec<Condition> {
    let since = |state: &State| {
        let same = before
            .iter()
            .find(|before| before.kind == state.kind.word() && before.status == state.status);
        same.map_or(now, |before| &before.last_transition_time).to_owned()
    };
    let condition = |state: &State| Condition {
        kind: state.kind.word().to_owned(),
        status: state.status,
        observed_generation: generation,
        last_transition_time: since(state),
        reason: state.reason.word().to_owned(),
        message: cut(&state.message),
    };
    states.iter().map(condition).collect()
}

/// The longest message of a condition, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// A message that may hold anything that a pod or the API said, as a status takes it: without control characters, and of
/// at most 1024 bytes.
pub fn cut(message: &str) -> String {
    let mut text: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.len() > LONGEST_MESSAGE {
        let mut end = LONGEST_MESSAGE - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(status: ConditionStatus, message: &str) -> State {
        State {
            kind: ConditionType::Ready,
            status,
            reason: Reason::Active,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_condition_keeps_its_time_until_its_status_flips() {
        let first = conditions(&[ready(ConditionStatus::Unknown, "a")], &[], 1, "t1");
        let second = conditions(&[ready(ConditionStatus::Unknown, "b")], &first, 2, "t2");
        let third = conditions(&[ready(ConditionStatus::True, "b")], &second, 2, "t3");
        let seen = |found: &[Condition]| {
            (
                found[0].last_transition_time.clone(),
                found[0].observed_generation,
            )
        };
        assert_eq!(seen(&second), ("t1".to_owned(), 2));
        assert_eq!(seen(&third), ("t3".to_owned(), 2));
    }

    #[test]
    fn a_message_is_one_line_of_at_most_1024_bytes() {
        let found = conditions(
            &[ready(ConditionStatus::False, &"é\n\u{1b}[31m".repeat(400))],
            &[],
            1,
            "t",
        );
        assert!(found[0].message.len() <= 1024);
        assert!(!found[0].message.contains(['\n', '\u{1b}']));
    }

    #[test]
    fn a_state_that_is_over_leaves_no_condition() {
        let before = conditions(&[ready(ConditionStatus::True, "a")], &[], 1, "t1");
        assert_eq!(conditions(&[], &before, 1, "t2"), []);
    }
}
