//! What a Model's turn decides. Files show what changes; objects that are so already are left out.

mod activation;
mod adversity;
mod deletion;
mod failures;
mod first;
mod fits;
mod steady;

use auriga_crds::{ConditionStatus, ModelStatus};

/// Status and reason of the summary, or of another condition.
fn told<'a>(status: &'a ModelStatus, kind: &str) -> Option<(ConditionStatus, &'a str)> {
    let condition = status.conditions.iter().find(|one| one.kind == kind)?;
    Some((condition.status, condition.reason.as_str()))
}
