//! Follows a fit that has a Job: what its pod does, waits for, or why it is tried again.

use auriga_crds::{Reason, TrainingJobStatus};
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    begin::{Obstacle, superseded, to_be_fitted},
    ending,
    look::{Facts, Look, SLOWLY, Steps},
    progress,
    runs::{Run, ended, state},
    stand::{Phase, Stand},
};
use crate::{
    build::job::{self, Fit},
    labels,
    plan::{Desired, Next, Plan, Target},
    seen::{Answer, PodSeen},
    trouble,
    unstarted::Unstarted,
};

/// The age of a Job, in seconds, at which whatever was made before it has long been seen.
const LONG_ENOUGH: i64 = 30;

/// What is told while nothing is known of a pod.
pub(super) const BEING_MADE: &str = "The pod that fits is being made";

/// The plan for a TrainingJob whose latest Job is `run`, one of `runs`, which is not over.
pub(super) fn follow(look: &Look<'_>, runs: &[Run<'_>], run: &Run<'_>) -> Plan<TrainingJobStatus> {
    let live = run.live_pod();
    let before = look.before().trainer_status;
    let facts = Facts {
        trainer_status: match live {
            Some(pod) => progress::of(pod, before.as_ref(), look.now),
            None => before.as_ref().map(progress::without_end),
        },
        ..facts(look, runs)
    };
    let mut steps = Steps {
        facts,
        ..Steps::default()
    };
    if run.job.metadata.deletion_timestamp.is_some() {
        let words = format!(
            "Job {} is being deleted; another one takes its place",
            run.job.name_any()
        );
        let stand = Stand::at(Phase::Pending, Reason::Pending, words);
        return look.under_way(&stand, steps, Next::OnChange);
    }
    if run.is_paused() {
        return paused(look, run, steps);
    }
    if let Some(message) = mend_the_manifest(look, run, live, &mut steps) {
        steps.delete.extend(Target::of(run.job));
        let facts = steps.facts.clone();
        return look.over(superseded(message), facts, steps);
    }
    let (stand, next) = match live {
        Some(pod) if is_running(pod) => (running(look, run, pod), look.again_at(pod)),
        Some(pod) => starting(look, run, pod),
        None => without_pod(look, run),
    };
    // Nobody tells when a pod gives up waiting for a manifest.
    let next = if look.seen.manifest.is_none() {
        next.or(SLOWLY)
    } else {
        next
    };
    look.under_way(&stand, steps, next)
}

/// What is known of a fit by the pods of `runs`, whether it goes on or is over.
pub(super) fn facts(look: &Look<'_>, runs: &[Run<'_>]) -> Facts {
    let hash = runs
        .iter()
        .find_map(|run| run.job.annotations().get(labels::FIT_HASH));
    let starts = runs.iter().flat_map(|run| &run.pods).filter_map(|pod| {
        let state = state(pod)?;
        let running = state
            .running
            .as_ref()
            .and_then(|running| running.started_at.as_ref());
        let ended = ended(pod).and_then(|ended| ended.started_at.as_ref());
        running.or(ended).map(|time| time.0)
    });
    Facts {
        // What the Job was made for, unless a pod has found out more.
        fit_hash: look.before().fit_hash.or(hash.cloned()),
        start: starts.min(),
        failure: ending::last_failure(runs).map(|(failure, _)| failure),
        ..Facts::default()
    }
}

/// The plan for a TrainingJob that is not to fit for now.
pub(super) fn suspended(look: &Look<'_>, runs: &[Run<'_>]) -> Plan<TrainingJobStatus> {
    let mut steps = Steps {
        facts: facts(look, runs),
        ..Steps::default()
    };
    stop(runs, &mut steps);
    let stand = Stand::at(
        Phase::Suspended,
        Reason::Suspended,
        "It is suspended; set spec.suspend to false to fit from the start",
    );
    look.under_way(&stand, steps, Next::OnChange)
}

/// Keeps the newest Job from starting another pod.
pub(super) fn stop(runs: &[Run<'_>], steps: &mut Steps) {
    let Some(run) = runs.last().filter(|run| run.may_be_paused()) else {
        return;
    };
    if run.queue().is_some() {
        // Its `suspend` is Kueue's: set by anybody else, it would be taken for a place in the queue.
        steps.delete.extend(Target::of(run.job));
    } else if !run.is_paused() {
        steps.apply.push(pause(run, true));
    }
}

/// The Job is suspended, though its TrainingJob is not: it waits for Kueue, or goes on.
fn paused(look: &Look<'_>, run: &Run<'_>, mut steps: Steps) -> Plan<TrainingJobStatus> {
    if let Some(queue) = run.queue() {
        let words = format!("It waits in Kueue's queue {queue} until it is admitted");
        let stand = Stand::at(Phase::Queued, Reason::Queued, words);
        return look.under_way(&stand, steps, Next::OnChange);
    }
    let hindrance = look.model().err().or_else(|| look.place_in_line());
    let stand = hindrance.unwrap_or_else(|| {
        steps.apply.push(pause(run, false));
        Stand::at(Phase::Pending, Reason::Pending, BEING_MADE)
    });
    let next = if stand.phase == Phase::Queued {
        SLOWLY
    } else {
        Next::OnChange
    };
    look.under_way(&stand, steps, next)
}

fn pause(run: &Run<'_>, suspend: bool) -> Desired {
    let metadata = &run.job.metadata;
    Desired::Mark(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid },
        "spec": { "suspend": suspend },
    }))
}

