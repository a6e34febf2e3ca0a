//! Whether requests arrive at the pods with the traffic. A pod that is ready is not known to every node at once: until then a
//! Service refuses what it is asked, or sends it to the pods before, and nobody should have been told that the Model is Ready.

use std::time::Duration;

use auriga_crds::{ConditionStatus, ConditionType, Model, Reason};

use super::story::Story;
use crate::{build::service::slot_with_traffic, seen::Reached};

/// How long a Service that gives no answer is waited for: the operator's own way there may be closed, as by a network policy.
const PATIENCE: Duration = Duration::from_secs(10);
/// A silence up to here is the usual one.
const USUAL: Duration = Duration::from_secs(3);

/// Whether the Model was told to be Ready already, and by pods.
pub(super) fn is_ready(model: &Model) -> bool {
    let conditions = (model.status.iter()).flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|one| one.kind == ConditionType::Ready.word());
    ready.any(|one| one.status == ConditionStatus::True && one.reason != Reason::ScaledToZero.word())
}

/// What is waited for before the Model is called Ready, though the pods with the traffic can answer and are what the spec asks
/// for; a clause. `None` if nothing is.
pub(super) fn awaited(story: &Story<'_>) -> Option<String> {
    let wanted = story.wanted();
    let can_answer = wanted > 0 && story.health.ready >= wanted;
    let is_all_done = story.is_as_specified() || story.walk.is_none() && story.waiting.is_some();
    if !can_answer || !is_all_done || is_ready(story.model) {
        return None;
    }
    let soon = || Some("its traffic is about to arrive".to_owned());
    // Whoever answered before the traffic moved was another one.
    let asked = story.seen.service.as_ref().and_then(slot_with_traffic);
    if asked != story.traffic.slot {
        return soon();
    }
    match &story.seen.reached {
        Reached::Answered => None,
        Reached::Silent { lasts, .. } if *lasts >= PATIENCE => None,
        Reached::Silent { why, lasts } if *lasts >= USUAL => Some(format!("its Service {why}")),
        Reached::Silent { .. } | Reached::NotAsked => soon(),
    }
}
