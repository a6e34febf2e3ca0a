//! A fit's own account of how far it is, as a status takes it.

use auriga_crds::contract::TrainerStatus;
use jiff::Timestamp;

use super::ending;
use crate::{seen::PodSeen, time};

/// How many metrics are kept in a status.
const MOST_METRICS: usize = 32;
/// The least time between two statuses that differ in the progress alone, in milliseconds.
const PACE: i128 = 2000;

/// What `seen` says of its progress; `before` stays as it is if the pod says nothing new. Values that no status takes are
/// left out.
pub(super) fn of(seen: &PodSeen, before: Option<&TrainerStatus>, now: Timestamp) -> Option<TrainerStatus> {
    let Some(said) = seen
        .answer
        .alive()
        .and_then(|alive| alive.trainer_status.as_ref())
    else {
        return before.cloned();
    };
    let metrics = said.metrics.iter().filter(|metric| ending::fits(metric));
    let found = TrainerStatus {
        progress_percentage: said
            .progress_percentage
            .filter(|percent| (0..=100).contains(percent)),
        estimated_remaining_seconds: said.estimated_remaining_seconds.filter(|seconds| *seconds >= 0),
        metrics: metrics.take(MOST_METRICS).cloned().collect(),
        // By our own clock: the pod's may be wrong, and the pace is held by it.
        last_updated_time: time::milliseconds(now),
    };
    match before {
        Some(before) if says_the_same(before, &found) => Some(before.clone()),
        _ => Some(found),
    }
}

/// What is left of `before` once the pod that said it has ended: nobody knows how long the next one takes.
pub(super) fn without_end(before: &TrainerStatus) -> TrainerStatus {
    TrainerStatus {
        estimated_remaining_seconds: None,
        ..before.clone()
    }
}

/// Whether `before` is so new that a status must not be written for another progress alone.
pub(super) fn is_fresh(before: &TrainerStatus, now: Timestamp) -> bool {
    let Ok(then) = before.last_updated_time.parse::<Timestamp>() else {
        return false;
    };
    let age = now.duration_since(then).as_millis();
    (0..PACE).contains(&age)
}

fn says_the_same(one: &TrainerStatus, other: &TrainerStatus) -> bool {
    one.progress_percentage == other.progress_percentage
        && one.estimated_remaining_seconds == other.estimated_remaining_seconds
        && one.metrics == other.metrics
}
