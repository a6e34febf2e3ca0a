//! What a look may not break, as it was before the look and after it.

use std::{collections::BTreeSet, time::Duration};

use auriga_crds::ConditionType;
use auriga_operator::{build::deployment::Slot, labels, seen::Reached};
use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};
use kube::ResourceExt as _;

use crate::given::{World, replicas};

/// For how long a Service that gives no answer is waited for.
const SILENT: Duration = Duration::from_secs(10);
/// For how long pods are kept that are known to be needed.
const NEEDED: Duration = Duration::from_secs(600);

/// Who has the traffic, and what was told of it.
pub(super) struct Facts {
    pub(super) is_ready: bool,
    /// Whether requests arrive at the pods with the traffic, as far as the operator knows, or it has waited long enough.
    pub(super) arrives: bool,
    pub(super) traffic: Option<u64>,
    /// The slot that it goes to.
    pub(super) selector: Option<String>,
    /// The one that it went to before, and goes back to where it has to.
    pub(super) previous: Option<String>,
    pub(super) wanted_with_traffic: i32,
    pub(super) counted_with_traffic: i64,
    pub(super) pods_with_traffic: usize,
    /// The slots that had the traffic at some time.
    pub(super) served: BTreeSet<String>,
    /// The slots that are to have pods.
    pub(super) running: BTreeSet<String>,
    /// The one of them that had the traffic before and is asked still, for all that is known.
    pub(super) needed: BTreeSet<String>,
}

impl Facts {
    pub(super) fn of(world: &World) -> Facts {
        let service = world.seen.service.as_ref();
        let selector = service.and_then(selector);
        let deployments = || world.seen.slots.iter().map(|slot| &slot.deployment);
        let with_traffic =
            (world.seen.slots.iter()).find(|slot| selector.is_some() && label(&slot.deployment) == selector);
        let annotation = |key: &str| service.and_then(|service| service.annotations().get(key).cloned());
        let status = world.model.status.as_ref();
        let switched_at: Option<Timestamp> = annotation(labels::SWITCHED_AT).and_then(|at| at.parse().ok());
        let is_recent = switched_at.is_some_and(|at| world.now.duration_since(at).unsigned_abs() < NEEDED);
        let (arrives, are_asked) = match &world.seen.reached {
            Reached::NotAsked => (false, false),
            Reached::Answered { .. } => (true, false),
            Reached::Silent { lasts, .. } => (*lasts >= SILENT, false),
            Reached::Elsewhere { lasts } => (*lasts >= NEEDED, *lasts < NEEDED && is_recent),
        };
        let running = || deployments().filter(|one| replicas(one) > 0);
        Facts {
            is_ready: status.is_some_and(|status| ConditionType::Ready.holds_in(&status.conditions)),
            arrives,
            traffic: (selector.as_deref().and_then(Slot::from_label)).map(|slot| slot.version.get()),
            previous: annotation(labels::PREVIOUS_SLOT),
            wanted_with_traffic: with_traffic.map_or(0, |slot| replicas(&slot.deployment)),
            counted_with_traffic: with_traffic
                .and_then(|slot| slot.deployment.status.as_ref()?.ready_replicas)
                .map_or(0, i64::from),
            pods_with_traffic: with_traffic.map_or(0, |slot| slot.pods.len()),
            served: deployments()
                .filter(|one| had_traffic(one))
                .filter_map(label)
                .collect(),
            running: running().filter_map(label).collect(),
            needed: (running().filter(|one| are_asked && had_traffic(one)))
                .filter_map(label)
                .filter(|label| annotation(labels::PREVIOUS_SLOT).as_ref() == Some(label))
                .collect(),
            selector,
        }
    }
}

fn selector(service: &Service) -> Option<String> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    selector.get(labels::SLOT).cloned()
}

fn label(deployment: &Deployment) -> Option<String> {
    deployment.labels().get(labels::SLOT).cloned()
}

fn had_traffic(deployment: &Deployment) -> bool {
    let annotations = deployment.annotations();
    annotations.contains_key(labels::SERVES_SINCE) && !annotations.contains_key(labels::REJECTED)
}
