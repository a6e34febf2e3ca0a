//! Asks a Service as its clients do: whether requests arrive at its pods, which nodes learn only a moment after pods are ready.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt as _;

use super::{
    Asker, FORGOTTEN,
    ask::{ALIVE, Place},
};
use crate::{context::lock, seen::Reached};

/// How long a silence goes on while nobody asks; afterwards another one begins.
const SAME_SILENCE: Duration = Duration::from_secs(30);

/// What a Service did when it was asked last.
pub(super) struct Told {
    at: Instant,
    /// Why and since when it gives no answer; `None`: it does.
    silence: Option<(String, Instant)>,
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
    /// Whether a request to `service` arrives at a pod that answers with 200; what was found less than `fresh` ago is still
    /// true.
    pub async fn reach(&self, service: &Service, fresh: Duration) -> Reached {
        let Some(uid) = service.uid() else {
            return Reached::NotAsked;
        };
        if let Some(told) = lock(&self.services).get(&uid)
            && told.at.elapsed() < fresh
        {
            return told.reached();
        }
        let begun = Instant::now();
        let answer = match Place::of_service(service) {
            Some(place) => self.get(&place, &ALIVE).await,
            None => Err("has no address".to_owned()),
        };
        let why = match answer {
            Ok((200, _)) => None,
            Ok((status, _)) => Some(format!("answered with status {status} at /alive")),
            Err(why) => Some(why),
        };
        let mut services = lock(&self.services);
        let before = (services.get(&uid)).filter(|told| told.at.elapsed() < SAME_SILENCE);
        let since = before.and_then(|told| Some(told.silence.as_ref()?.1));
        let now = Told {
            at: Instant::now(),
            silence: why.map(|why| (why, since.unwrap_or(begun))),
        };
        let reached = now.reached();
        if services.insert(uid, now).is_none() {
            services.retain(|_, told| told.at.elapsed() < FORGOTTEN);
        }
        reached
    }
}
