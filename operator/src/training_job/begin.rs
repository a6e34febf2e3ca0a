//! Begins a fit: what is fitted is fixed first, then the Job is made.

use auriga_crds::{Reason, TrainingJob, TrainingJobStatus};
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    ending::End,
    fixed::{self, Fixed},
    follow::BEING_MADE,
    look::{Facts, Look, SLOWLY, Steps},
    stand::{Phase, Stand},
};
use crate::{
    build::job::{self, Fit, queue_labels},
    labels,
    model::wish::store,
    plan::{Desired, Next, Plan},
    planted::Bug,
};

/// The plan for a TrainingJob that has no Job of this `number` yet, and should have one.
pub(super) fn begin(look: &Look<'_>, number: u32) -> Plan<TrainingJobStatus> {
    let wait = |stand: Stand| look.under_way(&stand, Steps::default(), Next::OnChange);
    let model = match look.model() {
        Ok(model) => model,
        Err(stand) => return wait(stand),
    };
    let fixed = match to_be_fitted(look) {
        Ok(fixed) => fixed,
        Err(Obstacle::ForNow(stand)) => return wait(stand),
        Err(Obstacle::ForGood(message)) => {
            return look.over(superseded(message), Facts::default(), Steps::default());
        }
    };
    if let Some(stand) = look.place_in_line() {
        // That a place is free is told; should it not be, the line goes on all the same.
        return look.under_way(&stand, Steps::default(), SLOWLY);
    }
    let queue = queue_labels(look.job, model);
    let fit = Fit {
        training_job: look.job,
        model: &fixed.model,
        checked: &fixed.checked,
        fit_hash: &fixed.fit_hash,
        queue: &queue,
    };
    let mut apply: Vec<Desired> = marked(look.job, store(&fixed.model)).into_iter().collect();
    let has_manifest = look.seen.manifest.is_some();
    if !has_manifest {
        apply.push(Desired::create(&job::manifest(&fit)));
    }
    if !(has_manifest && look.settings.has_planted(Bug::OneCheckTwoWrites)) {
        apply.push(Desired::create(&job::job(&fit, number, look.settings)));
    }
    let facts = Facts {
        fit_hash: Some(fixed.fit_hash.clone()),
        ..Facts::default()
    };
    let stand = Stand::at(Phase::Pending, Reason::Pending, BEING_MADE);
    let steps = Steps {
        apply,
        facts,
        ..Steps::default()
    };
    look.under_way(&stand, steps, look.soon())
}

/// Notes on a TrainingJob that was made by hand which store its version goes to.
fn marked(job: &TrainingJob, store: String) -> Option<Desired> {
    let is_marked = job.annotations().contains_key(labels::STORE);
    (!is_marked).then(|| {
        Desired::Mark(json!({
            "apiVersion": "auriga.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {
                "name": job.name_any(), "namespace": job.namespace(), "uid": job.uid(),
                "annotations": { labels::STORE: store },
            },
        }))
    })
}

/// Why a fit does not begin.
pub(super) enum Obstacle {
    /// Until somebody mends it.
    ForNow(Stand),
    /// Because what was to be fitted is no more; in a sentence.
    ForGood(String),
}

/// What the job fits: as it was fixed, or else as it is now. The Model must be there.
pub(super) fn to_be_fitted(look: &Look<'_>) -> Result<Fixed, Obstacle> {
    let invalid = |words: String| Obstacle::ForNow(Stand::stalled(Reason::InvalidSpec, words));
    if let Some(manifest) = &look.seen.manifest {
        return fixed::then(manifest).map_err(invalid);
    }
    let model = look.model().map_err(Obstacle::ForNow)?;
    let name = &look.job.spec.model_ref.name;
    let missing = &look.seen.texts.missing;
    let fixed = fixed::now(model, &look.seen.texts)
        .map_err(|words| invalid(format!("Model {name} cannot be fitted in a cluster: {words}")))?;
    if !missing.is_empty() {
        return Err(Obstacle::ForNow(Stand::stalled(
            Reason::ConfigMapNotFound,
            missing.join("; "),
        )));
    }
    match &look.job.spec.fit_hash {
        Some(wanted) if *wanted != fixed.fit_hash => Err(Obstacle::ForGood(format!(
            "Model {name} has changed before the fit began: {wanted} was to be fitted, and it is {} now",
            fixed.fit_hash
        ))),
        _ => Ok(fixed),
    }
}

/// The end of a fit that has nothing to fit any more.
pub(super) fn superseded(message: String) -> End {
    End {
        reason: Reason::Superseded,
        message,
        result: None,
        fit_hash: None,
        time: None,
    }
}
