//! A node without a machine: thousands of pods run on it, each of which does no more than answer for itself.
//!
//! The API server, the scheduler and the controllers are the cluster's own, and so is all that the operator checks: what it
//! learns of a pod is its status, its termination message, `/alive` and `/list`. A stub gives all of these as the kubelet and
//! the runtime would, from a ledger in memory instead of a store.

mod front;
mod kubelet;
mod ledger;
mod node;
mod pod;
mod pods;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use kube::Client;
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use kubelet::Kubelet;
use pod::Task;
use pods::{Pods, network};

/// A stub at work; its pods end with the value. One at a time on a machine, since all pods listen on one port.
pub(crate) struct Stub {
    client: Client,
    name: String,
    pods: Arc<Pods>,
    _tasks: JoinSet<()>,
}

impl Stub {
    /// Adds a node to the cluster.
    ///
    /// Errors: the machine lets nobody have the addresses or the port, or the cluster takes no node.
    pub(crate) async fn start(client: Client) -> Result<Stub> {
        let name = format!("stub-{}", std::process::id());
        let listener = front::listen().await?;
        node::route(&network()).await?;
        let pods = Arc::<Pods>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(node::beat(client.clone(), name.clone()));
        tasks.spawn(front::answer(listener, Arc::clone(&pods)));
        let kubelet = Kubelet {
            client: client.clone(),
            node: name.clone(),
            pods: Arc::clone(&pods),
        };
        tasks.spawn(kubelet.work());
        let stub = Stub {
            client,
            name,
            pods,
            _tasks: tasks,
        };
        node::register(&stub.client, &stub.name).await?;
        Ok(stub)
    }

    /// What a Model has to have as `spec.pod`, so that its pods run here.
    pub(crate) fn wish(&self) -> Value {
        node::wish(&self.name)
    }

    /// How long fits take that begin from now on; none at all at first.
    pub(crate) fn fits_last(&self, lasts: Duration) {
        self.pods.fits_last(lasts);
    }

    /// How many pods that serve were asked at `/alive` since then.
    pub(crate) fn asked_since(&self, since: Instant) -> usize {
        self.pods
            .asked_since(since, |task| matches!(task, Task::Serve(_)))
    }

    /// How many fits were asked at `/alive` since then.
    pub(crate) fn fits_asked_since(&self, since: Instant) -> usize {
        self.pods.asked_since(since, |task| *task == Task::Fit)
    }

    /// Takes the node away; to be called once its pods are gone.
    pub(crate) async fn end(self) {
        node::remove(&self.client, &self.name).await;
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        node::end_route(&network());
    }
}
