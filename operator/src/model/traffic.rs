//! Which pods have the traffic: what the Service says, and the Deployments where that is gone.

use std::collections::BTreeMap;

use auriga_crds::VersionNumber;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt as _;

use super::{
    rollout::Turn,
    slots::{Held, Slots},
};
use crate::{
    build::{deployment::Slot, service::slot_with_traffic},
    labels,
    time::milliseconds,
};

/// Which pods have the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Those of this slot, if of any.
    pub slot: Option<Slot>,
    /// Those that had it before.
    pub previous: Option<Slot>,
    /// The version that had it before this one, by whatever settings.
    pub previous_version: Option<VersionNumber>,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Traffic {
    /// Reads a Service; where that is gone, or was edited, the Deployments still say who has the traffic.
    pub fn of(service: Option<&Service>, slots: &Slots<'_>) -> Traffic {
        let annotation = |key: &str| service.and_then(|service| service.annotations().get(key));
        let traffic = Traffic {
            slot: service.and_then(slot_with_traffic),
            previous: annotation(labels::PREVIOUS_SLOT).and_then(|label| Slot::from_label(label)),
            previous_version: annotation(labels::PREVIOUS_VERSION).and_then(|number| number.parse().ok()),
            since: annotation(labels::SWITCHED_AT).and_then(|time| time.parse().ok()),
        };
        if traffic.slot.is_some() {
            return traffic;
        }
        let mut served: Vec<_> = (slots.all.iter())
            .filter_map(|held| Some((held.serves_since?, &held.slot)))
            .collect();
        served.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        let mut served = served.into_iter();
        let Some((since, slot)) = served.next() else {
            return traffic;
        };
        let previous = served.next().map(|(_, slot)| slot.clone());
        let before = previous.as_ref().map(|before| before.version);
        Traffic {
            slot: Some(slot.clone()),
            previous_version: before.filter(|before| *before != slot.version),
            previous,
            since: Some(since),
        }
    }

    /// Whether the pods of `held` had the traffic before others got it, and may be asked still where a node does not know that.
    pub(super) fn is_of_before(&self, held: &Held<'_>) -> bool {
        self.previous.as_ref() == Some(&held.slot) && held.may_be_asked()
    }
}

/// For how long it still counts that the traffic has moved a moment ago.
pub(super) fn just_switched_for(turn: Turn<'_>, traffic: &Traffic) -> std::time::Duration {
    let Some(since) = traffic.since else {
        return std::time::Duration::ZERO;
    };
    // A switch in the future was written by another clock; it is no longer ago than none at all.
    let passed = std::time::Duration::try_from(turn.now.duration_since(since)).unwrap_or_default();
    turn.settings.drain.saturating_sub(passed)
}

/// Whether the pods with the traffic are about to write the row that makes them active.
pub(super) fn is_just_switched(turn: Turn<'_>, traffic: &Traffic) -> bool {
    !just_switched_for(turn, traffic).is_zero()
}

pub(super) fn traffic_annotations(traffic: &Traffic) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::new();
    annotations.extend(
        traffic
            .since
            .map(|since| (labels::SWITCHED_AT.to_owned(), milliseconds(since))),
    );
    let previous = traffic.previous.as_ref();
    annotations.extend(previous.map(|slot| (labels::PREVIOUS_SLOT.to_owned(), slot.label())));
    let version = traffic.previous_version;
    annotations.extend(version.map(|version| (labels::PREVIOUS_VERSION.to_owned(), version.to_string())));
    annotations
}
