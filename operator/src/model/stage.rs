//! How far a version has come on its way to the traffic, and how that is told.

use auriga_crds::{ConditionStatus, Reason};

use super::{health::Health, slots::Rejection};
use crate::{build::deployment::Slot, labels, trouble::Trouble};

/// How far a version has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Its pods start and load it.
    Loading,
    /// Its pods are asked whether they can answer, and not all have said so often enough, or Kubernetes does not know it yet.
    Probing,
    /// Its pods can answer; one of them moves the active pointer.
    Activating,
    /// Its pods can answer, its version is active: the traffic may move.
    Ready,
    /// Something outside of it keeps its pods from answering. `is_overdue`: for longer than it may take.
    Held {
        /// What.
        trouble: Trouble,
        /// Whether the deadline is over.
        is_overdue: bool,
    },
    /// It was given up.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// Whether that was found just now.
        is_news: bool,
    },
}

impl Stage {
    /// For people, as `status.candidate.state`.
    pub fn word(&self) -> &'static str {
        match self {
            Stage::Loading | Stage::Held { .. } => "Loading",
            Stage::Probing => "Probing",
            Stage::Activating | Stage::Ready => "Activating",
            Stage::Rejected { .. } => "Rejected",
        }
    }

    /// What the conditions say about it: how it stands, why, and in which words.
    pub fn told(&self, health: &Health, wanted: i32, slot: &Slot) -> (ConditionStatus, Reason, String) {
        let version = slot.version;
        match self {
            Stage::Loading => (
                ConditionStatus::Unknown,
                (health.out_of_memory.as_ref()).map_or(Reason::Loading, |killed| killed.reason),
                format!(
                    "The pods of version {version} start and load it ({} of {wanted} can answer).{}{}",
                    health.passed,
                    health.ran_out_of_memory(),
                    health.in_doubt()
                ),
            ),
            Stage::Probing if health.ready >= wanted => (
                ConditionStatus::Unknown,
                Reason::Probing,
                format!(
                    "All pods of version {version} can answer; its Deployment counts {} of {wanted} so far.",
                    health.counted
                ),
            ),
            Stage::Probing => (
                ConditionStatus::Unknown,
                Reason::Probing,
                format!(
                    "{} of {wanted} pods of version {version} can answer.{}",
                    health.ready.min(health.passed),
                    health.in_doubt()
                ),
            ),
            Stage::Activating => (
                ConditionStatus::Unknown,
                Reason::Activating,
                format!("All pods of version {version} can answer; one of them makes it the active one."),
            ),
            Stage::Ready => (
                ConditionStatus::Unknown,
                Reason::RollingOut,
                format!("Version {version} is active; the traffic moves to its pods."),
            ),
            Stage::Held { trouble, .. } => (ConditionStatus::False, trouble.reason, trouble.message.clone()),
            Stage::Rejected { rejection, .. } => (
                ConditionStatus::False,
                rejection.reason,
                format!(
                    "Version {version} was given up: {}. Edit the Model, or annotate it with {}, to try again.",
                    rejection.message,
                    labels::REFIT_AT
                ),
            ),
        }
    }
}
