//! Asks pods and Services at `/alive`: with a deadline, a size limit, and a typed answer. Silence is an answer, too.

mod ask;
mod parse;
mod service;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ask::{ALIVE, DEADLINE, LIST, Page, Place};
use auriga_crds::{VersionSummary, contract::pod::CONTAINER};
use futures_util::future::join_all;
use hyper::body::Bytes;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, Service};
use kube::{Client, ResourceExt as _};
use service::Services;
use tokio::sync::Semaphore;

pub use parse::read;

use crate::{
    context::lock,
    seen::{Answer, PodSeen, Reached},
};

/// How many are asked at once.
const AT_ONCE: usize = 64;
/// The pause after one let whoever asked wait in vain; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long silence counts at most, where nobody was let wait in vain.
const SILENCE: Duration = Duration::from_secs(2);

/// How long what one said is remembered, at least; all that are looked at are asked far more often.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// By which way pods and Services are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// At the pod's own address, from inside the cluster or from a node.
    PodIp,
    /// Through the API server, from wherever it can be reached: for development. It chooses a pod behind a Service itself, so
    /// that nobody knows whether nodes do.
    ApiProxy,
}

/// Asks pods and Services, and remembers what each said last.
pub struct Asker {
    client: Client,
    via: Via,
    port: u16,
    permits: Semaphore,
    told: Mutex<HashMap<String, Told>>,
    listed: Mutex<HashMap<String, (Instant, Vec<VersionSummary>)>>,
    services: Arc<Services>,
}

struct Told {
    at: Instant,
    restarts: i32,
    address: String,
    answer: Answer,
    passes: u32,
    /// How many times in a row it let whoever asked wait in vain.
    hangs: u32,
    /// Since when it has been silent, if it is.
    silent_since: Option<Instant>,
}

impl Told {
    /// Whether it still counts, where answers count for as long as `fresh`.
    fn counts(&self, fresh: Duration) -> bool {
        let counts_for = match self.answer {
            Answer::Silent(_) => fresh.min(SILENCE).max(pause(self.hangs)),
            _ => fresh,
        };
        self.at.elapsed() < counts_for
    }

    fn seen(&self, pod: &Pod) -> PodSeen {
        PodSeen {
            silent_for: self.silent_since.map_or(Duration::ZERO, |since| since.elapsed()),
            ..seen(pod, self.answer.clone(), self.passes)
        }
    }
}

/// How long an answer holds at least that was waited for in vain so many times: each time it is asked for later. Who refuses
/// at once costs nothing, and may begin to listen at any moment.
fn pause(hangs: u32) -> Duration {
    match hangs {
        0 => Duration::ZERO,
        hangs => (FIRST_PAUSE * (1 << (hangs - 1).min(10))).min(LONGEST_PAUSE),
    }
}

impl Asker {
    /// One that asks by `via`; `port` is where pods listen.
    pub fn new(client: Client, via: Via, port: u16) -> Asker {
        Asker {
            services: Arc::new(Services::new(client.clone(), via)),
            client,
            via,
            port,
            permits: Semaphore::new(AT_ONCE),
            told: Mutex::new(HashMap::new()),
            listed: Mutex::new(HashMap::new()),
        }
    }

    /// Asks all `pods` at once. What a pod said less than `fresh` ago is still true: looks follow upon each other faster
    /// than pods change, and how often a pod passed must not depend on how often somebody looked.
    pub async fn ask(&self, pods: Vec<Arc<Pod>>, fresh: Duration) -> Vec<PodSeen> {
        join_all(pods.iter().map(|pod| self.ask_one(pod, fresh))).await
    }

    /// The newest versions in the store, newest first, as `pod` lists them; nothing if it does not. A list is `fresh` for so
    /// long: the pod reads its store for each.
    pub async fn list(&self, pod: &Pod, fresh: Duration) -> Option<Vec<VersionSummary>> {
        let uid = pod.uid()?;
        let kept = lock(&self.listed).get(&uid).cloned();
        if let Some((at, versions)) = &kept
            && at.elapsed() < fresh
        {
            return Some(versions.clone());
        }
        let (address, _) = askable(pod)?;
        let listed = match self.get(&Place::of_pod(pod, &address, self.port), &LIST).await {
            Ok((200, body)) => parse::listed(&body),
            _ => None,
        };
        // While the store is down, what it held is the best that can be told.
        let versions = listed.or(kept.map(|(_, versions)| versions))?;
        let mut listed = lock(&self.listed);
        if listed.insert(uid, (Instant::now(), versions.clone())).is_none() {
            listed.retain(|_, (at, _)| at.elapsed() < FORGOTTEN);
        }
        Some(versions)
    }

