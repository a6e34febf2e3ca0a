//! Asks a Service as its clients do: whether requests arrive at the pods that are to answer them. Nodes learn of pods a moment
//! after these are ready.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
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
    permits: Arc<Semaphore>,
    told: Mutex<HashMap<String, Told>>,
    asked: AtomicU64,
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
    /// The request that is on its way: an answer to one from before it was forgotten is of no interest.
    asked: Option<u64>,
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
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            told: Mutex::default(),
            asked: AtomicU64::default(),
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
        // Who finds too many others is asked at a later look: nobody is silent who was not asked.
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return Reached::NotAsked;
        };
        let Some(number) = self.begin(&uid, slot, fresh) else {
            return self.told(&uid);
        };
        let (services, asked, place) = (Arc::clone(self), uid.clone(), Place::of_service(service));
        let asking = tokio::spawn(async move {
            let begun = Instant::now();
            let answer = services.ask(place).await;
            let has_hung = answer.is_err() && begun.elapsed() >= DEADLINE;
            let answer = answer.and_then(|(status, body)| services.is_answered(status, &body, &pods));
            services.note(&asked, number, answer, has_hung);
            drop(permit);
        });
        // What is not known by then is told as silence.
        let _ = timeout(WAITED_FOR, asking).await;
        self.told(&uid)
    }

    fn told(&self, uid: &str) -> Reached {
        lock(&self.told).get(uid).map_or(Reached::NotAsked, Told::reached)
    }

    /// The number of a new request; nothing if it is not time for one.
    fn begin(&self, uid: &str, slot: &str, fresh: Duration) -> Option<u64> {
        let mut all = lock(&self.told);
        let now = Instant::now();
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let not_yet = || ("has not answered yet".to_owned(), now);
        match all.get_mut(uid).filter(|told| told.slot == slot) {
            Some(told) if told.asked.is_some() || told.at.elapsed() < fresh.max(pause(told.hangs)) => {
                return None;
            }
            Some(told) => {
                // An answer of before says nothing of now.
                told.silence.get_or_insert_with(not_yet);
                told.asked = Some(number);
            }
            None => {
                all.retain(|_, told| told.at.elapsed() < FORGOTTEN);
                let first = Told {
                    at: now,
                    slot: slot.to_owned(),
                    silence: Some(not_yet()),
                    hangs: 0,
                    asked: Some(number),
                };
                all.insert(uid.to_owned(), first);
            }
        }
        Some(number)
    }

    fn note(&self, uid: &str, number: u64, answer: Result<(), String>, has_hung: bool) {
        let mut all = lock(&self.told);
        // It may have been forgotten meanwhile, or lead to others.
        let Some(told) = all.get_mut(uid).filter(|told| told.asked == Some(number)) else {
            return;
        };
        let now = Instant::now();
        let since = told.silence.as_ref().map_or(now, |(_, since)| *since);
        told.hangs = if has_hung { told.hangs.saturating_add(1) } else { 0 };
        told.silence = answer.err().map(|why| (why, since));
        told.at = now;
        told.asked = None;
    }

    async fn ask(&self, place: Option<Place>) -> Result<(u16, Bytes), String> {
        ask::ask(&self.client, self.via, &place.ok_or("has no address")?, &ALIVE).await
    }

    /// Whether one of `pods` answers; else what happens instead, as the end of a sentence that names the Service.
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
