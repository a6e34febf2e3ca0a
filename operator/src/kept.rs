//! What is kept of an object that was seen: no more than somebody reads, since a thousand Models have thousands of them.
//!
//! A volume alone takes three kilobytes in memory, whatever it is, and a pod has five. Whoever begins to read another field
//! has to keep it here.

mod guarded;
mod packed;

use auriga_crds::{
    Model, TrainingJob,
    contract::pod::{CONTAINER, OWNER_UID_VARIABLE},
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Container, Pod, PodSpec, PodTemplateSpec, Service},
    policy::v1::PodDisruptionBudget,
};
use kube::Resource;

pub use guarded::Guarded;
pub use packed::Packed;

/// An object that is kept.
pub trait Kept: Resource {
    /// Drops what nobody reads.
    fn reduce(&mut self) {
        self.reduce_metadata();
    }

    /// Drops what nobody reads of any object.
    fn reduce_metadata(&mut self) {
        self.meta_mut().managed_fields = None;
    }
}

impl Kept for Model {}
impl Kept for TrainingJob {}
// All of it is held against what it should be.
impl Kept for Deployment {}
impl Kept for Service {}
impl Kept for ConfigMap {}
impl Kept for PodDisruptionBudget {}

impl Kept for Pod {
    /// Of the spec, what says for whom it runs, and the words of messages about it; it is never written back.
    fn reduce(&mut self) {
        self.reduce_metadata();
        if let Some(spec) = &mut self.spec {
            let containers = std::mem::take(&mut spec.containers);
            let mut volumes = spec.volumes.take().unwrap_or_default();
            volumes.retain(|volume| volume.secret.is_some());
            let container = containers
                .into_iter()
                .filter(|one| one.name == CONTAINER)
                .map(reduced);
            *spec = PodSpec {
                containers: container.collect(),
                volumes: (!volumes.is_empty()).then_some(volumes),
                ..PodSpec::default()
            };
        }
    }
}

fn reduced(container: Container) -> Container {
    let mut env = container.env.unwrap_or_default();
    env.retain(|variable| variable.name == OWNER_UID_VARIABLE);
    Container {
        name: container.name,
        image: container.image,
        resources: container.resources,
        env: Some(env),
        ..Container::default()
    }
}

impl Kept for Job {
    /// It is made once, and nobody asks afterwards what its pods were to be.
    fn reduce(&mut self) {
        self.reduce_metadata();
        if let Some(spec) = &mut self.spec {
            spec.template = PodTemplateSpec::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{trouble, works_for::works_for};

    #[test]
    fn a_pod_keeps_for_whom_it_runs_and_what_messages_name() {
        let mut pod: Pod = serde_json::from_value(json!({
            "metadata": { "name": "iris", "managedFields": [{ "manager": "kubelet" }], "labels": { "a": "b" } },
            "spec": {
                "nodeName": "node1",
                "containers": [
                    { "name": "sidecar" },
                    {
                        "name": "auriga", "image": "auriga:1",
                        "env": [{ "name": "A", "value": "b" }, { "name": "AURIGA_OWNER_UID", "value": "uid" }],
                        "resources": { "limits": { "memory": "1Gi" } },
                        "volumeMounts": [{ "name": "tmp", "mountPath": "/tmp" }],
                    },
                ],
                "volumes": [
                    { "name": "tmp", "emptyDir": {} },
                    { "name": "credentials", "secret": { "secretName": "postgres" } },
                ],
            },
        }))
        .unwrap();
        pod.reduce();
        assert!(works_for(pod.spec.as_ref(), "uid"));
        assert_eq!(trouble::memory_limit(&pod), Some("1Gi"));
        let expected = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "iris", "labels": { "a": "b" } },
            "spec": {
                "containers": [{
                    "name": "auriga", "image": "auriga:1",
                    "env": [{ "name": "AURIGA_OWNER_UID", "value": "uid" }],
                    "resources": { "limits": { "memory": "1Gi" } },
                }],
                "volumes": [{ "name": "credentials", "secret": { "secretName": "postgres" } }],
            },
        });
        assert_eq!(json!(pod), expected);
    }

    #[test]
    fn a_job_keeps_whether_it_is_suspended_and_its_deadline() {
        let mut job: Job = serde_json::from_value(json!({
            "spec": {
                "suspend": true, "activeDeadlineSeconds": 60,
                "template": { "spec": { "containers": [{ "name": "auriga" }] } },
            },
        }))
        .unwrap();
        job.reduce();
        assert_eq!(
            json!(job)["spec"],
            json!({ "suspend": true, "activeDeadlineSeconds": 60, "template": {} })
        );
    }
}
