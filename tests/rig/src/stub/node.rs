//! A Node that no machine stands behind, kept ready.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use k8s_openapi::api::{coordination::v1::Lease, core::v1::Node};
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

/// The taint that keeps others' pods away.
const TAINT: &str = "auriga.dev/stub";
/// How often a kubelet says that its node is there.
const BEAT: Duration = Duration::from_secs(10);

/// Where a pod of a Model has to run to come to this node, as `spec.pod` of a Model writes it.
pub(super) fn wish(name: &str) -> Value {
    json!({
        "nodeSelector": { "kubernetes.io/hostname": name },
        "tolerations": [{ "key": TAINT, "operator": "Exists" }],
    })
}

/// Makes the Node.
pub(super) async fn register(client: &Client, name: &str) -> Result<()> {
    let room = json!({ "cpu": "100k", "memory": "100Ti", "ephemeral-storage": "100Ti", "pods": "5000" });
    let now = Timestamp::now();
    let ready = json!({
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "a stub is always ready",
        "lastHeartbeatTime": now, "lastTransitionTime": now,
    });
    let node: Node = serde_json::from_value(json!({
        "metadata": {
            "name": name,
            "labels": { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
        },
        "spec": { "taints": [{ "key": TAINT, "effect": "NoSchedule" }] },
        "status": { "capacity": room, "allocatable": room, "conditions": [ready] },
    }))
    .context("a Node")?;
    let nodes: Api<Node> = Api::all(client.clone());
    nodes
        .create(&PostParams::default(), &node)
        .await
        .with_context(|| format!("cannot make Node {name}"))?;
    Ok(())
}

/// Renews the lease of the node until the future is dropped: without it, its pods are sent away.
pub(super) async fn beat(client: Client, name: String) {
    let leases: Api<Lease> = Api::namespaced(client, "kube-node-lease");
    let parameters = PatchParams::apply("auriga-rig").force();
    loop {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": name },
            "spec": { "holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now },
        });
        // What fails is tried again before anybody misses it.
        let _ = leases.patch(&name, &parameters, &Patch::Apply(lease)).await;
        sleep(BEAT).await;
    }
}

/// Takes the Node away, with its lease.
pub(super) async fn remove(client: &Client, name: &str) {
    let nodes: Api<Node> = Api::all(client.clone());
    let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    // What is gone already need not be taken away.
    let _ = nodes.delete(name, &DeleteParams::default()).await;
    let _ = leases.delete(name, &DeleteParams::default()).await;
}

/// Lets this machine answer at all addresses of a network.
pub(super) async fn route(network: &str) -> Result<()> {
    let status = Command::new("ip")
        .args(["route", "replace", "local", network, "dev", "lo"])
        .stdin(Stdio::null())
        .status()
        .await
        .context("cannot run ip, which gives pods of a stub their addresses")?;
    ensure!(
        status.success(),
        "cannot route {network} to this machine; the rig has to run as root"
    );
    Ok(())
}

/// Ends [`route`]; waits for it, so that a value that is dropped can do it.
pub(super) fn end_route(network: &str) {
    let mut command = std::process::Command::new("ip");
    command.args(["route", "del", "local", network, "dev", "lo"]);
    // What is not there need not be taken away.
    let _ = command.stdin(Stdio::null()).stderr(Stdio::null()).status();
}
