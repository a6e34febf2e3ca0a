//! The Deployments of a Model: what each of them serves, and what is written on it.

use std::collections::BTreeMap;

use auriga_crds::{Reason, VersionNumber, contract::pod::CONTAINER};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;

use crate::{build::deployment::Slot, labels, seen::SlotSeen, time::milliseconds};

/// A Deployment with what it serves.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// What it serves.
    pub slot: Slot,
    /// The Deployment and its pods.
    pub seen: &'a SlotSeen,
    /// Why its version was given up, if it was.
    pub rejection: Option<Rejection>,
    /// Since when its pods are wanted.
    pub since: Option<Timestamp>,
    /// When all of its pods had shown for the first time that they can answer.
    pub proved_at: Option<Timestamp>,
    /// Since when its pods may activate its version, and have not.
    pub activating_since: Option<Timestamp>,
    /// Since when it has, or had, the traffic.
    pub serves_since: Option<Timestamp>,
    /// The newest revision of its store's ledger that a pod of any version knows.
    pub newest_revision: Option<u64>,
}

/// Why a version was given up; kept on its Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// In one word.
    pub reason: Reason,
    /// In a sentence.
    pub message: String,
    /// When; `None`: nobody wrote it down.
    pub at: Option<Timestamp>,
    /// The edition of the Model that it was given up for; an edit gives it another chance.
    pub edition: String,
}

/// All Deployments of a Model.
#[derive(Clone, Debug, Default)]
pub struct Slots<'a> {
    /// In no order that matters.
    pub all: Vec<Held<'a>>,
}

impl<'a> Slots<'a> {
    /// Reads what is written on the Deployments; one that is not labeled as ours are is left out.
    pub fn of(seen: &'a [SlotSeen]) -> Slots<'a> {
        let held = |seen: &'a SlotSeen| {
            let time = |key| annotation(&seen.deployment, key).and_then(|time| time.parse().ok());
            Some(Held {
                slot: Slot::from_label(seen.deployment.labels().get(labels::SLOT)?)?,
                rejection: Rejection::of(&seen.deployment),
                since: time(labels::SINCE),
                proved_at: time(labels::PROVED_AT),
                activating_since: time(labels::ACTIVATING_SINCE),
                serves_since: time(labels::SERVES_SINCE),
                newest_revision: None,
                seen,
            })
        };
        let mut all: Vec<Held<'_>> = seen.iter().filter_map(held).collect();
        let known: Vec<_> = all.iter().map(|held| (held.store(), held.revision())).collect();
        for held in &mut all {
            let here = known.iter().filter(|(store, _)| *store == held.store());
            held.newest_revision = here.filter_map(|(_, revision)| *revision).max();
        }
        Slots { all }
    }

    /// The Deployment of `slot`.
    pub fn get(&self, slot: &Slot) -> Option<&Held<'a>> {
        self.all.iter().find(|held| held.slot == *slot)
    }

    /// The versions that were fitted to `fit_hash`, are in `store`, and were not given up.
    pub fn fitted_to(&self, fit_hash: &str, store: &str) -> impl Iterator<Item = VersionNumber> {
        let fitted = move |held: &&Held<'_>| {
            held.rejection.is_none() && held.fit_hash() == Some(fit_hash) && held.is_in(store)
        };
        (self.all.iter()).filter(fitted).map(|held| held.slot.version)
    }

    /// Whether the version of `slot` was not found in the store, or not as it was written, after the fit that made or found
    /// it was over.
    pub fn is_lost(&self, slot: &Slot, fitted_at: Option<Timestamp>) -> bool {
        let held = self.get(slot);
        if held
            .and_then(|held| held.since)
            .is_some_and(|since| fitted_at.is_some_and(|at| at > since))
        {
            return false;
        }
        let reason = self
            .get(slot)
            .and_then(|held| held.rejection.as_ref())
            .map(|rejection| rejection.reason);
        matches!(reason, Some(Reason::VersionNotFound | Reason::DigestMismatch))
    }
}

impl<'a> Held<'a> {
    /// What its version was fitted to, as far as that is known.
    pub fn fit_hash(&self) -> Option<&str> {
        annotation(&self.seen.deployment, labels::FIT_HASH)
    }

