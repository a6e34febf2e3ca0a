//! The fits of a Model: which one is wanted, whether it has to be begun, and which records are kept.

use auriga_crds::{
    ConditionType, Model, ModelReference, Reason, TrainingJob, TrainingJobSpec, TrainingResult, VersionNumber,
};
use jiff::{SignedDuration, Timestamp};
use kube::{Resource as _, ResourceExt as _};

use super::{slots::Slots, wish::Wish};
use crate::{build, labels, names, settings::Settings};

/// How many TrainingJobs that went well are kept, and how many that failed.
const KEPT: usize = 3;
/// How often a version that cannot be loaded is fitted anew before a person has to look.
const REPAIRS: u32 = 2;

/// What the TrainingJobs of a Model come to.
#[derive(Debug, Default)]
pub struct Fits<'a> {
    /// The newest version of what the manifest describes.
    pub fitted: Option<VersionNumber>,
    /// The fit that is wanted and not over yet.
    pub running: Option<&'a TrainingJob>,
    /// The fit that is wanted and ended without a version.
    pub failed: Option<Failed<'a>>,
    /// A fit to begin.
    pub begin: Option<TrainingJob>,
    /// Fits under way that nobody needs any more.
    pub superseded: Vec<&'a TrainingJob>,
    /// Records beyond those that are kept.
    pub old: Vec<&'a TrainingJob>,
    /// When a failed fit is tried again.
    pub retry_in: Option<std::time::Duration>,
}

/// A fit that ended without a version.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The TrainingJob.
    pub job: &'a TrainingJob,
    /// Why.
    pub reason: Reason,
}

/// How a TrainingJob ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a version, or with a score that was not good enough.
    Complete,
    /// In vain.
    Failed,
}

/// How `job` ended; `None` while it has not.
pub fn end(job: &TrainingJob) -> Option<End> {
    let conditions = &job.status.as_ref()?.conditions;
    let ends = [
        (ConditionType::Complete, End::Complete),
        (ConditionType::Failed, End::Failed),
    ];
    ends.into_iter()
        .find_map(|(kind, end)| kind.holds_in(conditions).then_some(end))
}

/// What came of `job`.
pub fn result(job: &TrainingJob) -> Option<&TrainingResult> {
    job.status.as_ref()?.result.as_ref()
}

/// When the newest of the `jobs` that made or found `version` was over.
pub fn fitted_at(jobs: &[TrainingJob], version: VersionNumber) -> Option<Timestamp> {
    let same = jobs.iter().filter(|job| self::version(job) == Some(version));
    same.filter_map(|job| job.status.as_ref()?.completion_time.as_deref()?.parse().ok())
        .max()
}

/// The version that `job` made or found.
pub fn version(job: &TrainingJob) -> Option<VersionNumber> {
    VersionNumber::new(u64::try_from(result(job)?.version?).ok()?)
}

