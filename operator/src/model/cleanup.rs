//! Deletes the versions of a Model that is deleted, where its policy asks for that.

use auriga_crds::{
    ConditionStatus, ConditionType, DeletionPolicy, Model, ModelStatus, Reason, State, conditions,
};
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::json;

use super::fits;
use crate::{
    build::cleanup_job::{self, cleanup_job, manifest},
    caches::is_under_way,
    ended::end_of_job,
    labels,
    plan::{Desired, Next, Note, Plan, Target, Urgency},
    runnable,
    seen::{CleanupSeen, ModelSeen},
    settings::Settings,
    time::seconds,
    trouble,
    unstarted::Unstarted,
};

/// Holds a Model whose versions are to be deleted with it, and lets go of one whose versions are not.
pub fn finalizer(model: &Model) -> Option<Desired> {
    let wanted = model.spec.deletion_policy == DeletionPolicy::Delete;
    (wanted != is_held(model)).then(|| finalizers(model, wanted))
}

/// What is to be done about a Model that is being deleted.
pub fn decide(model: &Model, seen: &ModelSeen, settings: &Settings, now: Timestamp) -> Plan<ModelStatus> {
    let mut plan = Plan {
        apply: Vec::new(),
        delete: Vec::new(),
        status: model.status.clone().unwrap_or_default(),
        notes: Vec::new(),
        next: Next::OnChange,
    };
    if !is_held(model) {
        return plan;
    }
    let skips = model.annotations().get(labels::SKIP_CLEANUP).map(String::as_str) == Some("true");
    let left = if skips {
        Some(format!("the annotation {} asks for that", labels::SKIP_CLEANUP))
    } else if seen.namespace_is_terminating && seen.cleanup.is_none() {
        Some("its namespace is being deleted, where no Job can be made any more".to_owned())
    } else {
        runnable::check_without_rows(model).err()
    };
    if let Some(why) = left {
        plan.notes.push(Note {
            urgency: Urgency::Warning,
            reason: "ArtifactsLeft",
            action: "Deleting",
            message: format!("The versions of {} stay in the store: {why}.", model.name_any()),
        });
        plan.apply.push(finalizers(model, false));
        return plan;
    }
    let progress = match (&seen.cleanup, &seen.fitted_by) {
        (Some(cleanup), _) => progress(cleanup, now),
        (None, Some(fit)) => Progress::Waits(format!(
            "The versions are deleted once {fit} has ended, which may make another one; delete it, or {}",
            way_out()
        )),
        (None, None) => Progress::Waits(UNDER_WAY.to_owned()),
    };
    // Pods that serve would read what is being deleted; the fits would write what nobody deletes any more.
    plan.delete
        .extend(seen.slots.iter().filter_map(|slot| Target::of(&slot.deployment)));
    plan.delete.extend(
        seen.training_jobs
            .iter()
            .filter(|job| fits::is_mine(model, job))
            .filter_map(Target::of),
    );
    let (reason, message, stalled) = match progress {
        Progress::Done => {
            // It has no owner that would take it along; once it is gone, nothing of the Model is left.
            let manifest = seen
                .config_maps
                .iter()
                .find(|one| one.name_any() == cleanup_job::name(model));
            match manifest.and_then(Target::of) {
                Some(manifest) => plan.delete.push(manifest),
                None => plan.apply.push(finalizers(model, false)),
            }
            return plan;
        }
        Progress::Waits(message) => (Reason::ModelDeleted, message, false),
        Progress::Failed(message) => (
            Reason::ArtifactsLeft,
            format!(
                "{message}; mend it and delete the Job to try again, or {}",
                way_out()
            ),
            true,
        ),
    };
    // A fit that is on its way out may still commit a version: the Job comes once nothing else is left.
    let is_alone = plan.delete.is_empty() && seen.fitted_by.is_none();
    // Why a Job gets no pod is told in an event alone, and that it gets one is seen; that a pod does not start is seen by the
    // time that passes.
    if let Some(cleanup) = seen.cleanup.as_ref().filter(|one| is_under_way(&one.job)) {
        let is_new = cleanup.pods.is_empty() && cleanup.complaint.is_none();
        plan.next = Next::After(if is_new { settings.poll_fit } else { IN_A_WHILE });
    }
    if !is_alone {
        plan.next = Next::After(settings.poll_rollout);
    }
    if is_alone
        && seen.cleanup.is_none()
        && let Ok(checked) = runnable::check_without_rows(model)
    {
        plan.apply.push(Desired::create(&manifest(model)));
        plan.apply
            .push(Desired::create(&cleanup_job(model, &checked, settings)));
    }
    let state = |kind, status| State {
        kind,
        status,
        reason,
        message: message.clone(),
    };
    let states = if stalled {
        vec![
            state(ConditionType::Ready, ConditionStatus::False),
            state(ConditionType::Stalled, ConditionStatus::True),
        ]
    } else {
        vec![
            state(ConditionType::Ready, ConditionStatus::Unknown),
            state(ConditionType::Reconciling, ConditionStatus::True),
        ]
    };
    let before = model
        .status
        .as_ref()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    let generation = model.metadata.generation.unwrap_or_default();
    plan.status.observed_generation = Some(generation);
    plan.status.conditions = conditions(&states, before, generation, &seconds(now));
    plan
}

