//! Asks a Service as its clients do: whether requests arrive at the pods that are to answer them. Nodes learn of pods a moment
//! after these are ready.

use std::time::{Duration, Instant};

use auriga_crds::contract::Alive;
use hyper::body::Bytes;
use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt as _;

use super::{
    Asker, DEADLINE, FORGOTTEN, Via,
    ask::{ALIVE, Place},
    parse, pause,
};
use crate::{context::lock, seen::Reached};

/// What a Service did when it was asked last.
pub(super) struct Told {
    at: Instant,
    /// Whose pods were to answer.
    slot: String,
    /// Why and since when they do not; `None`: they do.
    silence: Option<(String, Instant)>,
    /// How many times in a row it let whoever asked wait in vain.
    hangs: u32,
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

impl Asker {
    /// Whether a request to `service` arrives at one of the pods with these UIDs, which are of `slot`, and is answered with 200;
    /// what was found less than `fresh` ago is still true.
    pub async fn reach(&self, service: &Service, slot: &str, pods: &[String], fresh: Duration) -> Reached {
        let Some(uid) = service.uid() else {
            return Reached::NotAsked;
        };
        if let Some(told) = lock(&self.services).get(&uid)
            && told.slot == slot
            && told.at.elapsed() < fresh.max(pause(told.hangs))
        {
            return told.reached();
        }
        let begun = Instant::now();
        let answer = match Place::of_service(service) {
            Some(place) => self.get(&place, &ALIVE).await,
            None => Err("has no address".to_owned()),
        };
        let has_hung = answer.is_err() && begun.elapsed() >= DEADLINE;
        let why = answer.and_then(|(status, body)| self.is_answered(status, &body, pods));
        let mut services = lock(&self.services);
        let before = services.get(&uid).filter(|told| told.slot == slot);
        let since = before.and_then(|told| Some(told.silence.as_ref()?.1));
        let hangs = before.map_or(0, |told| told.hangs);
        let now = Told {
            at: Instant::now(),
            slot: slot.to_owned(),
            silence: why.err().map(|why| (why, since.unwrap_or(begun))),
            hangs: if has_hung { hangs.saturating_add(1) } else { 0 },
        };
        let reached = now.reached();
        if services.insert(uid, now).is_none() {
            services.retain(|_, told| told.at.elapsed() < FORGOTTEN);
        }
        reached
    }

    /// Whether this is an answer by one of `pods`; else what it is, as the end of a sentence that names the Service.
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
