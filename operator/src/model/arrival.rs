//! Whether requests arrive at the pods with the traffic. A pod that is ready is not known to every node at once: until then a
//! Service refuses what it is asked, or sends it to the pods before. Nobody should have been told that the Model is Ready, and
//! the pods before have to stay. It takes a moment, or minutes where the API server was away, since whoever fills Services and
//! whoever carries that to a node then wait for up to one each before they list anew.

use std::time::Duration;

use auriga_crds::{ConditionStatus, ConditionType, Model, Reason};
use jiff::SignedDuration;
use kube::ResourceExt as _;

use super::{
    health::{self, Health},
    rollout::Turn,
    slots::{Held, Slots},
    story::Story,
    traffic::{Traffic, just_switched_for},
};
use crate::{build::service::slot_with_traffic, seen::Reached};

/// How long a Service that gives no answer is waited for: the operator's own way there may be closed, as by a network policy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long pods from before are kept that may be needed, at most. Where the API server was killed time and again, whoever fills
/// Services and whoever carries that to nodes were seen to be behind by more than two minutes.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
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
        reached if is_settled(reached) => None,
        Reached::Silent { why, lasts } if *lasts >= USUAL => Some(format!("its Service {why}")),
        Reached::Elsewhere { lasts } if *lasts >= USUAL => {
            Some("its Service leads to the pods before still".to_owned())
        }
        _ => soon(),
    }
}

/// Whether pods that had the traffic before are needed still, and if so, after what time that is to be looked at again. They are
/// drained from when requests arrive at those that have it now: other nodes than the operator's may be later. `any_ready`:
/// whether one of these can answer; while none can, those before may be all that does.
pub(super) fn drained_in(
    turn: Turn<'_>,
    reached: &Reached,
    traffic: &Traffic,
    any_ready: bool,
) -> Option<Duration> {
    let is_long_ago = (traffic.since).is_none_or(|since| turn.is_over(since, LONGEST.as_secs()));
    let is_over = match any_ready {
        true => is_settled(reached),
        false => is_long_ago || turn.wish.replicas == 0,
    };
    let since_arrival = match reached {
        Reached::Answered { lasts } if any_ready => turn.settings.drain.saturating_sub(*lasts),
        _ if is_over => Duration::ZERO,
        _ => turn.settings.poll_fit.min(USUAL),
    };
    let left = [since_arrival, just_switched_for(turn, traffic)];
    left.into_iter().find(|left| !left.is_zero())
}

/// Whether the traffic may move on: it has arrived where it went last, as far as anybody can tell. Else pods would be taken away
/// that nodes are two moves behind with.
pub(super) fn may_move_on(reached: &Reached, slots: &Slots<'_>, traffic: &Traffic, health: &Health) -> bool {
    let are_asked = |held: &Held<'_>| traffic.is_of_before(held);
    health.ready == 0 || !slots.all.iter().any(are_asked) || is_settled(reached)
}

/// Whether the traffic moved on from pods none of which answers, so that it may never have arrived there: whoever had it before
/// them may be all that answers on nodes that are behind.
pub(super) fn was_left_dead(turn: Turn<'_>, slots: &Slots<'_>, traffic: &Traffic) -> bool {
    let left = traffic.previous.as_ref().and_then(|slot| slots.get(slot));
    let uid = turn.model.uid().unwrap_or_default();
    left.is_some_and(|left| left.replicas() > 0 && health::of_traffic(left, &uid, turn.now).ready == 0)
}

/// Whether nothing more is waited for: requests arrive, or it takes too long to find out whether they do.
fn is_settled(reached: &Reached) -> bool {
    match reached {
        Reached::NotAsked => false,
        Reached::Answered { .. } => true,
        // The operator's own way may be closed.
        Reached::Silent { lasts, .. } => *lasts >= PATIENCE,
        // It is known who answers, and that they are needed.
        Reached::Elsewhere { lasts } => *lasts >= LONGEST.unsigned_abs(),
    }
}
