//! Whether the pods of one Deployment can answer, and if not, why.

use auriga_crds::{
    Digest, Reason,
    contract::{Alive, Golden},
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::slots::Held;
use crate::{
    ended::has_pod_ended,
    seen::{Answer, PodSeen},
    trouble::{self, Trouble},
    unstarted::Unstarted,
};

/// A container that ended so often does not begin to work by itself.
const RESTARTS: i32 = 3;

/// What the pods of a Deployment say, taken together.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Pods that run or are about to, those that are ending left out.
    pub pods: i32,
    /// Those that said that they can answer when they were asked last.
    pub answering: i32,
    /// Those that said so often enough in a row.
    pub passed: i32,
    /// Those of them that the kubelet found ready, too.
    pub ready: i32,
    /// Those that Kubernetes' controllers know to be ready: a Service that selects them has somebody to answer.
    pub counted: i32,
    /// Those that say that their version is the active one.
    pub active: i32,
    /// The newest revision of the ledger that any of them knows.
    pub revision: Option<u64>,
    /// The digest of the bytes that they loaded.
    pub digest: Option<Digest>,
    /// One that answers, and is active if any is.
    pub alive: Option<Alive>,
    /// What keeps one of them from answering.
    pub trouble: Option<Trouble>,
    /// How one of them ended last, as long as that is no more than an accident.
    pub accident: Option<Trouble>,
    /// One that was killed for want of memory, be it that it answers again: the cause is a limit that somebody has set, and has
    /// to raise.
    pub out_of_memory: Option<Trouble>,
    /// Since when all of them start anew that did not end by themselves, by the first of them; the end of time while none runs
    /// again. `None`: one of them has no such excuse.
    pub cut_off: Option<Timestamp>,
    /// One that has its node and does not run.
    pub unstarted: Option<Unstarted>,
    /// What one of them does instead of answering, though nothing else is known against it.
    pub doubt: Option<String>,
}

impl Health {
    /// The doubt as a sentence that follows upon another one; empty if there is none.
    pub fn in_doubt(&self) -> String {
        self.doubt
            .as_ref()
            .map_or_else(String::new, |doubt| format!(" {doubt}."))
    }

    /// That one was killed as a sentence that follows upon another one; empty if none was.
    pub fn ran_out_of_memory(&self) -> String {
        (self.out_of_memory.as_ref()).map_or_else(String::new, |killed| format!(" {}.", killed.message))
    }
}

/// Looks at pods that have the traffic already: a pod that the kubelet finds ready answers, unless it says otherwise itself.
/// One answer that got lost, or an operator that has just begun to ask, is no reason to doubt it.
pub fn of_traffic(held: &Held<'_>, owner_uid: &str, now: Timestamp) -> Health {
    let mut health = health(held, owner_uid, 1, now);
    let silent = living(held).filter(|seen| matches!(seen.answer, Answer::Silent(_) | Answer::NotAsked));
    let ready = silent.filter(|seen| is_ready(&seen.pod)).count();
    health.ready += i32::try_from(ready).unwrap_or(i32::MAX);
    if health.ready >= health.pods && health.trouble.as_ref().is_some_and(|trouble| trouble.passes) {
        health.trouble = None;
    }
    health
}

