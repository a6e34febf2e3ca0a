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
    AT_ONCE, DEADLINE, FORGOTTEN, LONGEST_PAUSE, Via,
    ask::{self, ALIVE, Place},
    parse, pause,
};
use crate::{context::lock, seen::Reached};

/// How long a look waits for an answer. Where a node does not know of a Service yet, nothing refuses the request, and it hangs;
/// a later look learns what came of it.
const WAITED_FOR: Duration = Duration::from_millis(100);

/// How long an answer holds while the next one is on its way: where each takes longer than looks wait, none would count.
const HOLDS: Duration = Duration::from_secs(5);

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
    did: Did,
    /// Since when it does that, whenever it is asked.
    since: Instant,
    /// Since when its pods answered, up to the request that is on its way.
    answered_since: Option<Instant>,
    /// How many times in a row it let whoever asked wait in vain.
    hangs: u32,
    /// The request that is on its way: an answer to one from before it was forgotten is of no interest.
    asked: Option<u64>,
}

/// What a Service does that is asked.
enum Did {
    /// It leads to the pods that are to answer.
    Answer,
    /// It leads to others.
    Stray,
    /// Nobody answers; why.
    Fail(String),
}

impl Did {
    fn not_yet() -> Did {
        Did::Fail("has not answered yet".to_owned())
    }
}

impl Told {
    fn reached(&self) -> Reached {
        let lasts = self.since.elapsed();
        match &self.did {
            Did::Answer => Reached::Answered { lasts },
            Did::Stray => Reached::Elsewhere { lasts },
            Did::Fail(why) => Reached::Silent {
                why: why.clone(),
                lasts,
            },
        }
    }

    /// It is asked once more.
    fn ask_again(&mut self, now: Instant) {
        let unasked_for = now.duration_since(self.at);
        if matches!(self.did, Did::Answer) {
            if unasked_for <= HOLDS {
                return;
            }
            // An answer of long before says nothing of now.
            self.answered_since = Some(self.since);
            self.set(Did::not_yet());
        } else if unasked_for > LONGEST_PAUSE + DEADLINE {
            // Nobody knows what it did all the time that it was not asked.
            self.since = now;
        }
    }

    /// What it does from now on, if that is something else.
    fn set(&mut self, did: Did) {
        if std::mem::discriminant(&self.did) != std::mem::discriminant(&did) {
            self.since = Instant::now();
        }
        self.did = did;
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
        if !self.is_due(&uid, slot, fresh) {
            return self.told(&uid);
        }
        // Who finds too many others is asked at a later look: nobody is silent who was not asked.
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return Reached::NotAsked;
        };
        let number = self.begin(&uid, slot);
        let (services, asked, place) = (Arc::clone(self), uid.clone(), Place::of_service(service));
        let asking = tokio::spawn(async move {
            let begun = Instant::now();
            let answer = services.ask(place).await;
            let has_hung = answer.is_err() && begun.elapsed() >= DEADLINE;
            let did = answer.and_then(|(status, body)| services.did(status, &body, &pods));
            services.note(&asked, number, did.unwrap_or_else(Did::Fail), has_hung);
            drop(permit);
        });
        // What is not known by then is told as silence.
        let _ = timeout(WAITED_FOR, asking).await;
        self.told(&uid)
    }

    fn told(&self, uid: &str) -> Reached {
        lock(&self.told).get(uid).map_or(Reached::NotAsked, Told::reached)
    }

    /// Whether it is time for a request.
    fn is_due(&self, uid: &str, slot: &str, fresh: Duration) -> bool {
        let all = lock(&self.told);
        let told = all.get(uid).filter(|told| told.slot == slot);
        told.is_none_or(|told| told.asked.is_none() && told.at.elapsed() >= fresh.max(pause(told.hangs)))
    }

    /// The number of a new request.
    fn begin(&self, uid: &str, slot: &str) -> u64 {
        let mut all = lock(&self.told);
        let now = Instant::now();
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        match all.get_mut(uid).filter(|told| told.slot == slot) {
            Some(told) => {
                told.ask_again(now);
                told.asked = Some(number);
            }
            None => {
                all.retain(|_, told| told.at.elapsed() < FORGOTTEN);
                let first = Told {
                    at: now,
                    slot: slot.to_owned(),
                    did: Did::not_yet(),
                    since: now,
                    answered_since: None,
                    hangs: 0,
                    asked: Some(number),
                };
                all.insert(uid.to_owned(), first);
            }
        }
        number
    }

    fn note(&self, uid: &str, number: u64, did: Did, has_hung: bool) {
        let mut all = lock(&self.told);
        // It may have been forgotten meanwhile, or lead to others.
        let Some(told) = all.get_mut(uid).filter(|told| told.asked == Some(number)) else {
            return;
        };
        told.hangs = if has_hung { told.hangs.saturating_add(1) } else { 0 };
        told.set(did);
        let answered_since = told.answered_since.take();
        if matches!(told.did, Did::Answer) {
            told.since = answered_since.unwrap_or(told.since);
        }
        told.at = Instant::now();
        told.asked = None;
    }

    async fn ask(&self, place: Option<Place>) -> Result<(u16, Bytes), String> {
        ask::ask(&self.client, self.via, &place.ok_or("has no address")?, &ALIVE).await
    }

    /// Whether one of `pods` answers, or another one; else what happens instead, as the end of a sentence that names the Service.
    fn did(&self, status: u16, body: &Bytes, pods: &[String]) -> Result<Did, String> {
        match (status, self.via) {
            (200, _) => {}
            (403, Via::ApiProxy) => {
                return Err("cannot be asked without the right to get services/proxy".to_owned());
            }
            _ => return Err(format!("answered with status {status} at /alive")),
        }
        let Alive { pod_uid, .. } = parse::read(body)?;
        let pod_uid = pod_uid.ok_or("answered without saying which pod it is")?;
        Ok(if pods.contains(&pod_uid) {
            Did::Answer
        } else {
            Did::Stray
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a Service is told to do that did this, and is asked again so much later.
    fn asked_again(did: Did, later: Duration) -> Told {
        let now = Instant::now();
        let mut told = Told {
            at: now,
            slot: "v1".to_owned(),
            did,
            since: now,
            answered_since: None,
            hangs: 0,
            asked: None,
        };
        told.ask_again(now + later);
        told
    }

    #[test]
    fn silence_counts_only_where_it_was_asked_after() {
        let since_it_was_told = |later: Duration| {
            let told = asked_again(Did::not_yet(), later);
            told.since.duration_since(told.at)
        };
        assert_eq!(since_it_was_told(LONGEST_PAUSE), Duration::ZERO);
        let minute = Duration::from_secs(60);
        assert_eq!(since_it_was_told(minute), minute);
    }

    #[test]
    fn an_answer_of_long_before_says_nothing_and_one_of_a_moment_ago_holds() {
        let did = |later: Duration| asked_again(Did::Answer, later).did;
        assert!(matches!(did(HOLDS), Did::Answer));
        assert!(matches!(did(HOLDS * 2), Did::Fail(_)));
    }
}
