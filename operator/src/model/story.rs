//! Everything that one look at a Model found out, before it is put into words.

use auriga_crds::{Model, VersionNumber};
use jiff::Timestamp;

use super::{fits::Fits, health::Health, rollout::Step, traffic::Traffic, wish::Wish};
use crate::{build::deployment::Slot, seen::ModelSeen};

/// Which versions are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aim {
    /// This one is to have the traffic.
    pub target: Option<Slot>,
    /// This one is to run and wait for approval.
    pub waiting: Option<Slot>,
}

/// A version that is on its way, and how far it has come.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Which.
    pub slot: Slot,
    /// How far.
    pub step: Step,
}

/// What was found out.
#[derive(Clone, Debug)]
pub struct Story<'a> {
    /// The Model.
    pub model: &'a Model,
    /// What there is.
    pub seen: &'a ModelSeen,
    /// What it asks for; `None` if that cannot be carried out.
    pub wish: Option<&'a Wish>,
    /// Why it cannot be carried out.
    pub fault: Option<String>,
    /// Its fits.
    pub fits: Option<&'a Fits<'a>>,
    /// Which pods have the traffic now; a switch of this very turn counts.
    pub traffic: &'a Traffic,
    /// What the pods with the traffic say.
    pub health: Health,
    /// What the version with the traffic was fitted to.
    pub fit_hash: Option<String>,
    /// The version that is to have the traffic and does not.
    pub walk: Option<Walk>,
    /// The version that waits for approval.
    pub waiting: Option<Walk>,
    /// What keeps requests from arriving at pods that can answer them, as far as anybody knows.
    pub arriving: Option<String>,
    /// Now.
    pub now: Timestamp,
}

impl Story<'_> {
    /// The version with the traffic.
    pub fn answering(&self) -> Option<VersionNumber> {
        self.traffic.slot.as_ref().map(|slot| slot.version)
    }

    /// How many pods are asked for.
    pub fn wanted(&self) -> i32 {
        i32::try_from(self.model.spec.replicas).unwrap_or(i32::MAX)
    }

    /// Whether the pods with the traffic are of what the spec asks for, a newer fit of the same aside.
    pub fn is_as_specified(&self) -> bool {
        let (Some(wish), Some(slot)) = (self.wish, &self.traffic.slot) else {
            return false;
        };
        let is_version = match wish.version {
            Some(version) => version == slot.version,
            None => wish.fit_hash.is_some() && self.fit_hash == wish.fit_hash,
        };
        is_version && slot.serve_hash == wish.serve_hash
    }
}