/// Looks at the pods of `held`, which work for the Model with this UID. `passes`: how often is often enough.
pub fn health(held: &Held<'_>, owner_uid: &str, passes: u32, now: Timestamp) -> Health {
    let mut health = Health {
        counted: held.counted(),
        ..Health::default()
    };
    for seen in living(held) {
        health.pods += 1;
        let found = check(seen, held, owner_uid);
        if let Ok(alive) = found {
            health.answering += 1;
            health.revision = health.revision.max(alive.ledger_revision);
            health.digest = alive.model.as_ref().map(|model| model.metadata.digest);
            if seen.passes >= passes {
                health.passed += 1;
                health.ready += i32::from(is_ready(&seen.pod));
                health.active += i32::from(is_active(alive, held));
            }
            if health.alive.is_none() || is_active(alive, held) {
                health.alive = Some(alive.clone());
            }
        }
        // A verdict about the version outweighs what may pass.
        let trouble = found.err().flatten();
        let is_doubted = !matches!(seen.answer, Answer::Silent(_)) || seen.is_long_silent();
        let doubt = trouble
            .as_ref()
            .filter(|trouble| trouble.reason == Reason::RuntimeUnhealthy && is_doubted);
        health.doubt = health.doubt.or_else(|| Some(doubt?.message.clone()));
        health.unstarted = health.unstarted.or_else(|| Unstarted::of(&seen.pod));
        let end = last_end(&seen.pod);
        let out_of_memory = end.clone().filter(|end| end.reason == Reason::OOMKilled);
        health.out_of_memory = health.out_of_memory.or(out_of_memory);
        health.accident = health.accident.or(end);
        if health.trouble.as_ref().is_none_or(|known| known.passes) {
            health.trouble = trouble.or(health.trouble);
        }
    }
    let late = health
        .unstarted
        .as_ref()
        .filter(|unstarted| unstarted.is_late(now));
    health.doubt = health.doubt.or_else(|| Some(late?.message.clone()));
    // One that has no excuse comes before all times.
    health.cut_off = living(held).map(|seen| cut_off_since(&seen.pod)).min().flatten();
    health.trouble = health
        .trouble
        .or_else(|| refusal(held).filter(|_| health.pods < held.replicas()));
    health
}

/// Whether a pod says that its version is the active one; one that has not heard of the newest activation may take itself for
/// active still.
pub fn is_active(alive: &Alive, held: &Held<'_>) -> bool {
    alive.active && alive.ledger_revision >= held.newest_revision
}

/// The pods of `held` that are not on their way out.
pub fn living<'a>(held: &Held<'a>) -> impl Iterator<Item = &'a PodSeen> {
    let is_over = |pod: &Pod| pod.metadata.deletion_timestamp.is_some() || has_pod_ended(pod);
    held.seen.pods.iter().filter(move |seen| !is_over(&seen.pod))
}

/// What a pod says, if that is what it was started for; else what is wrong with it, if anything is but time.
fn check<'a>(seen: &'a PodSeen, held: &Held<'_>, owner_uid: &str) -> Result<&'a Alive, Option<Trouble>> {
    match &seen.answer {
        Answer::Well(alive) => {
            let version = alive.model.as_ref().map(|model| model.metadata.version);
            let pod = seen.pod.name_any();
            if alive.owner_uid.as_deref() != Some(owner_uid) {
                return Err(Some(outside(
                    Reason::RuntimeUnhealthy,
                    format!("Pod {pod} says at /alive that it works for somebody else"),
                )));
            }
            if alive.golden == Golden::Failed {
                return Err(Some(verdict(
                    Reason::GoldenRequestFailed,
                    format!("Pod {pod} does not predict what its version predicted when it was fitted"),
                )));
            }
            let digest = alive
                .model
                .as_ref()
                .map(|model| model.metadata.digest.to_string());
            if let (Some(found), Some(recorded)) = (&digest, held.digest())
                && found != recorded
                && version == Some(held.slot.version)
            {
                return Err(Some(verdict(
                    Reason::DigestMismatch,
                    format!(
                        "Pod {pod} found {found} as version {} in the store, but the fit made {recorded}",
                        held.slot.version
                    ),
                )));
            }
            match version {
                Some(version) if version == held.slot.version => Ok(alive),
                Some(other) => Err(Some(verdict(
                    Reason::WrongVersion,
                    format!(
                        "Pod {pod} serves version {other} instead of {}",
                        held.slot.version
                    ),
                ))),
                None => Err(None),
            }
        }
        Answer::Unwell(alive) => Err(unwell(seen, alive)),
        Answer::Silent(_) | Answer::NotAsked => Err(trouble::before_start(&seen.pod)
            .or_else(|| crashes(&seen.pod))
            .or_else(|| starts_after_kill(&seen.pod))
            .or_else(|| match &seen.answer {
                Answer::Silent(why) => Some(outside(
                    Reason::RuntimeUnhealthy,
                    format!("Pod {} does not answer at /alive: {why}", seen.pod.name_any()),
                )),
                _ => None,
            })),
    }
}

