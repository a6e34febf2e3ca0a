//! Asks a Service as its clients do: whether requests arrive at the pods that are to answer them. Nodes learn of pods a moment
//! after these are ready.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use auriga_crds::contract::Alive;
use hyper::body::Bytes;
use k8s_openapi::api::core::v1::Service;
use kube::{Client, ResourceExt as _};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    AT_ONCE, DEADLINE, FORGOTTEN, Via,
    ask::{self, ALIVE, Place},
    parse, pause,
};
use crate::{context::lock, seen::Reached};

/// How long a look waits for an answer. Where a node does not know of a Service yet, nothing refuses the request, and it hangs;
/// a later look learns what came of it.
const WAITED_FOR: Duration = Duration::from_millis(100);

/// Asks Services, and remembers what each did last. These requests are none of those that pods wait for.
pub(super) struct Services {
    client: Client,
    via: Via,
    permits: Semaphore,
    told: Mutex<HashMap<String, Told>>,
}

/// What a Service did when it was asked last.
struct Told {
    at: Instant,
    /// Whose pods were to answer.
    slot: String,
    /// Why and since when they do not; `None`: they do.
    silence: Option<(String, Instant)>,
    /// How many times in a row it let whoever asked wait in vain.
    hangs: u32,
    /// Whether it is being asked.
    is_asked: bool,
}

impl Told {
    fn reached(&self) -> Reached {
        match &self.silence {
            None => Reached::Answered,
            Some((why, since)) => Reached::Silent {
                why: why.clone(),
                lasts: since.elapsed(),
            },
        }
    }
}

impl Services {
    pub(super) fn new(client: Client, via: Via) -> Services {
        Services {
            client,
            via,
            permits: Semaphore::new(AT_ONCE),
            told: Mutex::default(),
        }
    }

    pub(super) fn forget_all(&self) {
        lock(&self.told).clear();
    }

    pub(super) fn forget(&self, uid: &str) {
        lock(&self.told).remove(uid);
    }

    /// See [`super::Asker::reach`].
    pub(super) async fn reach(
        self: &Arc<Services>,
        service: &Service,
        slot: &str,
        pods: Vec<String>,
        fresh: Duration,
    ) -> Reached {
        let Some(uid) = service.uid() else {
            return Reached::NotAsked;
        };
        if !self.begins(&uid, slot, fresh) {
            return self.told(&uid);
        }
        let (services, asked, slot) = (Arc::clone(self), uid.clone(), slot.to_owned());
        let place = Place::of_service(service);
        let asking = tokio::spawn(async move {
            let begun = Instant::now();
            let answer = services.ask(place, &pods).await;
            services.note(&asked, &slot, answer, begun.elapsed() >= DEADLINE);
        });
        // What is not known by then is told as silence.
        let _ = timeout(WAITED_FOR, asking).await;
        self.told(&uid)
    }

    fn told(&self, uid: &str) -> Reached {
        lock(&self.told).get(uid).map_or(Reached::NotAsked, Told::reached)
    }

    /// Whether it is time to ask.
    fn begins(&self, uid: &str, slot: &str, fresh: Duration) -> bool {
        let mut all = lock(&self.told);
        let now = Instant::now();
        match all.get_mut(uid).filter(|told| told.slot == slot) {
            Some(told) if told.is_asked || told.at.elapsed() < fresh.max(pause(told.hangs)) => return false,
            Some(told) => told.is_asked = true,
            None => {
                all.retain(|_, told| told.at.elapsed() < FORGOTTEN);
                let first = Told {
                    at: now,
                    slot: slot.to_owned(),
                    silence: Some(("has not answered yet".to_owned(), now)),
                    hangs: 0,
                    is_asked: true,
                };
                all.insert(uid.to_owned(), first);
            }
        }
        true
    }

    fn note(&self, uid: &str, slot: &str, answer: Result<(), String>, has_hung: bool) {
        let mut all = lock(&self.told);
        // It may have been forgotten meanwhile, or lead to others.
        let Some(told) = all.get_mut(uid).filter(|told| told.slot == slot) else {
            return;
        };
        let now = Instant::now();
        let since = told.silence.as_ref().map_or(now, |(_, since)| *since);
        told.hangs = if answer.is_err() && has_hung {
            told.hangs.saturating_add(1)
        } else {
            0
        };
        told.silence = answer.err().map(|why| (why, since));
        told.at = now;
        told.is_asked = false;
    }

    /// Whether one of `pods` answers; else what happens instead, as the end of a sentence that names the Service.
    async fn ask(&self, place: Option<Place>, pods: &[String]) -> Result<(), String> {
        let place = place.ok_or("has no address")?;
        let _permit = (self.permits.acquire().await).map_err(|closed| closed.to_string())?;
        let (status, body) = ask::ask(&self.client, self.via, &place, &ALIVE).await?;
        self.is_answered(status, &body, pods)
    }

    fn is_answered(&self, status: u16, body: &Bytes, pods: &[String]) -> Result<(), String> {
        match (status, self.via) {
            (200, _) => {}
            (403, Via::ApiProxy) => {
                return Err("cannot be asked without the right to get services/proxy".to_owned());
            }
            _ => return Err(format!("answered with status {status} at /alive")),
        }
        let Alive { pod_uid, .. } = parse::read(body)?;
        if pod_uid.is_some_and(|uid| pods.contains(&uid)) {
            Ok(())
        } else {
            Err("leads to other pods still".to_owned())
        }
    }
}