    /// Whether a request to `service` arrives at one of the pods with these UIDs, which are of `slot`, and is answered with
    /// 200; what was found less than `fresh` ago is still true.
    pub async fn reach(&self, service: &Service, slot: &str, pods: Vec<String>, fresh: Duration) -> Reached {
        self.services.reach(service, slot, pods, fresh).await
    }

    /// Forgets what all said: it may be long ago.
    pub fn forget_all(&self) {
        lock(&self.told).clear();
        lock(&self.listed).clear();
        self.services.forget_all();
    }

    /// Forgets a pod that is gone, or a Service that leads nowhere.
    pub fn forget(&self, uid: &str) {
        lock(&self.told).remove(uid);
        lock(&self.listed).remove(uid);
        self.services.forget(uid);
    }

    async fn get(&self, place: &Place, page: &Page) -> Result<(u16, Bytes), String> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|closed| closed.to_string())?;
        ask::ask(&self.client, self.via, place, page).await
    }

    async fn ask_one(&self, pod: &Pod, fresh: Duration) -> PodSeen {
        let uid = pod.uid().unwrap_or_default();
        let Some((address, restarts)) = askable(pod) else {
            lock(&self.told).remove(&uid);
            return seen(pod, Answer::NotAsked, 0);
        };
        if is_cut_off(pod) {
            let why = format!("pod {} is on a node that no longer reports", pod.name_any());
            return seen(pod, Answer::Silent(why), 0);
        }
        if let Some(told) = lock(&self.told).get(&uid)
            && told.restarts == restarts
            && told.address == address
            && told.counts(fresh)
        {
            return told.seen(pod);
        }
        let asked = Instant::now();
        let answer = (self.get(&Place::of_pod(pod, &address, self.port), &ALIVE).await)
            .and_then(|(status, body)| parse::answer(status, &body, &uid, &address))
            .unwrap_or_else(|silence| Answer::Silent(format!("pod {} {silence}", pod.name_any())));
        let mut told = lock(&self.told);
        let before = told.get(&uid).filter(|told| told.restarts == restarts);
        let passes = match answer {
            Answer::Well(_) => before.map_or(0, |told| told.passes).saturating_add(1),
            _ => 0,
        };
        let hangs = match answer {
            Answer::Silent(_) if asked.elapsed() >= DEADLINE => {
                before.map_or(0, |told| told.hangs).saturating_add(1)
            }
            _ => 0,
        };
        let silent_since = match answer {
            Answer::Silent(_) => Some(before.and_then(|told| told.silent_since).unwrap_or(asked)),
            _ => None,
        };
        let now = Told {
            at: Instant::now(),
            restarts,
            address,
            answer,
            passes,
            hangs,
            silent_since,
        };
        let seen = now.seen(pod);
        if told.insert(uid, now).is_none() {
            // An answer that comes after its pod is gone is forgotten here.
            told.retain(|_, told| told.at.elapsed() < FORGOTTEN);
        }
        seen
    }
}

fn seen(pod: &Pod, answer: Answer, passes: u32) -> PodSeen {
    PodSeen {
        pod: pod.clone(),
        answer,
        passes,
        silent_for: Duration::ZERO,
    }
}

/// Whether nothing is known of the pod any more: its node went away, and who looks after nodes has said so.
fn is_cut_off(pod: &Pod) -> bool {
    let conditions = (pod.status.iter()).flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|one| {
        let is_lost = one.status == "Unknown" || one.reason.as_deref() == Some("NodeLost");
        one.type_ == "Ready" && is_lost
    })
}

/// The address of a pod that can be asked, and how often its container was started anew.
fn askable(pod: &Pod) -> Option<(String, i32)> {
    let status = pod.status.as_ref()?;
    if pod.metadata.deletion_timestamp.is_some() || status.phase.as_deref() != Some("Running") {
        return None;
    }
    let containers = status.container_statuses.iter().flatten();
    let container = containers
        .into_iter()
        .find(|container: &&ContainerStatus| container.name == CONTAINER)?;
    container.state.as_ref()?.running.as_ref()?;
    let address = status.pod_ip.clone().filter(|address| !address.is_empty())?;
    Some((address, container.restart_count))
}

#[cfg(test)]
mod tests;
