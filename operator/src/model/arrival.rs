//! Whether requests arrive at the pods with the traffic. A pod that is ready is not known to every node at once: until then a
//! Service refuses what it is asked, and nobody should have been told that the Model is Ready.

use std::time::Duration;

use auriga_crds::{ConditionStatus, ConditionType, Model};

use super::{health::Health, rollout::Turn, traffic::Traffic};
use crate::seen::{ModelSeen, Reached};

/// How long a Service that gives no answer is waited for: the operator's own way there may be closed, as by a network policy.
const PATIENCE: Duration = Duration::from_secs(10);
/// A silence up to here is the usual one.
const USUAL: Duration = Duration::from_secs(3);

/// Whether the Model was told to be Ready already.
pub(super) fn is_ready(model: &Model) -> bool {
    let conditions = (model.status.iter()).flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|one| one.kind == ConditionType::Ready.word());
    ready.any(|one| one.status == ConditionStatus::True)
}

/// What is waited for before the Model is called Ready though its pods can answer, as a clause; `None` if nothing is.
pub(super) fn awaited(
    turn: Turn<'_>,
    seen: &ModelSeen,
    traffic: &Traffic,
    health: &Health,
) -> Option<String> {
    let can_answer = turn.wish.replicas > 0 && health.ready >= turn.wish.replicas;
    if traffic.slot.is_none() || !can_answer || is_ready(turn.model) {
        return None;
    }
    match &seen.reached {
        Reached::Answered => None,
        Reached::Silent { lasts, .. } if *lasts >= PATIENCE => None,
        Reached::Silent { why, lasts } if *lasts >= USUAL => Some(format!("its Service {why}")),
        Reached::Silent { .. } | Reached::NotAsked => Some("its traffic is about to arrive".to_owned()),
    }
}