/// Makes the manifest again if somebody has deleted it, as long as the Model still says the same; else, why the fit can
/// never start. A pod that has started has read it.
fn mend_the_manifest(
    look: &Look<'_>,
    run: &Run<'_>,
    live: Option<&PodSeen>,
    steps: &mut Steps,
) -> Option<String> {
    if look.seen.manifest.is_some() || live.is_some_and(is_running) {
        return None;
    }
    let made_for = run.job.annotations().get(labels::FIT_HASH);
    match to_be_fitted(look) {
        Ok(fixed) if Some(&fixed.fit_hash) == made_for => {
            let queue = Default::default();
            steps.apply.push(Desired::create(&job::manifest(&Fit {
                training_job: look.job,
                model: &fixed.model,
                checked: &fixed.checked,
                fit_hash: &fixed.fit_hash,
                queue: &queue,
            })));
            None
        }
        // A look may find a new Job and not yet the ConfigMap that was made before it.
        Ok(_) | Err(Obstacle::ForGood(_)) if look.is_older(run.job, LONG_ENOUGH) => Some(format!(
            "ConfigMap {} with the manifest was deleted before the fit began, and Model {} has changed since; create \
             another TrainingJob",
            job::manifest_name(look.job),
            look.job.spec.model_ref.name
        )),
        _ => None,
    }
}

fn is_running(pod: &PodSeen) -> bool {
    state(pod).is_some_and(|state| state.running.is_some())
}

fn running(look: &Look<'_>, run: &Run<'_>, pod: &PodSeen) -> Stand {
    let model = &look.job.spec.model_ref.name;
    if let Some(stand) = waiting(pod) {
        return stand;
    }
    let silence = match &pod.answer {
        Answer::Silent(why) if pod.is_long_silent() => format!(", and cannot be asked: {why}"),
        _ => String::new(),
    };
    let words = format!("Pod {} fits Model {model}{silence}", pod.pod.name_any());
    match run.failures() {
        0 => Stand::at(Phase::Running, Reason::Running, words),
        failures => {
            let last = ending::last_failure(std::slice::from_ref(run));
            let last = last.map_or_else(String::new, |(failure, _)| {
                format!("; the last failure: {}", failure.message)
            });
            let words = format!("{words}, try {} of {}{last}", failures + 1, most_tries(run));
            Stand::at(Phase::Running, Reason::Running, words)
        }
    }
}

/// What a pod that runs waits for, by its own account: a store that cannot be used.
fn waiting(pod: &PodSeen) -> Option<Stand> {
    let alive = pod.answer.alive()?;
    let reason = alive.known_reason()?;
    let message = trouble::said(&pod.pod, reason, alive.message.as_deref()?);
    Some(Stand {
        is_stalled: reason == Reason::SecretNotFound,
        ..Stand::at(Phase::Running, reason, message)
    })
}

/// A pod waits; what a person has to mend is told with its remedy.
fn starting(look: &Look<'_>, run: &Run<'_>, pod: &PodSeen) -> (Stand, Next) {
    let phase = phase_without_work(run);
    match trouble::before_start(&pod.pod) {
        // A node may still come, or get room.
        Some(trouble) if trouble.reason == Reason::Unschedulable => {
            let stand = Stand::at(phase, trouble.reason, trouble.message);
            (stand, Next::OnChange)
        }
        Some(trouble) => {
            let stalled = Stand::stalled(trouble.reason, trouble.message);
            (Stand { phase, ..stalled }, Next::OnChange)
        }
        None => {
            let late = Unstarted::of(&pod.pod).filter(|unstarted| unstarted.is_late(look.now));
            let about_to = || format!("Pod {} is about to start", pod.pod.name_any());
            // That it does not start is seen by the time that passes.
            let next = if late.is_some() { Next::OnChange } else { SLOWLY };
            let words = late.map_or_else(about_to, |unstarted| unstarted.message);
            (Stand::at(phase, Reason::Pending, words), next)
        }
    }
}

/// No pod waits or works: the Job is new, its pod was refused, or the next try is due after a pause.
fn without_pod(look: &Look<'_>, run: &Run<'_>) -> (Stand, Next) {
    let phase = phase_without_work(run);
    if let Some(complaint) = &look.seen.complaint {
        let trouble = trouble::of_complaint(complaint);
        let stand = Stand {
            phase,
            ..Stand::stalled(trouble.reason, trouble.message)
        };
        return (stand, SLOWLY);
    }
    match ending::last_failure(std::slice::from_ref(run)) {
        Some((failure, reason)) => {
            let words = format!(
                "Try {} of {} failed: {}; it is tried again after a pause",
                run.failures(),
                most_tries(run),
                failure.message
            );
            (Stand::at(phase, reason, words), SLOWLY)
        }
        None => {
            let sent_away = run
                .pods
                .last()
                .and_then(|pod| Some((pod, ending::disruption(pod)?)));
            let words = match sent_away {
                Some((pod, words)) => format!(
                    "Pod {} was sent away: {words}; another one takes its place",
                    pod.pod.name_any()
                ),
                None => BEING_MADE.to_owned(),
            };
            (Stand::at(phase, Reason::Pending, words), look.soon())
        }
    }
}

/// Between two tries it still runs, for people.
fn phase_without_work(run: &Run<'_>) -> Phase {
    if run.failures() > 0 {
        Phase::Running
    } else {
        Phase::Pending
    }
}

fn most_tries(run: &Run<'_>) -> i32 {
    let limit = run.job.spec.as_ref().and_then(|spec| spec.backoff_limit);
    // As many as the API server fills in for a Job that does not say.
    limit.unwrap_or(6).saturating_add(1)
}