/// What a pod says that runs and cannot answer.
fn unwell(seen: &PodSeen, alive: &Alive) -> Option<Trouble> {
    let reason = alive.known_reason()?;
    let message = trouble::said(&seen.pod, reason, alive.message.as_deref().unwrap_or_default());
    Some(match reason {
        Reason::GoldenRequestFailed
        | Reason::DigestMismatch
        | Reason::SchemaIncompatible
        | Reason::ModelLoadFailed
        | Reason::VersionNotFound
        | Reason::InvalidSpec => verdict(reason, message),
        _ => outside(reason, message),
    })
}

/// A container that ends again and again.
fn crashes(pod: &Pod) -> Option<Trouble> {
    let container = trouble::container(pod)?;
    let runs = (container.state.as_ref()).is_some_and(|state| state.running.is_some());
    if runs || container.restart_count < RESTARTS {
        return None;
    }
    last_end(pod)
}

/// How the container ended last, if it was started anew since.
fn last_end(pod: &Pod) -> Option<Trouble> {
    let container = trouble::container(pod)?;
    let ended = container.last_state.as_ref()?.terminated.as_ref()?;
    let found = trouble::of_end(ended, trouble::memory_limit(pod))?;
    let reason = match found.reason {
        Reason::Failed => Reason::CrashLoopBackOff,
        known => known,
    };
    let times = match container.restart_count {
        0 | 1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    Some(Trouble {
        reason,
        message: format!("Pod {} ended {times}: {}", pod.name_any(), found.message),
        passes: found.passes,
    })
}

/// Since when a container starts anew that was killed, by whom or what ever, and is not ready yet; the end of time if it does not
/// run again yet.
fn cut_off_since(pod: &Pod) -> Option<Timestamp> {
    let container = trouble::container(pod)?;
    let state = container.state.as_ref();
    let of_state = state.and_then(|state| state.terminated.as_ref());
    let of_before = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    if container.ready || !trouble::ended_from_outside(of_state.or(of_before)?) {
        return None;
    }
    let running = state.and_then(|state| state.running.as_ref());
    let started_at = running.and_then(|running| running.started_at.as_ref());
    Some(started_at.map_or(Timestamp::MAX, |time| time.0))
}

/// A container that was killed for want of memory, and does not answer yet.
fn starts_after_kill(pod: &Pod) -> Option<Trouble> {
    let is_ready = trouble::container(pod).is_some_and(|container| container.ready);
    let end = last_end(pod).filter(|end| end.reason == Reason::OOMKilled && !is_ready)?;
    Some(Trouble { passes: true, ..end })
}

/// Why the API server takes no pod of the Deployment.
fn refusal(held: &Held<'_>) -> Option<Trouble> {
    let conditions = held.seen.deployment.status.as_ref()?.conditions.as_ref()?;
    let failure = conditions
        .iter()
        .find(|one| one.type_ == "ReplicaFailure" && one.status == "True")?;
    Some(trouble::of_complaint(
        failure.message.as_deref().unwrap_or_default(),
    ))
}

/// Whether the kubelet found the pod ready.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|one| one.type_ == "Ready" && one.status == "True")
}

fn verdict(reason: Reason, message: String) -> Trouble {
    Trouble {
        reason,
        message,
        passes: false,
    }
}

fn outside(reason: Reason, message: String) -> Trouble {
    Trouble {
        reason,
        message,
        passes: true,
    }
}
