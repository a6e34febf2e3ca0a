//! Asks pods at `/alive`: with a deadline, a size limit, and a typed answer. Silence is an answer, too.

mod ask;
mod parse;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use auriga_crds::contract::pod::CONTAINER;
use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::{Client, ResourceExt as _};
use tokio::sync::Semaphore;

pub use parse::read;

use crate::seen::{Answer, PodSeen};

/// How many pods are asked at once.
const AT_ONCE: usize = 64;

/// By which way pods are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// At the pod's own address, from inside the cluster or from a node.
    PodIp,
    /// Through the API server, from wherever it can be reached: for development.
    ApiProxy,
}

/// Asks pods, and remembers what each said last.
pub struct Asker {
    client: Client,
    via: Via,
    port: u16,
    permits: Semaphore,
    told: Mutex<HashMap<String, Told>>,
}

struct Told {
    at: Instant,
    restarts: i32,
    address: String,
    answer: Answer,
    passes: u32,
}

impl Asker {
    /// One that asks by `via`; `port` is where pods listen.
    pub fn new(client: Client, via: Via, port: u16) -> Asker {
        Asker {
            client,
            via,
            port,
            permits: Semaphore::new(AT_ONCE),
            told: Mutex::new(HashMap::new()),
        }
    }

    /// Asks all `pods` at once. What a pod said less than `fresh` ago is still true: looks follow upon each other faster
    /// than pods change, and how often a pod passed must not depend on how often somebody looked.
    pub async fn ask(&self, pods: Vec<Arc<Pod>>, fresh: Duration) -> Vec<PodSeen> {
        join_all(pods.iter().map(|pod| self.ask_one(pod, fresh))).await
    }

    /// Forgets a pod that is gone.
    pub fn forget(&self, uid: &str) {
        self.told().remove(uid);
    }

    async fn ask_one(&self, pod: &Pod, fresh: Duration) -> PodSeen {
        let uid = pod.uid().unwrap_or_default();
        let Some((address, restarts)) = askable(pod) else {
            self.forget(&uid);
            return seen(pod, Answer::NotAsked, 0);
        };
        if let Some(told) = self.told().get(&uid)
            && told.restarts == restarts
            && told.address == address
            && told.at.elapsed() < fresh
        {
            return seen(pod, told.answer.clone(), told.passes);
        }
        let answer = match self.permits.acquire().await {
            Ok(_permit) => ask::ask(&self.client, self.via, pod, &address, self.port).await,
            Err(closed) => Err(closed.to_string()),
        };
        let answer = answer
            .and_then(|(status, body)| parse::answer(status, &body, &uid, &address))
            .unwrap_or_else(|silence| Answer::Silent(format!("pod {} {silence}", pod.name_any())));
        let mut told = self.told();
        let before = told.get(&uid).filter(|told| told.restarts == restarts);
        let passes = match answer {
            Answer::Well(_) => before.map_or(0, |told| told.passes).saturating_add(1),
            _ => 0,
        };
        told.insert(
            uid,
            Told {
                at: Instant::now(),
                restarts,
                address,
                answer: answer.clone(),
                passes,
            },
        );
        drop(told);
        seen(pod, answer, passes)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, HashMap<String, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(pod: &Pod, answer: Answer, passes: u32) -> PodSeen {
    PodSeen {
        pod: pod.clone(),
        answer,
        passes,
    }
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
