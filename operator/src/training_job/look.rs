//! One look at a TrainingJob: what every step of the decision rests on, and the plans that it may end in.

use std::time::Duration;

use auriga_crds::{
    LastFailure, Model, Reason, TrainingJob, TrainingJobStatus, TrainingResult, contract::TrainerStatus,
};
use jiff::Timestamp;
use kube::{Resource, ResourceExt as _};

use super::{
    ending::End,
    progress,
    stand::{Phase, Stand},
};
use crate::{
    plan::{Desired, Next, Note, Plan, Target, Urgency},
    seen::{Answer, PodSeen, TrainingJobSeen},
    settings::Settings,
    time,
};

/// How soon to look again at what may change without a sign, such as a refusal that is told in an event alone.
pub(super) const SLOWLY: Next = Next::After(Duration::from_secs(10));

/// One look.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) job: &'a TrainingJob,
    pub(super) seen: &'a TrainingJobSeen,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

/// What is to be done, beside telling where the job stands.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) apply: Vec<Desired>,
    pub(super) delete: Vec<Target>,
    /// Facts for the status, where there are new ones.
    pub(super) facts: Facts,
}

/// What was found out about the fit; absent fields stay as they are.
#[derive(Clone, Default)]
pub(super) struct Facts {
    pub(super) fit_hash: Option<String>,
    pub(super) start: Option<Timestamp>,
    pub(super) trainer_status: Option<TrainerStatus>,
    pub(super) failure: Option<LastFailure>,
    pub(super) result: Option<TrainingResult>,
}

impl<'a> Look<'a> {
    pub(super) fn before(&self) -> TrainingJobStatus {
        self.job.status.clone().unwrap_or_default()
    }

    /// How soon to look again at a pod that runs: one that is silent may speak at any moment.
    pub(super) fn again_at(&self, pod: &PodSeen) -> Next {
        Next::After(match pod.answer {
            Answer::Silent(_) => self.settings.poll_fit,
            _ => self.settings.poll_each_of(self.seen.fitting),
        })
    }

    /// How soon to look again at a Job that has no pod yet.
    pub(super) fn soon(&self) -> Next {
        Next::After(self.settings.poll_each_of(self.seen.fitting)).or(SLOWLY)
    }

    pub(super) fn generation(&self) -> i64 {
        self.job.metadata.generation.unwrap_or_default()
    }

    /// Whether the API server made an object at least so many seconds ago.
    pub(super) fn is_older<K: Resource>(&self, object: &K, seconds: i64) -> bool {
        let made = object.meta().creation_timestamp.as_ref();
        made.is_some_and(|made| self.now.duration_since(made.0).as_secs() >= seconds)
    }

