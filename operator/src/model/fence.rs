//! The fence of pods that may activate their version: the revision of the ledger that they may do it from, as an annotation.

use auriga_crds::contract;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    health::{Health, is_active, living},
    slots::Held,
};
use crate::{labels, plan::Desired, time::milliseconds};

/// How long a fence may show no effect before it is shown to the kubelet once more.
const NUDGE: SignedDuration = SignedDuration::from_secs(3);

/// Takes the fence back from pods that may not activate their version any more.
pub fn unfence(held: &Held<'_>, may_activate: bool) -> Vec<Desired> {
    let fenced = living(held).filter(|seen| !may_activate && fence(&seen.pod).is_some());
    fenced.map(|seen| mark(&seen.pod, None)).collect()
}

/// The fence for every pod that needs it and does not have it: the revision that the ledger has now. Whoever was told an
/// older one loses the compare-and-swap.
///
/// The kubelet copies annotations into the pod's file when it looks at the pod, which it may put off for a minute or more;
/// every few seconds without an effect, the time beside the fence is written anew and makes it look.
pub fn fences(held: &Held<'_>, health: &Health, now: Timestamp) -> Vec<Desired> {
    let Some(revision) = health.revision else {
        return Vec::new();
    };
    let is_fresh = |pod: &Pod| {
        let told_at = pod.annotations().get(labels::FENCED_AT);
        let told_at: Option<Timestamp> = told_at.and_then(|at| at.parse().ok());
        // One in the future was written by another clock.
        told_at.is_some_and(|at| now.duration_since(at).abs() < NUDGE)
    };
    let unfenced = living(held).filter(|seen| {
        let is_told = fence(&seen.pod) == Some(revision) && is_fresh(&seen.pod);
        !is_told && !seen.answer.alive().is_some_and(|alive| is_active(alive, held))
    });
    unfenced
        .map(|seen| mark(&seen.pod, Some((revision, now))))
        .collect()
}

/// Whether a pod was told the fence already that all are to have now.
pub fn is_told(held: &Held<'_>, health: &Health) -> bool {
    health.revision.is_none() || living(held).any(|seen| fence(&seen.pod) == health.revision)
}

/// Tells a pod its fence, and when it was told; or takes it back.
fn mark(pod: &Pod, told: Option<(u64, Timestamp)>) -> Desired {
    Desired::Mark(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name_any(),
            "namespace": pod.namespace(),
            "uid": pod.uid(),
            "annotations": {
                contract::pod::FENCE_ANNOTATION: told.map(|(revision, _)| revision.to_string()),
                labels::FENCED_AT: told.map(|(_, at)| milliseconds(at)),
            },
        },
    }))
}

/// The revision that the pod may activate its version from, as it was told.
fn fence(pod: &Pod) -> Option<u64> {
    pod.annotations()
        .get(contract::pod::FENCE_ANNOTATION)?
        .parse()
        .ok()
}
