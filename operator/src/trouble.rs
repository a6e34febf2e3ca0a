//! What keeps a pod from doing its work, read off its status: a reason, and a sentence with the remedy.

use auriga_crds::{Reason, contract::Outcome};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod};

use crate::ended::has_pod_ended;

/// Why a pod does not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// In one word.
    pub reason: Reason,
    /// In a sentence that says what to do.
    pub message: String,
    /// Whether it lies outside of what the pod was to do, so that the pod begins to work once it is mended there.
    pub passes: bool,
}

impl Trouble {
    /// What lies outside of what the pod was to do.
    pub fn outside(reason: Reason, message: String) -> Trouble {
        Trouble {
            reason,
            message,
            passes: true,
        }
    }
}

/// The exit code of a process that was killed: for want of memory, or with all others of its node.
const KILLED: i32 = 137;
/// What the kernel says of a program that was built for another machine.
const FOREIGN: &str = "exec format error";
/// The exit code that is told of a process that nobody saw end.
const UNSEEN: i32 = 255;

/// What keeps a pod from starting its container; `None` if nothing does, or not yet.
pub fn before_start(pod: &Pod) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    let unschedulable = (status.conditions.iter().flatten()).find(|one| {
        one.type_ == "PodScheduled" && one.status == "False" && one.reason.as_deref() == Some("Unschedulable")
    });
    if let Some(condition) = unschedulable {
        let words = condition.message.clone().unwrap_or_default();
        return Some(
            if words.contains("persistentvolumeclaim") && words.contains("not found") {
                Trouble::outside(
                    Reason::ClaimNotFound,
                    format!(
                        "{}; create the claim, or correct spec.persister.persistentVolumeClaim",
                        words.trim_end_matches('.')
                    ),
                )
            } else {
                Trouble::outside(
                    Reason::Unschedulable,
                    format!(
                        "No node takes pod {}: {}; lower resources.requests, or add a node",
                        name(pod),
                        words.trim_end_matches('.')
                    ),
                )
            },
        );
    }
    let container = container(pod)?;
    let runs = container
        .state
        .as_ref()
        .is_some_and(|state| state.running.is_some());
    if let Some(foreign) = foreign(container).filter(|_| !runs && !has_pod_ended(pod)) {
        return Some(foreign);
    }
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let words = waiting.message.clone().unwrap_or_default();
    match waiting.reason.as_deref()? {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "RegistryUnavailable" => Some(Trouble::outside(
            Reason::ImagePullFailed,
            format!(
                "Image {} cannot be pulled: {words}; correct the operator's --image, or give spec.pod.imagePullSecrets",
                container.image
            ),
        )),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(Trouble::outside(
                Reason::Failed,
                format!(
                    "Pod {} cannot start: {}; create what is missing, or correct the Model",
                    name(pod),
                    words.trim_end_matches('.')
                ),
            ))
        }
        _ => None,
    }
}

/// A program that was built for another machine, which its node can never run.
fn foreign(container: &ContainerStatus) -> Option<Trouble> {
    let states = [&container.state, &container.last_state];
    let words = |state: &ContainerState| {
        let ended = state.terminated.as_ref().and_then(|ended| ended.message.clone());
        let waiting = state.waiting.as_ref().and_then(|waiting| waiting.message.clone());
        ended.or(waiting)
    };
    let mut words = states.into_iter().flatten().filter_map(words);
    let words = words.find(|words| words.contains(FOREIGN))?;
    Some(Trouble::outside(
        Reason::ImagePullFailed,
        format!(
            "Image {} is for another kind of machine than its node: {}; correct the operator's --image, or build it for this one",
            container.image,
            words.trim()
        ),
    ))
}

