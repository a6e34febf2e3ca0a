//! Decides what a Model needs next.

use auriga_crds::{Model, ModelStatus};
use jiff::Timestamp;

use crate::{
    plan::{Next, Plan, Refusal},
    seen::ModelSeen,
    settings::Settings,
};

/// What is to be done about `model`, seeing what is there. Total: what is wrong with the spec becomes a condition.
pub fn decide(model: &Model, _seen: &ModelSeen, _settings: &Settings, _now: Timestamp) -> Plan<ModelStatus> {
    Plan {
        apply: Vec::new(),
        delete: Vec::new(),
        status: model.status.clone().unwrap_or_default(),
        notes: Vec::new(),
        next: Next::OnChange,
    }
}

/// The status of a plan that could not be carried out as a whole.
pub fn refused(_model: &Model, status: ModelStatus, _refusals: &[Refusal], _now: Timestamp) -> ModelStatus {
    status
}
