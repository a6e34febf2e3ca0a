//! Tells for which Model or TrainingJob a pod works: names and labels may be those of a predecessor.

use auriga_crds::contract::pod::{CONTAINER, OWNER_UID_VARIABLE};
use k8s_openapi::api::core::v1::PodSpec;

/// Whether a pod of this kind was made for the object with this `uid`.
pub(crate) fn works_for(pod: Option<&PodSpec>, uid: &str) -> bool {
    let containers = pod.into_iter().flat_map(|pod| &pod.containers);
    let ours = containers.filter(|container| container.name == CONTAINER);
    let mut variables = ours.flat_map(|container| container.env.iter().flatten());
    variables.any(|variable| variable.name == OWNER_UID_VARIABLE && variable.value.as_deref() == Some(uid))
}