/// Sorts the TrainingJobs in `jobs` by what `wish` asks for.
pub fn fits<'a>(
    model: &Model,
    wish: &Wish,
    jobs: &'a [TrainingJob],
    slots: &Slots<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Fits<'a> {
    let mut fits = Fits::default();
    let mine: Vec<&TrainingJob> = jobs.iter().filter(|job| is_mine(model, job)).collect();
    let latest = mine
        .iter()
        .copied()
        .filter(|job| is_wanted(job, wish))
        .max_by_key(|job| attempt(job));
    fits.old = old(&mine, latest);
    let Some(fit_hash) = &wish.fit_hash else {
        return fits;
    };
    let same_fit = |job: &&TrainingJob| fitted_hash(job) == Some(fit_hash) && is_in(job, &wish.store);
    let is_lost = |version: VersionNumber| slots.is_lost(&wish.slot(version), fitted_at(jobs, version));
    fits.fitted = (jobs.iter().filter(same_fit))
        .filter(|job| end(job) == Some(End::Complete))
        .filter_map(version)
        .filter(|version| !is_lost(*version))
        .chain(slots.fitted_to(fit_hash, &wish.store))
        .max();
    let other_image = |job: &TrainingJob| job.annotations().get(labels::IMAGE) != Some(&settings.image);
    let is_edited = |job: &TrainingJob| is_edited(model, wish, job);
    let is_stuck =
        |job: &TrainingJob| is_mine(model, job) && cannot_begin(job) && (is_edited(job) || other_image(job));
    fits.superseded = mine
        .iter()
        .copied()
        .filter(|job| end(job).is_none())
        .filter(|job| {
            job.spec.fit_hash.as_ref() != Some(fit_hash) || !is_in(job, &wish.store) || is_stuck(job)
        })
        .collect();
    // A fit of the same that somebody else asked for serves as well; another one beside it would learn nothing new.
    let works = |job: &TrainingJob| {
        job.status
            .as_ref()
            .is_some_and(|status| status.start_time.is_some())
    };
    let is_under_way = |job: &&TrainingJob| end(job).is_none() && (is_mine(model, job) || works(job));
    fits.running = (jobs.iter().filter(is_under_way))
        .filter(|job| is_in(job, &wish.store))
        .filter(|job| job.spec.fit_hash.as_ref() == Some(fit_hash) || same_fit(job))
        .find(|job| !is_stuck(job));
    if fits.running.is_some() || wish.policy == auriga_crds::ActivationPolicy::Pinned {
        return fits;
    }
    let begin = |attempt: u32| Some(training_job(model, wish, fit_hash, attempt, settings));
    match latest {
        None => {
            let is_asked_for =
                wish.refit_at.is_some() && !mine.iter().any(|job| refit_at(job) == wish.refit_at.as_deref());
            if fits.fitted.is_none() || is_asked_for {
                fits.begin = begin(0);
            }
        }
        Some(job) if end(job) == Some(End::Complete) => match version(job) {
            // The store has lost it, or it cannot be loaded any more: the same fit gives a new one.
            Some(version) if is_lost(version) && attempt(job) < REPAIRS => {
                fits.begin = begin(attempt(job) + 1);
            }
            // Its data changed while it began, or its image counts otherwise: that is not what was asked for.
            Some(_) if !same_fit(&job) => {
                let pause = (attempt(job) >= REPAIRS).then_some(settings.retry_mistake);
                retry(
                    job,
                    is_edited(job),
                    &mut fits,
                    pause.or(Some(std::time::Duration::ZERO)),
                    now,
                    begin,
                );
            }
            Some(_) => {}
            None => retry(job, is_edited(job), &mut fits, None, now, begin),
        },
        Some(job) if end(job).is_none() => fits.begin = begin(attempt(job) + 1),
        Some(job) => retry(
            job,
            is_edited(job),
            &mut fits,
            Some(settings.retry_mistake),
            now,
            begin,
        ),
    }
    fits
}

/// Whether somebody has edited the Model since `job` was made.
fn is_edited(model: &Model, wish: &Wish, job: &TrainingJob) -> bool {
    job.annotations().get(labels::EDITION) != Some(&build::edition(model, &wish.checked))
}

/// Whether `job` has never worked, and waits for something that an edit of the Model may have put right: its pod is made
/// once, as the Model was then.
fn cannot_begin(job: &TrainingJob) -> bool {
    let Some(status) = &job.status else { return false };
    let is_stalled = ConditionType::Stalled.holds_in(&status.conditions);
    let is_unschedulable = status.reason.as_deref() == Some(Reason::Unschedulable.word());
    status.start_time.is_none() && (is_stalled || is_unschedulable)
}

/// Whether and when a fit that left no version is tried again: if somebody has edited the Model since at once, else when `pause` is
/// over.
fn retry<'a>(
    job: &'a TrainingJob,
    is_edited: bool,
    fits: &mut Fits<'a>,
    pause: Option<std::time::Duration>,
    now: Timestamp,
    begin: impl Fn(u32) -> Option<TrainingJob>,
) {
    let reason = reason(job);
    fits.failed = Some(Failed { job, reason });
    // More of the same would end the same: somebody has to raise a limit first.
    let is_hopeless = matches!(reason, Reason::OOMKilled | Reason::DeadlineExceeded);
    let again = match (reason, pause.filter(|_| !is_hopeless)) {
        (Reason::Superseded, _) => Some(std::time::Duration::ZERO),
        _ if is_edited => Some(std::time::Duration::ZERO),
        (_, pause) => pause.map(|pause| pause.saturating_sub(since(job, now))),
    };
    match again {
        Some(std::time::Duration::ZERO) => {
            fits.begin = begin(attempt(job) + 1);
            fits.failed = None;
        }
        again => fits.retry_in = again,
    }
}

/// How long ago `job` ended.
fn since(job: &TrainingJob, now: Timestamp) -> std::time::Duration {
    let ended = job
        .status
        .as_ref()
        .and_then(|status| status.completion_time.as_deref());
    let ended = ended.and_then(|time| time.parse::<Timestamp>().ok());
    let passed = ended.map_or(SignedDuration::MAX, |ended| now.duration_since(ended));
    // A clock that jumped backwards makes it a longer wait, not an error.
    passed.try_into().unwrap_or_default()
}

