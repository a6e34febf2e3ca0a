//! Where a TrainingJob stands, and the conditions that say so.

use auriga_crds::{ConditionStatus, ConditionType, Reason, State, TrainingJobStatus, conditions};

/// Where a TrainingJob stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Something is missing, or a pod is about to start.
    Pending,
    /// It waits for its turn.
    Queued,
    /// It is paused by `suspend`.
    Suspended,
    /// Its pod works, or is to be tried again.
    Running,
    /// It is over, and what it was for is there.
    Complete,
    /// It is over, in vain.
    Failed,
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Queued => "Queued",
            Phase::Suspended => "Suspended",
            Phase::Running => "Running",
            Phase::Complete => "Complete",
            Phase::Failed => "Failed",
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Phase::Complete | Phase::Failed)
    }
}

/// Where a TrainingJob stands and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) phase: Phase,
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Whether nothing more happens until a person does something.
    pub(super) is_stalled: bool,
}

impl Stand {
    pub(super) fn at(phase: Phase, reason: Reason, message: impl Into<String>) -> Stand {
        Stand {
            phase,
            reason,
            message: message.into(),
            is_stalled: phase == Phase::Failed,
        }
    }

    /// Waits for a person.
    pub(super) fn stalled(reason: Reason, message: impl Into<String>) -> Stand {
        Stand {
            is_stalled: true,
            ..Stand::at(Phase::Pending, reason, message)
        }
    }

    /// Writes it into `status`, whose other fields are right already; `since` is when it came to stand so (RFC 3339).
    pub(super) fn write(&self, status: &mut TrainingJobStatus, generation: i64, since: &str) {
        let state = |kind, status| State {
            kind,
            status,
            reason: self.reason,
            message: self.message.clone(),
        };
        let has_begun = status.start_time.is_some();
        let mut states = vec![match self.phase {
            Phase::Complete => state(ConditionType::Complete, ConditionStatus::True),
            Phase::Failed => state(ConditionType::Failed, ConditionStatus::True),
            _ => state(ConditionType::Complete, ConditionStatus::Unknown),
        }];
        let mut add = |kind| states.push(state(kind, ConditionStatus::True));
        match self.phase {
            Phase::Running => add(ConditionType::Running),
            Phase::Suspended => add(ConditionType::Suspended),
            _ => {}
        }
        if self.is_stalled {
            add(ConditionType::Stalled);
        } else if !has_begun && matches!(self.phase, Phase::Pending | Phase::Queued) {
            // A fit may take hours: tools that wait for an object to settle must not wait for its end.
            add(ConditionType::Reconciling);
        }
        status.conditions = conditions(&states, &status.conditions, generation, since);
        status.observed_generation = Some(generation);
        status.state = Some(self.phase.word().to_owned());
        let summary = status.conditions.first();
        status.reason = summary.map(|summary| summary.reason.clone());
        status.message = summary.map(|summary| summary.message.clone());
        if self.phase.is_over() {
            status.completion_time = Some(since.to_owned());
        }
    }
}

/// Whether `status` records an end: nothing that happens later changes it.
pub(super) fn is_over(status: &TrainingJobStatus) -> bool {
    let ends = [ConditionType::Complete, ConditionType::Failed];
    ends.into_iter().any(|end| end.holds_in(&status.conditions))
}
