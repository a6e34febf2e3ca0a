//! Counts how often a fit really began: containers that ran, not pods that were asked for.

use std::collections::BTreeSet;

use auriga_e2e::Space;
use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::{
    Api, ResourceExt as _,
    api::{ListParams, WatchEvent, WatchParams},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::follow::follow;

/// Selects the pods that fit.
const FITS: &str = "app.kubernetes.io/component=fit";

/// The runs of fits in a namespace, for as long as they are watched.
pub(crate) struct Fits {
    seen: watch::Receiver<Seen>,
    watching: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    runs: BTreeSet<String>,
    has_ended_well: bool,
}

impl Fits {
    /// Begins to watch; pods that are there already do not count.
    pub(crate) async fn watch(space: &Space) -> Fits {
        let api: Api<Pod> = space.typed();
        let there = api.list(&ListParams::default().labels(FITS)).await;
        let there = there.expect("pods can be listed").items;
        let known: BTreeSet<String> = there.iter().filter_map(Pod::uid).collect();
        let (told, seen) = watch::channel(Seen::default());
        let take = move |event: WatchEvent<Pod>| {
            let (WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod)) = event
            else {
                return;
            };
            if !known.contains(&pod.uid().unwrap_or_default()) {
                told.send_modify(|seen| seen.take(&pod));
            }
        };
        let fits = WatchParams::default().labels(FITS);
        let watching = tokio::spawn(follow(api, fits, take));
        Fits { seen, watching }
    }

    /// How many runs began so far.
    pub(crate) fn begun(&self) -> usize {
        self.seen.borrow().runs.len()
    }

    /// Whether one of them came to its end.
    pub(crate) fn has_ended_well(&self) -> bool {
        self.seen.borrow().has_ended_well
    }
}

impl Drop for Fits {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Seen {
    fn take(&mut self, pod: &Pod) {
        // A run that is told twice is one.
        self.runs.extend(runs(pod));
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        self.has_ended_well |= phase == Some("Succeeded");
    }
}

/// The containers of a pod that run or ran, by their ids: one that is started anew has another one.
fn runs(pod: &Pod) -> Vec<String> {
    let statuses = pod
        .status
        .iter()
        .flat_map(|status| status.container_statuses.iter().flatten());
    let mut runs = Vec::new();
    for status in statuses {
        for state in [&status.state, &status.last_state].into_iter().flatten() {
            runs.extend(run(state, status.container_id.as_deref()));
        }
    }
    runs
}

fn run(state: &ContainerState, of_status: Option<&str>) -> Option<String> {
    if let Some(ended) = &state.terminated {
        // Without a time it never ran, or ran and was told of while it did.
        ended.started_at.as_ref()?;
        return ended.container_id.clone();
    }
    state.running.as_ref()?;
    of_status.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_container_that_ran_counts_once_and_one_that_never_did_does_not() {
        let check = |status: Value, expected: &[&str]| {
            let pod = json!({ "metadata": {}, "status": { "containerStatuses": [status] } });
            let pod: Pod = serde_json::from_value(pod).expect("it is a pod");
            let found: BTreeSet<String> = runs(&pod).into_iter().collect();
            assert_eq!(found, expected.iter().map(|id| (*id).to_owned()).collect());
        };
        let base = |state: Value, last: Value| {
            json!({
                "name": "auriga", "image": "", "imageID": "", "ready": false, "restartCount": 0, "containerID": "b",
                "state": state, "lastState": last,
            })
        };
        let time = "2026-01-01T00:00:00Z";
        let ended =
            |id: &str| json!({ "terminated": { "exitCode": 137, "startedAt": time, "containerID": id } });
        let running = json!({ "running": { "startedAt": time } });
        check(base(running.clone(), json!({})), &["b"]);
        check(base(ended("b"), json!({})), &["b"]);
        check(base(running, ended("a")), &["a", "b"]);
        check(
            base(json!({ "waiting": { "reason": "ImagePullBackOff" } }), json!({})),
            &[],
        );
        check(base(json!({ "terminated": { "exitCode": 137 } }), json!({})), &[]);
    }
}