/// Why `job` ended without a version.
pub fn reason(job: &TrainingJob) -> Reason {
    if version(job).is_some() {
        // It has a version, though not of what it was asked for.
        return Reason::InvalidData;
    }
    let failed = (job.status.iter().flat_map(|status| &status.conditions))
        .filter(|one| one.status == auriga_crds::ConditionStatus::True)
        .find(|one| one.kind == "Failed" || one.kind == "Complete");
    failed
        .and_then(|one| Reason::from_word(&one.reason))
        .unwrap_or(Reason::Failed)
}

/// Whether `model` has made `job`, rather than a person.
pub fn is_mine(model: &Model, job: &TrainingJob) -> bool {
    (job.owner_references().iter())
        .any(|owner| owner.controller == Some(true) && Some(&owner.uid) == model.meta().uid.as_ref())
}

/// Whether `job` is a fit that `wish` asks for, the latest refit included.
fn is_wanted(job: &TrainingJob, wish: &Wish) -> bool {
    wish.fit_hash.is_some()
        && job.spec.fit_hash == wish.fit_hash
        && refit_at(job) == wish.refit_at.as_deref()
        && is_in(job, &wish.store)
}

/// Whether what `job` fits is kept in this store, as far as it says so.
pub fn is_in(job: &TrainingJob, store: &str) -> bool {
    (job.annotations().get(labels::STORE)).is_none_or(|found| found == store)
}

/// The digest of `version`, by the record of the fit that made it.
pub fn digest(jobs: &[TrainingJob], version: VersionNumber) -> Option<&str> {
    let mut same = jobs.iter().filter(|job| self::version(job) == Some(version));
    same.find_map(|job| result(job)?.digest.as_deref())
}

/// What `job` has fitted, or is going to.
fn fitted_hash(job: &TrainingJob) -> Option<&String> {
    job.status.as_ref()?.fit_hash.as_ref()
}

fn refit_at(job: &TrainingJob) -> Option<&str> {
    job.annotations().get(labels::REFIT_AT).map(String::as_str)
}

fn attempt(job: &TrainingJob) -> u32 {
    let written = job.annotations().get(labels::ATTEMPT);
    written.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The records beyond those that are kept, but never the one that the Model stands on.
fn old<'a>(mine: &[&'a TrainingJob], latest: Option<&TrainingJob>) -> Vec<&'a TrainingJob> {
    let mut old = Vec::new();
    for kind in [End::Complete, End::Failed] {
        let mut ended: Vec<&TrainingJob> = mine
            .iter()
            .copied()
            .filter(|job| end(job) == Some(kind))
            .collect();
        let time = |job: &TrainingJob| {
            let status = job.status.as_ref();
            status.and_then(|status| status.completion_time.clone())
        };
        ended.sort_by_key(|job| std::cmp::Reverse((time(job), job.name_any())));
        let beyond = ended.into_iter().skip(KEPT);
        old.extend(beyond.filter(|job| latest.is_none_or(|latest| latest.name_any() != job.name_any())));
    }
    old
}

/// The fit of what `wish` asks for; its name says all that tells it from others, so that it is made once.
fn training_job(
    model: &Model,
    wish: &Wish,
    fit_hash: &str,
    attempt: u32,
    settings: &Settings,
) -> TrainingJob {
    let uid = model.uid().unwrap_or_default();
    let refit_at = wish.refit_at.as_deref().unwrap_or_default();
    let hash = names::short_hash(&[&uid, fit_hash, &wish.store, refit_at, &attempt.to_string()]);
    let name = names::child(&model.name_any(), &hash);
    let mut job = TrainingJob::new(
        &name,
        TrainingJobSpec {
            model_ref: ModelReference {
                name: model.name_any(),
            },
            fit_hash: Some(fit_hash.to_owned()),
            save_if_better_than: None,
            suspend: false,
        },
    );
    job.metadata = build::metadata(model, name, labels::FIT, &model.name_any());
    let all = job.metadata.labels.get_or_insert_default();
    all.insert(labels::MODEL.to_owned(), model.name_any());
    for queue in [labels::QUEUE_NAME, labels::QUEUE_PRIORITY] {
        all.extend((model.labels().get(queue)).map(|value| (queue.to_owned(), value.clone())));
    }
    let annotations = job.metadata.annotations.get_or_insert_default();
    annotations.insert(labels::STORE.to_owned(), wish.store.clone());
    annotations.insert(labels::ATTEMPT.to_owned(), attempt.to_string());
    annotations.insert(labels::EDITION.to_owned(), build::edition(model, &wish.checked));
    annotations.insert(labels::IMAGE.to_owned(), settings.image.clone());
    annotations.extend((wish.refit_at.clone()).map(|at| (labels::REFIT_AT.to_owned(), at)));
    job
}
