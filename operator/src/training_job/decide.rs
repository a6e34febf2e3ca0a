//! Decides what a TrainingJob needs next.

use auriga_crds::{Reason, TrainingJob, TrainingJobStatus};
use jiff::Timestamp;

use super::{
    begin::begin,
    ending,
    follow::{facts, follow, stop, suspended},
    look::{Look, Steps},
    runs,
    stand::{self, Phase, Stand},
};
use crate::{
    plan::{Plan, Refusal, Target},
    seen::TrainingJobSeen,
    settings::Settings,
    time,
};

/// What is to be done about `job`, seeing what is there. Total: what is wrong becomes a condition.
pub fn decide(
    job: &TrainingJob,
    seen: &TrainingJobSeen,
    settings: &Settings,
    now: Timestamp,
) -> Plan<TrainingJobStatus> {
    let look = Look {
        job,
        seen,
        settings,
        now,
    };
    let before = look.before();
    if stand::is_over(&before) {
        let steps = stop_what_fits_on(&look, &before);
        return Plan {
            apply: steps.apply,
            delete: steps.delete,
            ..look.unchanged(record(before, look.generation()))
        };
    }
    if job.metadata.deletion_timestamp.is_some() {
        return look.unchanged(before);
    }
    let runs = runs::of(job, seen);
    // What the pods have left behind comes first: a fit that is over stays over, even if it was suspended meanwhile.
    if let Some(end) = ending::of(&runs) {
        let mut steps = Steps::default();
        if end.reason == Reason::OOMKilled {
            stop(&runs, &mut steps);
        }
        return look.over(end, facts(&look, &runs), steps);
    }
    if job.spec.suspend {
        return suspended(&look, &runs);
    }
    match runs.last() {
        Some(run) if run.is_lost() => begin(&look, run.number + 1),
        Some(run) => follow(&look, &runs, run),
        None => begin(&look, 1),
    }
}

/// Stops a Job that was to fit no more when the end was told: it was not seen then, or could not be stopped.
fn stop_what_fits_on(look: &Look<'_>, status: &TrainingJobStatus) -> Steps {
    let mut steps = Steps::default();
    let runs = runs::of(look.job, look.seen);
    let fits_on = || runs.iter().filter(|run| !run.has_ended());
    match status.reason.as_deref().and_then(Reason::from_word) {
        Some(Reason::Superseded) => {
            let targets = fits_on().filter_map(|run| Target::of(run.job));
            steps.delete.extend(targets);
        }
        Some(Reason::OOMKilled) if fits_on().next().is_some() => stop(&runs, &mut steps),
        _ => {}
    }
    steps
}

/// The status of a plan that could not be carried out as a whole.
pub fn refused(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    refusals: &[Refusal],
    now: Timestamp,
) -> TrainingJobStatus {
    let Some(first) = refusals.first() else {
        return status;
    };
    if stand::is_over(&status) {
        return status;
    }
    let words: Vec<String> = (refusals.iter())
        .map(|refusal| format!("{} was refused: {}", refusal.object, refusal.message))
        .collect();
    let remedy = match first.reason {
        Reason::QuotaExceeded => "; raise the quota, or free some of it",
        Reason::Forbidden => "; change what the namespace allows, or what the operator may do",
        Reason::InvalidSpec => "; correct the Model",
        _ => "",
    };
    let phase = if status.start_time.is_some() {
        Phase::Running
    } else {
        Phase::Pending
    };
    let stand = Stand {
        phase,
        ..Stand::stalled(first.reason, format!("{}{remedy}", words.join("; ")))
    };
    // The plan knew nothing of the refusal: by its conditions, each one would count as the first.
    status.conditions = job
        .status
        .as_ref()
        .map(|told| told.conditions.clone())
        .unwrap_or_default();
    stand.write(
        &mut status,
        job.metadata.generation.unwrap_or_default(),
        &time::seconds(now),
    );
    status
}

/// A record stays as it is. That it was looked at again is told, or tools would wait for it for ever once `suspend` was
/// edited.
fn record(mut status: TrainingJobStatus, generation: i64) -> TrainingJobStatus {
    status.observed_generation = Some(generation);
    for condition in &mut status.conditions {
        condition.observed_generation = generation;
    }
    status
}