/// Why a container ended, if it did not end well. `memory_limit` is named where it was the cause.
pub fn of_end(ended: &ContainerStateTerminated, memory_limit: Option<&str>) -> Option<Trouble> {
    if ended.exit_code == 0 {
        return None;
    }
    let message = ended.message.as_deref().unwrap_or_default().trim();
    if ended.reason.as_deref() == Some("OOMKilled") {
        let limit = memory_limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        return Some(Trouble {
            reason: Reason::OOMKilled,
            message: format!("The pod used more memory than its limit{limit}; raise resources.limits.memory"),
            passes: false,
        });
    }
    if message.contains(FOREIGN) {
        return Some(Trouble::outside(
            Reason::ImagePullFailed,
            format!(
                "Its image is for another kind of machine than its node: {message}; correct the operator's --image, or build it \
                 for this one"
            ),
        ));
    }
    let outcome = Outcome::read(message);
    let reason = outcome
        .as_ref()
        .and_then(|outcome| Reason::from_word(outcome.reason.as_deref()?));
    let words = match outcome.and_then(|outcome| outcome.message) {
        Some(words) => words,
        None if message.is_empty() && ended_from_outside(ended) => {
            "it was killed from outside, as when its node starts anew".to_owned()
        }
        None if message.is_empty() => "it left no message; see its log".to_owned(),
        None => format!("its last words were: {message}"),
    };
    Some(Trouble {
        passes: matches!(
            reason,
            Some(Reason::PersisterUnavailable | Reason::PersisterFull | Reason::SecretNotFound)
        ),
        reason: reason.unwrap_or(Reason::Failed),
        message: if reason.is_some() {
            words
        } else {
            format!("The pod ended with exit code {}: {words}", ended.exit_code)
        },
    })
}

/// Whether a container did not end by itself, nor for want of memory: its node was started anew, or somebody has killed it.
pub fn ended_from_outside(ended: &ContainerStateTerminated) -> bool {
    match ended.reason.as_deref() {
        Some("OOMKilled") => false,
        Some("Unknown") => matches!(ended.exit_code, KILLED | UNSEEN),
        _ => ended.exit_code == KILLED,
    }
}

/// Why no pod could be made, by what the controller that makes it was told.
pub fn of_complaint(complaint: &str) -> Trouble {
    let (reason, remedy) = if complaint.contains("exceeded quota") {
        (Reason::QuotaExceeded, "raise the quota, or free some of it")
    } else if complaint.contains("is invalid") {
        (
            Reason::InvalidSpec,
            "correct spec.pod or the resources of the Model",
        )
    } else {
        (
            Reason::Forbidden,
            "change what the namespace allows, or spec.pod of the Model",
        )
    };
    Trouble::outside(reason, format!("No pod can be made: {complaint}; {remedy}"))
}

/// What a pod that runs says is in its way, with whose words they are. It knows the files of its Secret, but not its name.
pub fn said(pod: &Pod, reason: Reason, words: &str) -> String {
    match secret(pod).filter(|_| reason == Reason::SecretNotFound) {
        Some(secret) => format!("Secret {secret}, as pod {} reads it: {words}", name(pod)),
        None => format!("Pod {}: {words}", name(pod)),
    }
}

/// The Secret with the store's credentials, by the pod's volumes.
fn secret(pod: &Pod) -> Option<&str> {
    let volumes = pod.spec.as_ref()?.volumes.as_ref()?;
    let secrets = volumes.iter().filter_map(|volume| volume.secret.as_ref());
    secrets.filter_map(|secret| secret.secret_name.as_deref()).next()
}

/// The status of the one container.
pub fn container(pod: &Pod) -> Option<&ContainerStatus> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses
        .iter()
        .find(|status| status.name == auriga_crds::contract::pod::CONTAINER)
}

/// The memory that the container may use, as written in the pod.
pub fn memory_limit(pod: &Pod) -> Option<&str> {
    let container = pod.spec.as_ref()?.containers.first()?;
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    limits.get("memory").map(|quantity| quantity.0.as_str())
}

pub(crate) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or("without a name")
}
