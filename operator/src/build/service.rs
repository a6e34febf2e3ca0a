//! The Service of a Model: its name, and which pods have the traffic.

use std::collections::BTreeMap;

use auriga_crds::{Model, contract::pod};
use k8s_openapi::{
    api::{
        core::v1::{Service, ServicePort, ServiceSpec},
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use kube::ResourceExt as _;

use super::{
    deployment::{Slot, selector},
    metadata,
};
use crate::labels;

/// No pod has this slot: a Service that selects it keeps its name and address, and nothing answers.
const NOBODY: &str = "none";

/// The Service of `model`; `slot` has the traffic, or nothing has.
pub fn service(model: &Model, slot: Option<&Slot>, annotations: BTreeMap<String, String>) -> Service {
    let mut metadata = metadata(model, model.name_any(), labels::RUNTIME, &model.name_any());
    metadata
        .labels
        .get_or_insert_default()
        .insert(labels::MODEL.to_owned(), model.name_any());
    metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    let selector = match slot {
        Some(slot) => selector(model, slot),
        None => BTreeMap::from([
            (labels::MODEL.to_owned(), model.name_any()),
            (labels::SLOT.to_owned(), NOBODY.to_owned()),
        ]),
    };
    Service {
        metadata,
        spec: Some(ServiceSpec {
            selector: Some(selector),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: 80,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::Int(i32::from(pod::PORT))),
                ..ServicePort::default()
            }]),
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The slot that has the traffic, by the selector of a Service.
pub fn slot_with_traffic(service: &Service) -> Option<Slot> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    Slot::from_label(selector.get(labels::SLOT)?)
}

/// Lets a drain of nodes take one pod of `slot` at a time.
pub fn disruption_budget(model: &Model, slot: &Slot) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: metadata(model, model.name_any(), labels::RUNTIME, &model.name_any()),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(selector(model, slot)),
                ..LabelSelector::default()
            }),
            // A pod that answers nothing protects nobody, and must not hold up a drain.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
