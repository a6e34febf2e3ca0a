//! Whether what runs to an end has come to it, by Kubernetes' own word.

use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::Pod,
};

/// The condition by which a Job is over, `Complete` or `Failed`; it has no pod then, and gets none any more.
pub(crate) fn end_of_job(job: &Job) -> Option<&JobCondition> {
    let mut conditions = (job.status.iter()).flat_map(|status| status.conditions.iter().flatten());
    conditions.find(|one| one.status == "True" && matches!(one.type_.as_str(), "Complete" | "Failed"))
}

/// Whether all containers of a pod have ended for good.
pub(crate) fn has_pod_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}
