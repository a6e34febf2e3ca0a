//! The Deployment of one version, served by one set of settings.

use std::collections::BTreeMap;

use auriga_crds::{Checked, Model, VersionNumber, contract::pod};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{ConfigMap, HTTPGetAction, PodTemplateSpec, Probe},
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use kube::ResourceExt as _;

use super::{config_map, metadata, pod as common};
use crate::{labels, names, settings::Settings};

/// Seconds that a pod has to give its last answers: endpoints go first, then connections, then requests in flight.
const GRACE_SECONDS: i64 = 30;

/// What tells one Deployment of a Model from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The version that its pods load.
    pub version: VersionNumber,
    /// The first digits of the hash of what serving needs.
    pub serve_hash: String,
}

impl Slot {
    /// As a label value: `v7-5f2a9c01`.
    pub fn label(&self) -> String {
        format!("v{}-{}", self.version, self.serve_hash)
    }

    /// The name of its Deployment and of the ConfigMap with its manifest.
    pub fn name(&self, model: &Model) -> String {
        names::child(&model.name_any(), &self.label())
    }

    /// Reads a label value back.
    pub fn from_label(label: &str) -> Option<Slot> {
        let (version, serve_hash) = label.strip_prefix('v')?.split_once('-')?;
        Some(Slot {
            version: version.parse().ok()?,
            serve_hash: serve_hash.to_owned(),
        })
    }
}

/// The manifest that the pods of `slot` read.
pub fn manifest(model: &Model, slot: &Slot) -> ConfigMap {
    config_map::config_map(manifest_metadata(model, slot), model)
}

/// The metadata of [`manifest`].
pub fn manifest_metadata(model: &Model, slot: &Slot) -> ObjectMeta {
    let mut metadata = metadata(model, slot.name(model), labels::RUNTIME, &model.name_any());
    label(&mut metadata, model, slot);
    metadata
}

/// `replicas` pods that load the version of `slot`, with `annotations` on the Deployment itself and `image` in its pods.
pub fn deployment(
    model: &Model,
    checked: &Checked,
    slot: &Slot,
    replicas: i32,
    annotations: BTreeMap<String, String>,
    settings: &Settings,
) -> Deployment {
    let mut metadata = metadata(model, slot.name(model), labels::RUNTIME, &model.name_any());
    label(&mut metadata, model, slot);
    metadata.annotations = Some(annotations);
    let mut pod_labels = common::pod_labels(model, labels::RUNTIME);
    pod_labels.extend(of_slot(slot));
    let serving = &model.spec.serving;
    let mut spec = common::pod(
        model,
        checked,
        common::Use {
            arguments: arguments(slot),
            manifest: slot.name(model),
            owner_uid: model.uid().unwrap_or_default(),
            resources: &serving.resources,
            env: &serving.env,
            reads_data: false,
            serves: true,
        },
        settings,
    );
    spec.termination_grace_period_seconds = Some(GRACE_SECONDS);
    if let [container] = spec.containers.as_mut_slice() {
        container.readiness_probe = Some(probe("/alive", 1, 3));
        container.liveness_probe = Some(probe("/livez", 10, 3));
    }
    Deployment {
        metadata,
        spec: Some(DeploymentSpec {
            replicas: Some(replicas),
            selector: LabelSelector {
                match_labels: Some(selector(model, slot)),
                ..LabelSelector::default()
            },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            // A Deployment is made anew for every change: there is no older state of it to go back to.
            revision_history_limit: Some(0),
            progress_deadline_seconds: i32::try_from(serving.progress_deadline_seconds).ok(),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels),
                    annotations: (!model.spec.pod.annotations.is_empty())
                        .then(|| model.spec.pod.annotations.clone()),
                    ..ObjectMeta::default()
                }),
                spec: Some(spec),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The labels that tell the pods of `slot` from all others; they never change.
pub fn selector(model: &Model, slot: &Slot) -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::MODEL.to_owned(), model.name_any()),
        (labels::SLOT.to_owned(), slot.label()),
    ])
}

fn of_slot(slot: &Slot) -> [(String, String); 3] {
    [
        ("app.kubernetes.io/version".to_owned(), slot.version.to_string()),
        (labels::MODEL_VERSION.to_owned(), slot.version.to_string()),
        (labels::SLOT.to_owned(), slot.label()),
    ]
}

fn label(metadata: &mut ObjectMeta, model: &Model, slot: &Slot) {
    let all = metadata.labels.get_or_insert_default();
    all.insert(labels::MODEL.to_owned(), model.name_any());
    all.extend(of_slot(slot));
}

fn arguments(slot: &Slot) -> Vec<String> {
    let words = [
        "serve".to_owned(),
        "-f".to_owned(),
        format!("{}/{}", pod::MANIFEST_FOLDER, pod::MANIFEST_FILE),
        "--version".to_owned(),
        slot.version.to_string(),
        "--listen".to_owned(),
        format!("0.0.0.0:{}", pod::PORT),
        "--fence".to_owned(),
        format!("{}/{}", pod::POD_FOLDER, pod::FENCE_FILE),
        "--cache".to_owned(),
        pod::CACHE_FOLDER.to_owned(),
    ];
    words.into()
}

/// Liveness is not `/alive`: a store that is down must restart no pod.
fn probe(path: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::Int(i32::from(pod::PORT)),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(2),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}
