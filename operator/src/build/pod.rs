//! The pod that all others are made of: what every pod of Auriga's may and may not do, and where things lie in it.

use std::collections::BTreeMap;

use auriga_crds::{Checked, EnvironmentVariable, Model, Resources, contract::pod};
use k8s_openapi::{
    api::core::v1::{
        Affinity, Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, LocalObjectReference,
        PodAffinity, PodAffinityTerm, PodSecurityContext, PodSpec, ResourceRequirements, SeccompProfile,
        SecurityContext, Toleration,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use kube::ResourceExt as _;

use super::volumes;
use crate::{labels, settings::Settings};

/// The user and group of every pod: the image's own.
const USER: i64 = 65532;

/// What one use of a pod adds to what all pods have in common.
#[derive(Clone, Debug)]
pub struct Use<'a> {
    /// The arguments of `auriga`.
    pub arguments: Vec<String>,
    /// The ConfigMap with the manifest.
    pub manifest: String,
    /// The UID of the Model or TrainingJob that the pod works for.
    pub owner_uid: String,
    /// What the container asks for and may use.
    pub resources: &'a Resources,
    /// The user's variables.
    pub env: &'a [EnvironmentVariable],
    /// Whether the ConfigMaps of the dataset are mounted.
    pub reads_data: bool,
    /// Whether the pod serves: it gets a fence and a cache that outlives its container.
    pub serves: bool,
}

/// A pod with one container, `auriga`, that obeys the restricted Pod Security Standard and holds no credentials of the
/// cluster. Probes and restart policy are the caller's.
pub fn pod(model: &Model, checked: &Checked, usage: Use<'_>, settings: &Settings) -> PodSpec {
    let mounts = volumes::mounts(model, checked, &usage);
    let container = Container {
        name: pod::CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        image_pull_policy: settings.image_pull_policy.clone(),
        args: Some(usage.arguments.clone()),
        env: Some(environment(&usage)),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: i32::from(pod::PORT),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        resources: Some(requirements(usage.resources)),
        volume_mounts: Some(mounts.mounts),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        termination_message_path: Some(pod::TERMINATION_LOG.to_owned()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    };
    let wishes = &model.spec.pod;
    PodSpec {
        containers: vec![container],
        volumes: Some(mounts.volumes),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            // A volume whose root has the group already is not walked through: large stores start as fast as small ones.
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        node_selector: some_map(&wishes.node_selector),
        tolerations: some(wishes.tolerations.iter().map(toleration).collect()),
        affinity: affinity(model),
        image_pull_secrets: some(
            (wishes.image_pull_secrets.iter())
                .map(|secret| LocalObjectReference {
                    name: secret.name.clone(),
                })
                .collect(),
        ),
        priority_class_name: wishes.priority_class_name.clone(),
        ..PodSpec::default()
    }
}

fn environment(usage: &Use<'_>) -> Vec<EnvVar> {
    let text = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..EnvVar::default()
    };
    let of_pod = |name: &str, path: &str| EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(volumes::field(path)),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    let mut variables: Vec<EnvVar> = usage.env.iter().map(|one| text(&one.name, &one.value)).collect();
    variables.extend([
        text(pod::TERMINATION_LOG_VARIABLE, pod::TERMINATION_LOG),
        of_pod(pod::POD_NAME_VARIABLE, "metadata.name"),
        of_pod(pod::POD_UID_VARIABLE, "metadata.uid"),
        text(pod::OWNER_UID_VARIABLE, &usage.owner_uid),
    ]);
    variables
}

fn requirements(resources: &Resources) -> ResourceRequirements {
    let quantities = |written: &BTreeMap<String, IntOrString>| {
        let quantity = |value: &IntOrString| match value {
            IntOrString::Int(number) => Quantity(number.to_string()),
            IntOrString::String(text) => Quantity(text.clone()),
        };
        some_map(
            &(written.iter())
                .map(|(name, value)| (name.clone(), quantity(value)))
                .collect::<BTreeMap<_, _>>(),
        )
    };
    ResourceRequirements {
        requests: quantities(&resources.requests),
        limits: quantities(&resources.limits),
        ..ResourceRequirements::default()
    }
}

fn toleration(written: &auriga_crds::Toleration) -> Toleration {
    Toleration {
        key: written.key.clone(),
        operator: written.operator.map(|operator| operator.word().to_owned()),
        value: written.value.clone(),
        effect: written.effect.clone(),
        toleration_seconds: written.toleration_seconds,
    }
}

/// The user's affinity. A volume that one node alone can mount needs more: pods that share it run where the others run.
fn affinity(model: &Model) -> Option<Affinity> {
    let written = model.spec.pod.affinity.clone().map(serde_json::Value::Object);
    // What is no affinity is refused before a pod is made of it; see `misfit`.
    let mut affinity: Affinity = written
        .and_then(|written| serde_json::from_value(written).ok())
        .unwrap_or_default();
    if let Some(claim) = claim(model) {
        let together = PodAffinityTerm {
            label_selector: Some(LabelSelector {
                match_labels: Some(BTreeMap::from([(labels::CLAIM.to_owned(), claim)])),
                ..LabelSelector::default()
            }),
            topology_key: "kubernetes.io/hostname".to_owned(),
            ..PodAffinityTerm::default()
        };
        affinity
            .pod_affinity
            .get_or_insert_with(PodAffinity::default)
            .required_during_scheduling_ignored_during_execution
            .get_or_insert_default()
            .push(together);
    }
    (affinity != Affinity::default()).then_some(affinity)
}

/// Labels of the pods of `model` for one `component`: those of every child, the Model, its claim, and the user's.
pub fn pod_labels(model: &Model, component: &str) -> BTreeMap<String, String> {
    let mut all = model.spec.pod.labels.clone();
    all.extend(super::common_labels(component, &model.name_any()));
    all.insert(labels::MODEL.to_owned(), model.name_any());
    all.extend(claim(model).map(|claim| (labels::CLAIM.to_owned(), claim)));
    all
}

/// The claim of the store, as a label value.
fn claim(model: &Model) -> Option<String> {
    let claim = model.spec.persister.as_ref()?.persistent_volume_claim.as_ref()?;
    Some(super::label_value(&claim.claim_name))
}

/// Why the affinity is none, if it is not; the API server knows no schema of that field.
pub fn misfit(model: &Model) -> Option<String> {
    let written = serde_json::Value::Object(model.spec.pod.affinity.clone()?);
    let error = serde_json::from_value::<Affinity>(written).err()?;
    Some(format!(
        "spec.pod.affinity is not the affinity of a pod: {error}; see `kubectl explain pod.spec.affinity`"
    ))
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn some_map<V: Clone>(map: &BTreeMap<String, V>) -> Option<BTreeMap<String, V>> {
    (!map.is_empty()).then(|| map.clone())
}