    /// The Model, as long as it may be fitted.
    pub(super) fn model(&self) -> Result<&'a Model, Stand> {
        let name = &self.job.spec.model_ref.name;
        let Some(model) = &self.seen.model else {
            return Err(Stand::stalled(
                Reason::ModelNotFound,
                format!("There is no Model {name} in this namespace; create it, or delete this TrainingJob"),
            ));
        };
        let made_by = self
            .job
            .owner_references()
            .iter()
            .find(|owner| owner.controller == Some(true) && owner.kind == Model::kind(&()));
        // A Model that was made anew under the name has TrainingJobs of its own.
        let is_another = made_by.is_some_and(|owner| Some(&owner.uid) != model.metadata.uid.as_ref());
        if is_another || model.metadata.deletion_timestamp.is_some() {
            return Err(Stand::stalled(
                Reason::ModelDeleted,
                format!("Model {name} is being deleted, so nothing more is fitted for it"),
            ));
        }
        Ok(model)
    }

    /// Why it is not this job's turn, if it is not.
    pub(super) fn place_in_line(&self) -> Option<Stand> {
        let (ahead, most) = (self.seen.ahead, self.settings.max_fits);
        (ahead >= most).then(|| {
            Stand::at(
                Phase::Queued,
                Reason::Queued,
                format!(
                    "At most {most} fits run at once, and {ahead} came first; it begins when its turn comes"
                ),
            )
        })
    }

    /// Nothing is done and told.
    pub(super) fn unchanged(&self, status: TrainingJobStatus) -> Plan<TrainingJobStatus> {
        Plan {
            apply: Vec::new(),
            delete: Vec::new(),
            status,
            notes: Vec::new(),
            next: Next::OnChange,
        }
    }

    /// It is not over; it stands at `stand`.
    pub(super) fn under_way(&self, stand: &Stand, steps: Steps, next: Next) -> Plan<TrainingJobStatus> {
        let before = self.before();
        let mut status = self.with(steps.facts);
        if stand.phase == Phase::Suspended {
            // What goes on later begins at nothing.
            status.trainer_status = None;
        }
        stand.write(&mut status, self.generation(), &time::seconds(self.now));
        self.keep_the_pace(&before, &mut status);
        Plan {
            apply: steps.apply,
            delete: steps.delete,
            notes: self.started(&before, &status).into_iter().collect(),
            status,
            next,
        }
    }

    /// It is over.
    pub(super) fn over(&self, end: End, facts: Facts, steps: Steps) -> Plan<TrainingJobStatus> {
        let before = self.before();
        let since = time::seconds(end.time.unwrap_or(self.now));
        let is_complete = end.result.is_some();
        let mut status = self.with(Facts {
            fit_hash: end.fit_hash.or(facts.fit_hash),
            result: end.result,
            ..facts
        });
        if is_complete {
            // Whether the pod was asked in time makes no difference to the record.
            let metrics = status.result.as_ref().map(|result| result.metrics.clone());
            status.trainer_status = Some(TrainerStatus {
                progress_percentage: Some(100),
                estimated_remaining_seconds: Some(0),
                metrics: metrics.unwrap_or_default(),
                last_updated_time: since.clone(),
            });
        } else {
            status.trainer_status = status.trainer_status.as_ref().map(progress::without_end);
        }
        let phase = if is_complete {
            Phase::Complete
        } else {
            Phase::Failed
        };
        Stand::at(phase, end.reason, end.message).write(&mut status, self.generation(), &since);
        let mut notes: Vec<Note> = self.started(&before, &status).into_iter().collect();
        notes.push(ended(
            end.reason,
            is_complete,
            status.message.clone().unwrap_or_default(),
        ));
        Plan {
            apply: steps.apply,
            delete: steps.delete,
            status,
            notes,
            next: Next::OnChange,
        }
    }

    fn with(&self, facts: Facts) -> TrainingJobStatus {
        let before = self.before();
        TrainingJobStatus {
            fit_hash: facts.fit_hash.or(before.fit_hash.clone()),
            start_time: before.start_time.clone().or(facts.start.map(time::seconds)),
            trainer_status: facts.trainer_status.or(before.trainer_status.clone()),
            last_failure: facts.failure.or(before.last_failure.clone()),
            result: facts.result,
            ..before
        }
    }

    /// Leaves out a step of the progress that comes too soon, unless the status is written anyway.
    fn keep_the_pace(&self, before: &TrainingJobStatus, status: &mut TrainingJobStatus) {
        let Some(told) = before
            .trainer_status
            .as_ref()
            .filter(|told| progress::is_fresh(told, self.now))
        else {
            return;
        };
        let without_progress = TrainingJobStatus {
            trainer_status: Some(told.clone()),
            ..status.clone()
        };
        if without_progress == *before {
            *status = without_progress;
        }
    }

    fn started(&self, before: &TrainingJobStatus, status: &TrainingJobStatus) -> Option<Note> {
        (before.start_time.is_none() && status.start_time.is_some()).then(|| Note {
            urgency: Urgency::Normal,
            reason: "FitStarted",
            action: "Fitting",
            message: format!("Model {} is being fitted", self.job.spec.model_ref.name),
        })
    }
}

fn ended(reason: Reason, is_complete: bool, message: String) -> Note {
    let word = match reason {
        Reason::NotBetter => "NotBetter",
        _ if is_complete => "VersionWritten",
        _ => "FitFailed",
    };
    Note {
        // A Model that changes again before its fit began is nothing to look into.
        urgency: if is_complete || reason == Reason::Superseded {
            Urgency::Normal
        } else {
            Urgency::Warning
        },
        reason: word,
        action: "Fitting",
        message,
    }
}
