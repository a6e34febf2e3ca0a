//! Does to the pods of a stub what a kubelet does: runs them, says how they are, and lets those go that were deleted.

use std::{collections::HashSet, net::Ipv4Addr, sync::Arc};

use auriga_crds::contract::pod::CONTAINER;
use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams, Preconditions, WatchEvent, WatchParams},
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use super::{
    pod::{self, Task, Work},
    pods::Pods,
};
use crate::follow::follow;

/// How many pods it does something about at once.
const AT_ONCE: usize = 16;
/// The pause before a call that failed is tried again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);
/// How many conflicts a call is tried again after.
const CONFLICTS: usize = 20;

/// The kubelet of one node.
pub(super) struct Kubelet {
    pub(super) client: Client,
    pub(super) node: String,
    pub(super) pods: Arc<Pods>,
}

impl Kubelet {
    /// Works until the future is dropped.
    pub(super) async fn work(self) {
        let this = Arc::new(self);
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let all: Api<Pod> = Api::all(this.client.clone());
        let ours = WatchParams::default().fields(&format!("spec.nodeName={}", this.node));
        let (mut begun, mut ended) = (HashSet::new(), HashSet::new());
        let mut tasks = JoinSet::new();
        let take = |event: WatchEvent<Pod>| {
            while tasks.try_join_next().is_some() {}
            let pod = match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => pod,
                WatchEvent::Deleted(pod) => {
                    this.pods.end(&pod.uid().unwrap_or_default());
                    return;
                }
                WatchEvent::Bookmark(_) | WatchEvent::Error(_) => return,
            };
            let uid = pod.uid().unwrap_or_default();
            if let (Some(work), Some(revision)) = (Work::of(&pod), pod::fence(&pod)) {
                this.pods.activate(&work, revision);
            }
            let is_ending = pod.metadata.deletion_timestamp.is_some();
            let is_new = if is_ending {
                ended.insert(uid)
            } else {
                begun.insert(uid)
            };
            if is_new {
                let (this, places) = (Arc::clone(&this), Arc::clone(&places));
                tasks.spawn(async move {
                    if is_ending {
                        this.end(&pod, &places).await;
                    } else {
                        this.run(&pod, &places).await;
                    }
                });
            }
        };
        follow(all, ours, take).await;
    }

    /// Runs a pod: for good, or until its fit is over.
    async fn run(&self, pod: &Pod, places: &Semaphore) {
        let Some(work) = Work::of(pod) else { return };
        let address = self.pods.begin(&pod.uid().unwrap_or_default(), work.clone());
        let began = Timestamp::now();
        let running = json!({ "running": { "startedAt": seconds(began) } });
        self.say(pod, places, status(pod, "Running", address, running))
            .await;
        if work.task != Task::Fit {
            return;
        }
        sleep(self.pods.patience()).await;
        let outcome = self.pods.fitted(&work, self.fit_hash(pod).await);
        let ended = json!({ "terminated": {
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": seconds(began),
            "finishedAt": seconds(Timestamp::now()),
            "message": outcome.to_text(),
        } });
        self.say(pod, places, status(pod, "Succeeded", address, ended))
            .await;
    }

    /// The hash of what a pod fits, as its Job has it: the runtime computes the same from the manifest.
    async fn fit_hash(&self, pod: &Pod) -> Option<String> {
        let owner = pod.owner_references().first()?;
        let jobs: Api<Job> = Api::namespaced(self.client.clone(), &pod.namespace()?);
        let job = jobs.get_opt(&owner.name).await.ok().flatten()?;
        job.annotations().get("auriga.dev/fit-hash").cloned()
    }

    async fn say(&self, pod: &Pod, places: &Semaphore, status: Value) {
        let deed = Deed::Say(json!({ "metadata": { "uid": pod.uid() }, "status": status }));
        self.until_done(pod, places, deed).await;
    }

    /// Lets a deleted pod go, as a kubelet does once its containers have ended.
    async fn end(&self, pod: &Pod, places: &Semaphore) {
        self.pods.end(&pod.uid().unwrap_or_default());
        self.until_done(pod, places, Deed::LetGo).await;
    }

    async fn until_done(&self, pod: &Pod, places: &Semaphore, deed: Deed) {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default());
        let name = pod.name_any();
        let mut conflicts = 0;
        while conflicts < CONFLICTS {
            let Ok(place) = places.acquire().await else {
                return;
            };
            let done = match &deed {
                Deed::Say(status) => {
                    let patch = Patch::Strategic(status);
                    (api.patch_status(&name, &PatchParams::default(), &patch).await).map(drop)
                }
                Deed::LetGo => {
                    let at_once = DeleteParams {
                        grace_period_seconds: Some(0),
                        preconditions: Some(Preconditions {
                            uid: pod.uid(),
                            resource_version: None,
                        }),
                        ..DeleteParams::default()
                    };
                    api.delete(&name, &at_once).await.map(drop)
                }
            };
            drop(place);
            match done {
                Ok(()) => return,
                Err(kube::Error::Api(status)) if status.code == 404 => return,
                // It may come of many who write to it at once, as well as of another one that has its name.
                Err(kube::Error::Api(status)) if status.code == 409 => conflicts += 1,
                // A kubelet never gives up.
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }
}

/// What is done about a pod at the API server.
enum Deed {
    /// Its status is told.
    Say(Value),
    /// It is gone.
    LetGo,
}

/// The status of a pod whose only container is in this state.
fn status(pod: &Pod, phase: &str, address: Ipv4Addr, state: Value) -> Value {
    let is_ready = phase == "Running";
    let now = seconds(Timestamp::now());
    let condition = |kind: &str, is_true: bool| {
        let status = if is_true { "True" } else { "False" };
        json!({ "type": kind, "status": status, "lastTransitionTime": now })
    };
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice());
    let image = (containers.unwrap_or_default().iter())
        .find(|container| container.name == CONTAINER)
        .and_then(|container| container.image.clone())
        .unwrap_or_default();
    json!({
        "phase": phase,
        "hostIP": address,
        "podIP": address,
        "podIPs": [{ "ip": address }],
        "startTime": now,
        "conditions": [
            condition("Initialized", true),
            condition("ContainersReady", is_ready),
            condition("Ready", is_ready),
        ],
        "containerStatuses": [{
            "name": CONTAINER,
            "image": image,
            "imageID": format!("sha256:{:0>64}", ""),
            "containerID": format!("containerd://{}", pod.uid().unwrap_or_default()),
            "ready": is_ready,
            "started": is_ready,
            "restartCount": 0,
            "state": state,
        }],
    })
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
