//! Decides what a TrainingJob needs next.

use auriga_crds::{TrainingJob, TrainingJobStatus};
use jiff::Timestamp;

use crate::{
    plan::{Next, Plan, Refusal},
    seen::TrainingJobSeen,
    settings::Settings,
};

/// What is to be done about `job`, seeing what is there. Total: what is wrong becomes a condition.
pub fn decide(
    job: &TrainingJob,
    _seen: &TrainingJobSeen,
    _settings: &Settings,
    _now: Timestamp,
) -> Plan<TrainingJobStatus> {
    Plan {
        apply: Vec::new(),
        delete: Vec::new(),
        status: job.status.clone().unwrap_or_default(),
        notes: Vec::new(),
        next: Next::OnChange,
    }
}

/// The status of a plan that could not be carried out as a whole.
pub fn refused(
    _job: &TrainingJob,
    status: TrainingJobStatus,
    _refusals: &[Refusal],
    _now: Timestamp,
) -> TrainingJobStatus {
    status
}
