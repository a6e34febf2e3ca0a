//! Pods that have their node and do not run. What the node waits for is told in events alone: a registry that never answers looks
//! like one that is slow.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use crate::{
    ended::has_pod_ended,
    trouble::{container, name},
};

/// How long a node may take to start a container, in seconds, before it is told that it has not.
const STARTS_WITHIN: i64 = 8;

/// A pod whose node has not started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstarted {
    /// Since when it has its node.
    since: Timestamp,
    /// What may hold it up, in a sentence.
    pub message: String,
}

impl Unstarted {
    /// What is to be told of `pod`; `None`: it has no node, or it has run.
    pub fn of(pod: &Pod) -> Option<Unstarted> {
        let mut conditions = pod.status.as_ref()?.conditions.iter().flatten();
        let scheduled = conditions.find(|one| one.type_ == "PodScheduled" && one.status == "True")?;
        let words = match container(pod) {
            _ if has_pod_ended(pod) => return None,
            None => "its node has not begun with it; see whether the node is ready".to_owned(),
            Some(container) => {
                let waiting = container.state.as_ref()?.waiting.as_ref()?;
                let before = container.last_state.as_ref();
                let has_run = before.is_some_and(|state| state.terminated.is_some());
                let is_made = matches!(
                    waiting.reason.as_deref(),
                    Some("ContainerCreating" | "PodInitializing")
                );
                if has_run || !is_made {
                    return None;
                }
                format!(
                    "its node pulls image {}, or waits for a volume, the network or another container; see `kubectl describe pod \
                     {}`",
                    container.image,
                    name(pod)
                )
            }
        };
        Some(Unstarted {
            since: scheduled.last_transition_time.as_ref()?.0,
            message: format!("Pod {} has not started so far: {words}", name(pod)),
        })
    }

    /// Whether that takes longer than most pods do.
    pub fn is_late(&self, now: Timestamp) -> bool {
        now.duration_since(self.since).as_secs() >= STARTS_WITHIN
    }
}
