//! Pods in every state that the kubelet reports, and what they say of themselves.

use std::collections::BTreeMap;

use auriga_crds::contract::{Alive, Golden, ProcessMetadata};
use auriga_operator::seen::{Answer, PodSeen};
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
        ContainerStatus, Pod, PodCondition, PodSpec, PodStatus, ResourceRequirements,
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{OwnerReference, Time},
    },
};
use kube::Resource;

use super::{NOW, ago, metadata};

/// A pod of `owner`, a Job or a ReplicaSet: made, and not yet on any node.
pub(crate) fn pod<K: Resource<DynamicType = ()>>(name: &str, owner: &K) -> PodSeen {
    let mut metadata = metadata(name, &format!("uid-of-{name}"));
    metadata.creation_timestamp = Some(Time(ago(60)));
    metadata.owner_references = Some(vec![OwnerReference {
        controller: Some(true),
        ..owner.owner_ref(&()).unwrap()
    }]);
    PodSeen {
        pod: Pod {
            metadata,
            spec: Some(PodSpec {
                containers: vec![Container {
                    name: "auriga".to_owned(),
                    image: Some("auriga:test".to_owned()),
                    resources: Some(ResourceRequirements {
                        limits: Some(BTreeMap::from([(
                            "memory".to_owned(),
                            Quantity("2Gi".to_owned()),
                        )])),
                        ..ResourceRequirements::default()
                    }),
                    ..Container::default()
                }],
                ..PodSpec::default()
            }),
            status: Some(PodStatus {
                phase: Some("Pending".to_owned()),
                ..PodStatus::default()
            }),
        },
        answer: Answer::NotAsked,
        passes: 0,
        silent_for: std::time::Duration::ZERO,
    }
}

/// Words that change a pod.
pub(crate) trait PodWords {
    /// Its container waits, for `reason`.
    fn waiting(self, reason: &str, message: &str) -> Self;
    /// It has its node since `seconds` before now.
    fn on_its_node(self, seconds: i64) -> Self;
    /// Its container has run since `seconds` before now.
    fn running(self, seconds: i64) -> Self;
    /// It ended `seconds` before now, with this exit code and termination message.
    fn ended(self, seconds: i64, exit_code: i32, message: &str) -> Self;
    /// It was killed for want of memory.
    fn out_of_memory(self) -> Self;
    /// A condition of its status.
    fn with_condition(self, kind: &str, status: &str, reason: &str, message: &str) -> Self;
    /// It answers 200 with this at /alive.
    fn saying(self, alive: Alive) -> Self;
}

impl PodWords for PodSeen {
    fn waiting(mut self, reason: &str, message: &str) -> PodSeen {
        set(
            &mut self,
            "Pending",
            ContainerState {
                waiting: Some(ContainerStateWaiting {
                    reason: Some(reason.to_owned()),
                    message: Some(message.to_owned()),
                }),
                ..ContainerState::default()
            },
        );
        self
    }

    fn on_its_node(mut self, seconds: i64) -> PodSeen {
        let conditions = &mut self.pod.status.as_mut().unwrap().conditions;
        conditions.get_or_insert_default().push(PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "True".to_owned(),
            last_transition_time: Some(Time(ago(seconds))),
            ..PodCondition::default()
        });
        self
    }

    fn running(mut self, seconds: i64) -> PodSeen {
        set(
            &mut self,
            "Running",
            ContainerState {
                running: Some(ContainerStateRunning {
                    started_at: Some(Time(ago(seconds))),
                }),
                ..ContainerState::default()
            },
        );
        self
    }

    fn ended(mut self, seconds: i64, exit_code: i32, message: &str) -> PodSeen {
        let (phase, reason) = match exit_code {
            0 => ("Succeeded", "Completed"),
            _ => ("Failed", "Error"),
        };
        set(
            &mut self,
            phase,
            ContainerState {
                terminated: Some(ContainerStateTerminated {
                    exit_code,
                    reason: Some(reason.to_owned()),
                    message: Some(message.to_owned()),
                    started_at: Some(Time(ago(seconds + 5))),
                    finished_at: Some(Time(ago(seconds))),
                    ..ContainerStateTerminated::default()
                }),
                ..ContainerState::default()
            },
        );
        self
    }

    fn out_of_memory(self) -> PodSeen {
        let mut killed = self.ended(1, 137, "");
        let status = killed.pod.status.as_mut().unwrap();
        let container = &mut status.container_statuses.as_mut().unwrap()[0];
        let ended = container.state.as_mut().unwrap().terminated.as_mut().unwrap();
        ended.reason = Some("OOMKilled".to_owned());
        killed
    }

    fn with_condition(mut self, kind: &str, status: &str, reason: &str, message: &str) -> PodSeen {
        let conditions = &mut self.pod.status.as_mut().unwrap().conditions;
        let conditions = conditions.get_or_insert_default();
        conditions.retain(|one| one.type_ != kind);
        conditions.push(PodCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            ..PodCondition::default()
        });
        self
    }

    fn saying(mut self, alive: Alive) -> PodSeen {
        self.answer = Answer::Well(Box::new(alive));
        self.passes += 1;
        self
    }
}

fn set(seen: &mut PodSeen, phase: &str, state: ContainerState) {
    let status = seen.pod.status.as_mut().unwrap();
    status.phase = Some(phase.to_owned());
    status.container_statuses = Some(vec![ContainerStatus {
        name: "auriga".to_owned(),
        image: "auriga:test".to_owned(),
        state: Some(state),
        ..ContainerStatus::default()
    }]);
}

/// What a pod without a model says of itself.
pub(crate) fn alive() -> Alive {
    Alive {
        auriga_version: "0.1.0".to_owned(),
        memory_usage: 10.0,
        memory_usage_vms: 100.0,
        uptime_seconds: (NOW - ago(5)).total(jiff::Unit::Second).unwrap(),
        service_metadata: BTreeMap::new(),
        model: None,
        process_metadata: ProcessMetadata::default(),
        active: false,
        active_version: None,
        previous_version: None,
        ledger_revision: None,
        ledger_stale: false,
        golden: Golden::None,
        message: None,
        reason: None,
        owner_uid: None,
        pod_uid: None,
        trainer_status: None,
    }
}
