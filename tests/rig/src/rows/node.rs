//! The node's own programs are killed, and all pods with them.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{IRIS_ROW, Manifest, Space, eventually};
use tokio::time::{Instant, sleep};

use crate::{
    finding::Finding,
    ground::Ground,
    node::Node,
    scene::{Scene, scene, seconds_until},
};

/// How long after the node is ready there may be no answers.
const SERVES: f64 = 60.0;

/// Kills the kubelet, containerd and every shim while nothing happens, and at several moments of a fit and what follows it.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn killed(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    for (what, into) in [
        ("while nothing happens", None),
        ("as a fit is ordered", Some(300)),
        ("during a fit", Some(1500)),
        ("while a version is written", Some(2500)),
        ("while a candidate starts", Some(3500)),
        ("during an activation", Some(5000)),
    ] {
        let done = scene(ground, async |scene| {
            let iris = scene.on_a_claim().await;
            let took = lose(scene, &node, &iris, into).await?;
            slowest = slowest.max(took);
            if took > SERVES {
                return Err(format!("served {took:.1} s after the node was ready"));
            }
            let wanted = if into.is_some() { 2 } else { 1 };
            scene.space.serves("iris", wanted).await;
            versions_are(&scene.space, wanted).await
        })
        .await;
        finding.count(what, done);
    }
    finding
        .figures
        .push(format!("served {slowest:.1} s after the node was ready at most"));
    Ok(finding)
}

/// Kills all so many milliseconds after an edit, if there is to be one; the seconds from when the node was ready again until
/// there was an answer.
async fn lose(scene: &Scene<'_>, node: &Node, iris: &Manifest, into: Option<u64>) -> Result<f64, String> {
    if let Some(milliseconds) = into {
        scene.space.apply(&iris.clone().c(0.5)).await;
        sleep(Duration::from_millis(milliseconds)).await;
    }
    let words = |error: anyhow::Error| format!("{error:#}");
    let kubelet = node.kill("kubelet").await.map_err(words)?;
    let containerd = node.kill("containerd").await.map_err(words)?;
    if node.kill_shims().await.map_err(words)? == 0 {
        return Err("no pod ran".to_owned());
    }
    containerd.start().map_err(words)?;
    let since = jiff::Timestamp::now();
    kubelet.start().map_err(words)?;
    eventually("the node is ready again", async || {
        // It ends at once where containerd is not ready for it; a node's own supervisor would start it again.
        if !node.runs("kubelet") {
            kubelet.start().ok()?;
        }
        let cluster = &scene.space.cluster;
        let seen = cluster.get(None, "v1", "Node", "node1").await?;
        let conditions = seen["status"]["conditions"].as_array()?;
        let is_ready = (conditions.iter()).any(|one| one["type"] == "Ready" && one["status"] == "True");
        // What it said before it was killed does not count, and what has not changed it says every five minutes alone.
        let namespace = Some("kube-node-lease");
        let lease = cluster
            .get(namespace, "coordination.k8s.io/v1", "Lease", "node1")
            .await?;
        let heard: jiff::Timestamp = lease["spec"]["renewTime"].as_str()?.parse().ok()?;
        (is_ready && heard > since).then_some(())
    })
    .await;
    let ready = Instant::now();
    seconds_until(180, "the Model answers", async || {
        let answer = scene.space.ask("iris", IRIS_ROW).await.ok()?;
        (answer.code == 200).then_some(())
    })
    .await;
    Ok(ready.elapsed().as_secs_f64())
}

/// Whether the store has these versions: the first to the last, each once.
async fn versions_are(space: &Space, last: i64) -> Result<(), String> {
    let answer = space.ask("iris", "/list").await?.json();
    let listed = answer["models"].as_array().cloned().unwrap_or_default();
    let mut numbers: Vec<i64> = listed.iter().filter_map(|one| one["version"].as_i64()).collect();
    numbers.sort_unstable();
    if numbers == (1..=last).collect::<Vec<i64>>() {
        Ok(())
    } else {
        Err(format!("the store has {numbers:?} instead of 1 to {last}"))
    }
}
