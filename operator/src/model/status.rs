//! Puts into words what one look at a Model found out: the whole status, from facts alone.

use auriga_crds::{
    Candidate, Condition, ConditionStatus, ConditionType, LastFailure, Model, ModelStatus, Reason, State,
    VersionNumber, conditions,
};
use jiff::Timestamp;
use kube::ResourceExt as _;

use super::{
    fits,
    stage::Stage,
    standing::{fitting, standing},
    states::states,
    story::Story,
    versions,
};
use crate::{labels, plan::Refusal, time::seconds};

/// The status that tells `story`.
pub(super) fn status(story: &Story<'_>) -> ModelStatus {
    let model = story.model;
    let before = model.status.as_ref();
    let standing = standing(story);
    let generation = model.metadata.generation.unwrap_or_default();
    let states = states(story, &standing);
    let answering = story.answering();
    let known = versions::known(story);
    let has_traffic = answering.is_some();
    ModelStatus {
        observed_generation: Some(generation),
        conditions: conditions(
            &states,
            before
                .map(|status| status.conditions.as_slice())
                .unwrap_or_default(),
            generation,
            &seconds(story.now),
        ),
        active_version: answering.and_then(number),
        previous_version: previous_version(story),
        latest_version: known.first().map(|version| version.version),
        active_digest: story.health.digest.map(|digest| digest.to_string()).or_else(|| {
            let same = known
                .iter()
                .find(|version| Some(version.version) == answering.and_then(number));
            same.map(|version| version.digest.clone())
        }),
        candidate: candidate(story),
        score: versions::score(story),
        versions: known,
        url: has_traffic.then(|| {
            format!(
                "http://{}.{}.svc",
                model.name_any(),
                model.namespace().unwrap_or_default()
            )
        }),
        spec_hash: story.wish.and_then(|wish| wish.fit_hash.clone()),
        replicas: Some(i64::from(story.health.pods)),
        ready_replicas: Some(i64::from(story.health.ready)),
        selector: Some(selector(story)),
        last_refit_time: last_refit(story),
        last_failure: last_failure(story),
    }
}

/// The status of a plan that could not be carried out as a whole.
pub fn refused(model: &Model, mut status: ModelStatus, refusals: &[Refusal], now: Timestamp) -> ModelStatus {
    let Some(first) = refusals.first() else {
        return status;
    };
    let message = format!("{}: {}", first.object, first.message);
    let state = |kind, status| State {
        kind,
        status,
        reason: first.reason,
        message: message.clone(),
    };
    let states = [
        state(ConditionType::Ready, ConditionStatus::False),
        state(ConditionType::Stalled, ConditionStatus::True),
    ];
    let before = model
        .status
        .as_ref()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    let generation = model.metadata.generation.unwrap_or_default();
    let mut all: Vec<Condition> = conditions(&states, before, generation, &seconds(now));
    all.extend(status.conditions.into_iter().filter(|one| {
        ![
            ConditionType::Ready,
            ConditionType::Stalled,
            ConditionType::Reconciling,
        ]
        .iter()
        .any(|replaced| one.kind == replaced.word())
    }));
    status.conditions = all;
    status
}

fn number(version: VersionNumber) -> Option<i64> {
    i64::try_from(version.get()).ok()
}

/// The version that was the active one before the one that has the traffic. The ledger knows, as far as an active pod tells of
/// it: it outlives objects that are restored from a backup, and has no version that got the traffic and never became active.
/// While no pod tells, it is what was told of the same version; and else, what the Service says.
fn previous_version(story: &Story<'_>) -> Option<i64> {
    let of_ledger = (story.health.alive.as_ref()).filter(|_| story.health.active > 0);
    let answering = story.answering().and_then(number);
    let before = story.model.status.as_ref();
    let told = before.filter(|before| answering.is_some() && before.active_version == answering);
    match (of_ledger, told) {
        (Some(alive), _) => alive.previous_version.and_then(number),
        (None, Some(before)) => before.previous_version,
        (None, None) => story.traffic.previous_version.and_then(number),
    }
}

