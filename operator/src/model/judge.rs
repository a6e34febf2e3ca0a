//! How far a version has come on its way to the traffic, by what its pods say and by the time that this has taken.

use auriga_crds::{Reason, VersionNumber};
use jiff::Timestamp;

use super::{
    health::Health,
    rollout::Turn,
    slots::{Held, Rejection},
    stage::Stage,
};
use crate::{build, trouble::Trouble};

/// How far the pods of `held` have come, which are wanted since `since`.
pub(super) fn judge(
    turn: Turn<'_>,
    held: &Held<'_>,
    health: &Health,
    since: Timestamp,
    may_activate: bool,
) -> Stage {
    if let Some(rejection) = &held.rejection {
        return Stage::Rejected {
            rejection: rejection.clone(),
            is_news: false,
        };
    }
    let reject = |reason: Reason, message: String| Stage::Rejected {
        rejection: Rejection {
            reason,
            message,
            at: Some(turn.now),
            edition: build::edition(turn.model, &turn.wish.checked),
        },
        is_news: true,
    };
    let deadline = turn.model.spec.serving.progress_deadline_seconds;
    let is_over = |since: Timestamp| turn.is_past_deadline(since);
    if let Some(trouble) = health.trouble.as_ref().filter(|trouble| !trouble.passes) {
        return reject(trouble.reason, trouble.message.clone());
    }
    if let Some(trouble) = what_holds_up(turn, held, health, since) {
        return Stage::Held {
            trouble,
            is_overdue: is_over(since),
        };
    }
    let wanted = turn.wish.replicas;
    if health.passed < wanted {
        // Pods that have shown it once may move, be restarted or be joined by others without a limit. Those that answer now need
        // another look: the operator itself may have been away, or busy, for all that time.
        if is_over(since) && held.proved_at.is_none() && health.answering < wanted {
            let trouble = health.trouble.as_ref().or(health.accident.as_ref());
            let why = trouble.map_or_else(String::new, |trouble| format!(": {}", trouble.message));
            let message = format!(
                "{} of {wanted} pods could answer after {deadline} s{why}",
                health.passed
            );
            return reject(Reason::ProgressDeadlineExceeded, message);
        }
        return if health.alive.is_some() {
            Stage::Probing
        } else {
            Stage::Loading
        };
    }
    let version = held.slot.version;
    if health.active < wanted {
        if may_activate && held.activating_since.is_some_and(is_over) {
            return overdue(
                Reason::ProgressDeadlineExceeded,
                format!(
                    "All pods of version {version} can answer, but none could make it the active one within {deadline} s; \
                     see in their logs whether the store can be written"
                ),
            );
        }
        Stage::Activating
    } else if health.ready.min(health.counted) < wanted {
        if held.proved_at.is_some_and(is_over) && is_over(since) {
            return overdue(Reason::RuntimeUnhealthy, not_noticed(version, health, wanted));
        }
        Stage::Probing
    } else {
        Stage::Ready
    }
}

/// What keeps the pods of a version from answering and lies outside of it. A pod that is silent while it runs, or whose container
/// cannot be run or was killed for memory, is the version's own trouble once the time is over: such pods seem to recover between
/// two attempts, and would be given a new deadline each time. That a node does not start a pod is told apart from a start like any
/// other by the deadline alone.
pub(super) fn what_holds_up(
    turn: Turn<'_>,
    held: &Held<'_>,
    health: &Health,
    since: Timestamp,
) -> Option<Trouble> {
    let its_own = [Reason::RuntimeUnhealthy, Reason::Failed, Reason::OOMKilled];
    match &health.trouble {
        Some(trouble) => (trouble.passes && !its_own.contains(&trouble.reason)).then(|| trouble.clone()),
        None => {
            let is_due =
                held.proved_at.is_none() && health.accident.is_none() && turn.is_past_deadline(since);
            let unstarted = health.unstarted.as_ref().filter(|_| is_due)?;
            Some(Trouble::outside(Reason::Pending, unstarted.message.clone()))
        }
    }
}

/// Who has not noticed yet that all pods of `version` answer; a sentence.
fn not_noticed(version: VersionNumber, health: &Health, wanted: i32) -> String {
    if health.ready < wanted {
        format!(
            "All pods of version {version} answer the operator, but the kubelet finds only {} of {wanted} ready; see \
             `kubectl describe pod`",
            health.ready
        )
    } else {
        format!(
            "All pods of version {version} are ready, but its Deployment counts only {} of {wanted}; see whether Kubernetes' \
             controllers run",
            health.counted
        )
    }
}

fn overdue(reason: Reason, message: String) -> Stage {
    Stage::Held {
        trouble: Trouble {
            reason,
            message,
            passes: true,
        },
        is_overdue: true,
    }
}
