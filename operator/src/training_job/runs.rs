//! The batch Jobs of a TrainingJob, in the order they were made, with their pods.

use auriga_crds::TrainingJob;
use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::{ContainerState, ContainerStateTerminated},
};
use kube::{Resource, ResourceExt as _};

use super::ending;
use crate::{
    build::job::job_name,
    ended::{end_of_job, has_pod_ended},
    labels,
    seen::{PodSeen, TrainingJobSeen},
    trouble,
};

/// How many Jobs a TrainingJob has at most: the second one fits what the first one did without saying what came of it,
/// or finds that version and says it.
pub(super) const MOST_RUNS: u32 = 2;

/// One batch Job.
pub(super) struct Run<'a> {
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) job: &'a Job,
    /// Its pods, the oldest first.
    pub(super) pods: Vec<&'a PodSeen>,
}

/// The Jobs that `training_job` itself controls: names and labels alone prove nothing.
pub(super) fn of<'a>(training_job: &TrainingJob, seen: &'a TrainingJobSeen) -> Vec<Run<'a>> {
    let find = |number: u32| {
        let name = job_name(training_job, number);
        let job = (seen.jobs.iter()).find(|job| {
            job.name_any() == name && is_controlled_by(*job, training_job.meta().uid.as_deref())
        })?;
        let mut pods: Vec<&PodSeen> = (seen.pods.iter())
            .filter(|seen| is_controlled_by(&seen.pod, job.metadata.uid.as_deref()))
            .collect();
        pods.sort_by_key(|seen| (seen.pod.metadata.creation_timestamp.clone(), seen.pod.name_any()));
        Some(Run { number, job, pods })
    };
    (1..=MOST_RUNS).filter_map(find).collect()
}

fn is_controlled_by<K: Resource>(object: &K, uid: Option<&str>) -> bool {
    let references = object.meta().owner_references.iter().flatten();
    let mut controllers = references.filter(|reference| reference.controller == Some(true));
    uid.is_some_and(|uid| controllers.any(|reference| reference.uid == uid))
}

impl<'a> Run<'a> {
    /// The condition of this type, if it is true.
    pub(super) fn condition(&self, kind: &str) -> Option<&'a JobCondition> {
        let conditions = self.job.status.as_ref()?.conditions.as_ref()?;
        conditions
            .iter()
            .find(|condition| condition.type_ == kind && condition.status == "True")
    }

    /// Whether it is complete, and nobody says what came of it: its pods are gone, or left nothing that can be read.
    pub(super) fn is_lost(&self) -> bool {
        let is_silent = |seen: &&PodSeen| ended(seen).is_some_and(|end| ending::success(end).is_none());
        self.condition("Complete").is_some() && self.pods.iter().all(is_silent)
    }

    /// Whether its pods were stopped by `suspend`, Kueue's or ours.
    pub(super) fn is_paused(&self) -> bool {
        self.job
            .spec
            .as_ref()
            .is_some_and(|spec| spec.suspend == Some(true))
    }

    /// Whether there is something left of it that `suspend` could stop.
    pub(super) fn may_be_paused(&self) -> bool {
        self.job.metadata.deletion_timestamp.is_none() && self.condition("Complete").is_none()
    }

    /// Whether it starts no pod any more.
    pub(super) fn has_ended(&self) -> bool {
        self.job.metadata.deletion_timestamp.is_some() || end_of_job(self.job).is_some()
    }

    /// Kueue's queue, if it is Kueue that lets it begin.
    pub(super) fn queue(&self) -> Option<&'a str> {
        self.job.labels().get(labels::QUEUE_NAME).map(String::as_str)
    }

    /// The newest pod that has not ended.
    pub(super) fn live_pod(&self) -> Option<&'a PodSeen> {
        let is_over = |seen: &PodSeen| ended(seen).is_some() || has_pod_ended(&seen.pod);
        self.pods.iter().rev().find(|seen| !is_over(seen)).copied()
    }

    /// How many of its pods have failed, those that are gone included.
    pub(super) fn failures(&self) -> usize {
        let counted = self
            .job
            .status
            .as_ref()
            .and_then(|status| status.failed)
            .unwrap_or_default();
        let seen = (self.pods.iter())
            .filter(|seen| ending::failure(seen).is_some())
            .count();
        seen.max(usize::try_from(counted).unwrap_or_default())
    }
}

/// The state of a pod's container.
pub(super) fn state(seen: &PodSeen) -> Option<&ContainerState> {
    trouble::container(&seen.pod)?.state.as_ref()
}

/// How a pod's container ended, if it did.
pub(super) fn ended(seen: &PodSeen) -> Option<&ContainerStateTerminated> {
    state(seen)?.terminated.as_ref()
}