    /// Whether its version is in this store, as far as that is known.
    pub fn is_in(&self, store: &str) -> bool {
        self.store().is_none_or(|found| found == store)
    }

    fn store(&self) -> Option<&'a str> {
        annotation(&self.seen.deployment, labels::STORE)
    }

    /// The newest revision of the ledger that its own pods know.
    fn revision(&self) -> Option<u64> {
        let alive = self.seen.pods.iter().filter_map(|seen| seen.answer.alive());
        alive.filter_map(|alive| alive.ledger_revision).max()
    }

    /// The digest that its version has by the record of its fit, as far as that is known.
    pub fn digest(&self) -> Option<&str> {
        annotation(&self.seen.deployment, labels::DIGEST)
    }

    /// Whether it has pods that answer where a node still leads to them, if it had the traffic.
    pub fn may_be_asked(&self) -> bool {
        self.replicas() > 0 && self.rejection.is_none()
    }

    /// How many pods it may have: one, if they share a store on a claim.
    pub fn most_replicas(&self) -> i32 {
        let pod = self
            .seen
            .deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.template.spec.as_ref());
        let mut volumes = pod.into_iter().flat_map(|pod| pod.volumes.iter().flatten());
        if volumes.any(|volume| volume.persistent_volume_claim.is_some()) {
            1
        } else {
            i32::MAX
        }
    }

    /// Whether something outside of it kept its pods from answering, at the last look.
    pub fn is_held_up(&self) -> bool {
        annotation(&self.seen.deployment, labels::HELD_UP).is_some()
    }

    /// What stays written on it, whatever else is.
    pub fn kept(&self) -> BTreeMap<String, String> {
        let keys = [
            labels::SINCE,
            labels::FIT_HASH,
            labels::STORE,
            labels::DIGEST,
            labels::PROVED_AT,
            labels::SERVES_SINCE,
        ];
        let written =
            keys.map(|key| Some((key.to_owned(), annotation(&self.seen.deployment, key)?.to_owned())));
        written.into_iter().flatten().collect()
    }

    /// How many pods it is told to have.
    pub fn replicas(&self) -> i32 {
        let spec = self.seen.deployment.spec.as_ref();
        spec.and_then(|spec| spec.replicas).unwrap_or(1)
    }

    /// How many of its pods Kubernetes' controllers know to be ready. That of Deployments shares its view of pods with the one
    /// that fills Services, which may be later than the operator's.
    pub fn counted(&self) -> i32 {
        let status = self.seen.deployment.status.as_ref();
        status.and_then(|status| status.ready_replicas).unwrap_or(0)
    }

    /// The image that its pods are to be started with: the one noted for it, whatever somebody has made of the template.
    pub fn image(&self) -> Option<&str> {
        annotation(&self.seen.deployment, labels::IMAGE).or_else(|| {
            let template = &self.seen.deployment.spec.as_ref()?.template;
            let mut containers = template.spec.as_ref()?.containers.iter();
            containers.find(|one| one.name == CONTAINER)?.image.as_deref()
        })
    }
}

impl Rejection {
    fn of(deployment: &Deployment) -> Option<Rejection> {
        let (reason, message) = annotation(deployment, labels::REJECTED)?.split_once(": ")?;
        Some(Rejection {
            reason: Reason::from_word(reason).unwrap_or(Reason::Failed),
            message: message.to_owned(),
            at: annotation(deployment, labels::REJECTED_AT).and_then(|at| at.parse().ok()),
            edition: annotation(deployment, labels::EDITION)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// As it is written on a Deployment.
    pub fn write(&self, annotations: &mut BTreeMap<String, String>) {
        let text = format!("{}: {}", self.reason.word(), self.message);
        annotations.insert(labels::REJECTED.to_owned(), text);
        annotations.extend(
            self.at
                .map(|at| (labels::REJECTED_AT.to_owned(), milliseconds(at))),
        );
        annotations.insert(labels::EDITION.to_owned(), self.edition.clone());
    }
}

fn annotation<'a>(deployment: &'a Deployment, key: &str) -> Option<&'a str> {
    let annotations = deployment.metadata.annotations.as_ref()?;
    annotations.get(key).map(String::as_str)
}