/// The version on its way, or the fit that is to make one.
fn candidate(story: &Story<'_>) -> Option<Candidate> {
    if let (None, Some(waiting)) = (&story.walk, &story.waiting)
        && matches!(waiting.step.stage, Stage::Activating | Stage::Ready)
    {
        let version = waiting.slot.version;
        return Some(Candidate {
            version: number(version),
            state: "Probing".to_owned(),
            progress_percentage: None,
            reason: Some(Reason::AwaitingApproval.word().to_owned()),
            message: Some(format!(
                "Version {version} can answer and waits until spec.activation.version names it."
            )),
            start_time: Some(seconds(waiting.step.since)),
        });
    }
    if let Some(walk) = story.walk.as_ref().or(story.waiting.as_ref()) {
        let wanted = story.wanted();
        let (_, reason, message) = walk.step.stage.told(&walk.step.health, wanted, &walk.slot);
        return Some(Candidate {
            version: number(walk.slot.version),
            state: walk.step.stage.word().to_owned(),
            progress_percentage: None,
            reason: Some(reason.word().to_owned()),
            message: Some(message),
            start_time: Some(seconds(walk.step.since)),
        });
    }
    let job = story.fits?.running?;
    let status = job.status.as_ref();
    let found = fitting(job);
    Some(Candidate {
        version: None,
        state: "Fitting".to_owned(),
        progress_percentage: status.and_then(|status| status.trainer_status.as_ref()?.progress_percentage),
        reason: Some(found.reason.word().to_owned()),
        message: Some(found.message),
        start_time: status.and_then(|status| status.start_time.clone()),
    })
}

/// Selects the pods that have the traffic, which are those that autoscalers have to measure; before there are any, all.
fn selector(story: &Story<'_>) -> String {
    let name = story.model.name_any();
    let and = match &story.traffic.slot {
        Some(slot) => format!("{}={}", labels::SLOT, slot.label()),
        None => format!("{}={}", labels::COMPONENT, labels::RUNTIME),
    };
    format!("{}={name},{and}", labels::MODEL)
}

/// When the newest fit that went well was over.
fn last_refit(story: &Story<'_>) -> Option<String> {
    let ended = story
        .seen
        .training_jobs
        .iter()
        .filter(|job| fits::end(job) == Some(fits::End::Complete));
    ended
        .filter_map(|job| job.status.as_ref()?.completion_time.clone())
        .max()
}

/// The last failure that anything still tells of: a version that was given up, or the newest fit that failed.
fn last_failure(story: &Story<'_>) -> Option<LastFailure> {
    if let Some(walk) = story.walk.as_ref().or(story.waiting.as_ref())
        && let Stage::Rejected { rejection, .. } = &walk.step.stage
    {
        return Some(LastFailure {
            location: format!("deployment/{}", walk.slot.name(story.model)),
            reason: rejection.reason.word().to_owned(),
            message: rejection.message.chars().take(1000).collect(),
            version: number(walk.slot.version),
            time: seconds(rejection.at.unwrap_or(walk.step.since)),
            exit_code: None,
        });
    }
    let failed = story
        .seen
        .training_jobs
        .iter()
        .filter(|job| fits::end(job) == Some(fits::End::Failed))
        .filter(|job| fits::reason(job) != Reason::Superseded);
    let ended = failed.filter_map(|job| Some((job.status.as_ref()?.completion_time.clone()?, job)));
    let (time, job) = ended.max_by_key(|(time, _)| time.clone())?;
    let status = job.status.as_ref()?;
    status.last_failure.clone().or_else(|| {
        Some(LastFailure {
            location: format!("trainingjob/{}", job.name_any()),
            reason: fits::reason(job).word().to_owned(),
            message: status.message.clone()?,
            version: None,
            time,
            exit_code: None,
        })
    })
}
