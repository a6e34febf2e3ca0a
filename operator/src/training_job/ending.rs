//! How a fit ended, by what its pods left behind and what its Job says.

use auriga_crds::{LastFailure, MetricValue, Reason, TrainingResult, contract::Outcome, cut};
use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::JobCondition, core::v1::ContainerStateTerminated};
use kube::ResourceExt as _;

use super::runs::{MOST_RUNS, Run, ended};
use crate::{
    build::job::MISTAKE,
    seen::PodSeen,
    time,
    trouble::{self, Trouble},
};

/// How many metrics are kept in a status.
const MOST_METRICS: usize = 32;
/// The longest name and value of a metric.
const LONGEST_WORD: usize = 64;
/// The longest hash.
const LONGEST_HASH: usize = 80;

/// The end of a fit.
pub(super) struct End {
    /// [`Reason::Fitted`], [`Reason::NotBetter`], or why it failed.
    pub(super) reason: Reason,
    /// In a sentence.
    pub(super) message: String,
    /// What came of it; `None`: it failed.
    pub(super) result: Option<TrainingResult>,
    /// The hash of what was fitted, in the pod's words.
    pub(super) fit_hash: Option<String>,
    /// When; `None`: nobody says.
    pub(super) time: Option<Timestamp>,
}

/// The end of the fit that `runs` are the Jobs of; `None`: it is not over, or somebody still has to say what came of it.
///
/// A pod is believed before its Job has taken notice of it: the Job's own condition comes seconds later.
pub(super) fn of(runs: &[Run<'_>]) -> Option<End> {
    let pods = || runs.iter().flat_map(|run| &run.pods).copied();
    let well = || pods().find_map(|seen| Some(complete(success(ended(seen)?)?, ended(seen)?)));
    let in_vain = || {
        let (end, trouble) = pods().find_map(final_failure)?;
        Some(failed(trouble.reason, trouble.message, finished(end)))
    };
    let by_the_job = || {
        let run = runs.last()?;
        let condition = run.condition("Failed")?;
        let last = last_failure(runs).map(|(failure, _)| failure.message);
        let (reason, message) = words_of_job(run, condition, last.as_deref());
        Some(failed(reason, message, since(condition)))
    };
    let without_a_word = || {
        let run = runs
            .last()
            .filter(|run| run.number >= MOST_RUNS && run.is_lost())?;
        let message = format!(
            "The pods of Job {} ended well, but left nothing that says what came of the fit; see their logs, and create \
             another TrainingJob",
            run.job.name_any()
        );
        Some(failed(Reason::Failed, message, since(run.condition("Complete")?)))
    };
    well()
        .or_else(in_vain)
        .or_else(by_the_job)
        .or_else(without_a_word)
}

/// The outcome of a container that did what it was for.
pub(super) fn success(end: &ContainerStateTerminated) -> Option<Outcome> {
    let outcome = Outcome::read(end.message.as_deref()?).filter(|_| end.exit_code == 0)?;
    let is_not_better = outcome.reason.as_deref() == Some(Reason::NotBetter.word());
    (outcome.version.is_some() || is_not_better).then_some(outcome)
}

/// Why a pod failed, if it did: not by being sent away, as when its node is drained or its Job suspended.
pub(super) fn failure(seen: &PodSeen) -> Option<(&ContainerStateTerminated, Trouble)> {
    let end = ended(seen)?;
    let limit = trouble::memory_limit(&seen.pod);
    let was_stopped = seen.pod.metadata.deletion_timestamp.is_some() || disruption(seen).is_some();
    // A mistake that was found before the pod was sent away is one nevertheless.
    if was_stopped && end.exit_code != MISTAKE {
        return None;
    }
    let mut trouble = trouble::of_end(end, limit)?;
    if trouble.reason == Reason::OOMKilled {
        let limit = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        trouble = Trouble {
            reason: Reason::OOMKilled,
            message: format!(
                "The fit was killed because it used more memory than its limit{limit}; raise \
                 spec.training.resources.limits.memory of the Model, or fit fewer rows"
            ),
            passes: false,
        };
    }
    Some((end, trouble))
}

/// Why a pod was sent away, if it was, in Kubernetes' words: its node is drained or full, or somebody needs its room more.
pub(super) fn disruption(seen: &PodSeen) -> Option<&str> {
    let conditions = seen.pod.status.as_ref()?.conditions.as_ref()?;
    let condition = (conditions.iter())
        .find(|condition| condition.type_ == "DisruptionTarget" && condition.status == "True")?;
    let words = condition.message.as_deref().or(condition.reason.as_deref());
    Some(words.unwrap_or("Kubernetes does not say why"))
}

/// The newest failure of a pod, and the pod's name.
pub(super) fn last_failure(runs: &[Run<'_>]) -> Option<(LastFailure, Reason)> {
    let pods = runs.iter().flat_map(|run| &run.pods);
    let failures = pods.filter_map(|seen| {
        let (end, trouble) = failure(seen)?;
        Some((finished(end), recorded(seen, end, &trouble), trouble.reason))
    });
    let (_, failure, reason) = failures.max_by_key(|(time, ..)| *time)?;
    Some((failure, reason))
}

/// A failure that no retry mends.
fn final_failure(seen: &PodSeen) -> Option<(&ContainerStateTerminated, Trouble)> {
    let (end, trouble) = failure(seen)?;
    let is_final = end.exit_code == MISTAKE || trouble.reason == Reason::OOMKilled;
    is_final.then_some((end, trouble))
}

fn complete(outcome: Outcome, end: &ContainerStateTerminated) -> End {
    let metrics: Vec<MetricValue> = outcome.metrics.into_iter().filter(fits).collect();
    let score = outcome.score.filter(fits);
    let version = outcome
        .version
        .and_then(|version| i64::try_from(version.get()).ok());
    let (reason, message) = match version {
        Some(version) => {
            let by = score
                .as_ref()
                .map_or_else(String::new, |score| format!(", {} {}", score.name, score.value));
            (Reason::Fitted, format!("Version {version} is in the store{by}"))
        }
        None => (
            Reason::NotBetter,
            outcome.message.unwrap_or_else(|| {
                "The score was not greater than saveIfBetterThan, so no version was kept".to_owned()
            }),
        ),
    };
    End {
        reason,
        message,
        result: Some(TrainingResult {
            version,
            digest: outcome.digest.map(|digest| digest.to_string()),
            score,
            metrics: metrics.into_iter().take(MOST_METRICS).collect(),
        }),
        fit_hash: outcome
            .fit_hash
            .filter(|hash| !hash.is_empty() && hash.len() <= LONGEST_HASH),
        time: finished(end),
    }
}

/// Whether a status takes it: the API server would refuse the whole status for one name that is too long.
pub(super) fn fits(metric: &MetricValue) -> bool {
    let is_word = |text: &str| (1..=LONGEST_WORD).contains(&text.chars().count());
    is_word(&metric.name) && is_word(&metric.value) && metric.value.parse::<f64>().is_ok_and(f64::is_finite)
}

fn failed(reason: Reason, message: String, time: Option<Timestamp>) -> End {
    End {
        reason,
        message,
        result: None,
        fit_hash: None,
        time,
    }
}

fn recorded(seen: &PodSeen, end: &ContainerStateTerminated, trouble: &Trouble) -> LastFailure {
    let time = finished(end).or(seen.pod.metadata.creation_timestamp.as_ref().map(|time| time.0));
    LastFailure {
        location: format!("pod/{}", seen.pod.name_any()),
        reason: trouble.reason.word().to_owned(),
        message: cut(&trouble.message),
        version: None,
        time: time::seconds(time.unwrap_or(Timestamp::UNIX_EPOCH)),
        exit_code: Some(end.exit_code),
    }
}

fn finished(end: &ContainerStateTerminated) -> Option<Timestamp> {
    end.finished_at.as_ref().map(|time| time.0)
}

fn since(condition: &JobCondition) -> Option<Timestamp> {
    condition.last_transition_time.as_ref().map(|time| time.0)
}

/// What it means that a Job has failed, with the `words` of its last pod.
fn words_of_job(run: &Run<'_>, condition: &JobCondition, words: Option<&str>) -> (Reason, String) {
    let spec = run.job.spec.as_ref();
    let last = words.map_or_else(String::new, |words| format!(" The last failure: {words}"));
    match condition.reason.as_deref() {
        Some("DeadlineExceeded") => {
            let deadline = spec.and_then(|spec| spec.active_deadline_seconds);
            let seconds = deadline.map_or_else(String::new, |deadline| format!(" of {deadline} s"));
            let message = format!(
                "The fit took longer than its deadline{seconds}; raise spec.training.activeDeadlineSeconds of the Model, \
                 or fit fewer rows.{last}"
            );
            (Reason::DeadlineExceeded, message)
        }
        Some("BackoffLimitExceeded") => (
            Reason::BackoffLimitExceeded,
            format!("The fit failed in each of {} tries.{last}", run.failures()),
        ),
        reason => {
            let known = if reason == Some("PodFailurePolicy") {
                Reason::PodFailurePolicy
            } else {
                Reason::Failed
            };
            let said = condition.message.as_deref().unwrap_or("it does not say why");
            (known, format!("Job {} failed: {said}.{last}", run.job.name_any()))
        }
    }
}