/// How soon to look again whether something holds the Job up, or does so still.
const IN_A_WHILE: std::time::Duration = std::time::Duration::from_secs(10);
const UNDER_WAY: &str = "A Job deletes the versions.";

/// How far a clean-up has come.
enum Progress {
    Done,
    Waits(String),
    Failed(String),
}

fn progress(cleanup: &CleanupSeen, now: Timestamp) -> Progress {
    let mut ends = cleanup.pods.iter().filter_map(|seen| {
        let ended = trouble::container(&seen.pod)?
            .state
            .as_ref()?
            .terminated
            .as_ref()?;
        trouble::of_end(ended, trouble::memory_limit(&seen.pod))
    });
    match end_of_job(&cleanup.job).map(|one| one.type_.as_str()) {
        Some("Complete") => Progress::Done,
        Some(_) => {
            let why = ends
                .next_back()
                .map_or_else(|| "the Job failed".to_owned(), |trouble| trouble.message);
            Progress::Failed(format!("The versions could not be deleted: {why}"))
        }
        None => {
            let held = (cleanup
                .pods
                .iter()
                .find_map(|seen| trouble::before_start(&seen.pod)))
            .or_else(|| ends.next_back())
            .or_else(|| cleanup.complaint.as_deref().map(trouble::of_complaint));
            let unstarted = cleanup.pods.iter().filter_map(|seen| Unstarted::of(&seen.pod));
            let mut late = unstarted.filter(|unstarted| unstarted.is_late(now));
            let why = (held.map(|trouble| trouble.message)).or_else(|| Some(late.next()?.message));
            Progress::Waits(why.map_or_else(
                || UNDER_WAY.to_owned(),
                |why| {
                    let or = way_out();
                    format!("A Job deletes the versions, and is held up: {why}; or {or}")
                },
            ))
        }
    }
}

/// How to be rid of a Model whose versions cannot be deleted.
fn way_out() -> String {
    format!(
        "annotate the Model with {}: \"true\" to leave the versions",
        labels::SKIP_CLEANUP
    )
}

fn is_held(model: &Model) -> bool {
    model
        .finalizers()
        .iter()
        .any(|one| one == labels::ARTIFACTS_FINALIZER)
}

fn finalizers(model: &Model, held: bool) -> Desired {
    // The list is written as a whole: those of others stay in it.
    let others = model
        .finalizers()
        .iter()
        .filter(|one| *one != labels::ARTIFACTS_FINALIZER);
    let ours = held.then(|| labels::ARTIFACTS_FINALIZER.to_owned());
    let finalizers: Vec<String> = others.cloned().chain(ours).collect();
    Desired::Mark(json!({
        "apiVersion": "auriga.dev/v1alpha1",
        "kind": "Model",
        "metadata": {
            "name": model.name_any(),
            "namespace": model.namespace(),
            "uid": model.uid(),
            "finalizers": finalizers,
        },
    }))
}
