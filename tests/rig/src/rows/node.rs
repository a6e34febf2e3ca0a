//! The node's own programs are killed, and all pods with them.

use std::{ops::RangeInclusive, time::Duration};

use anyhow::Result;
use auriga_e2e::{IRIS_ROW, Manifest, Space, eventually};
use tokio::time::{Instant, sleep};

use crate::{
    finding::{Finding, in_words},
    fits::Fits,
    ground::Ground,
    node::Node,
    objects::{exactly, is_any_true},
    scene::{Scene, scene, seconds_until, within},
};

/// How long after the node is ready there may be no answers.
const SERVES: f64 = 60.0;

/// When all is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// So many milliseconds after an edit.
    After(u64),
    /// While the fit runs that an edit asks for, which takes long enough to be met.
    OfFit,
}

/// Kills the kubelet, containerd and every shim while nothing happens, and at several moments of a fit and what follows it.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn killed(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    let mut most = 0;
    for (what, into) in [
        ("while nothing happens", None),
        ("as a fit is ordered", Some(Moment::After(300))),
        ("during a fit", Some(Moment::OfFit)),
        ("while a version is written", Some(Moment::After(2500))),
        ("while a candidate starts", Some(Moment::After(3500))),
        ("during an activation", Some(Moment::After(5000))),
    ] {
        let done = scene(ground, async |scene| {
            let iris = scene.on_a_claim().await;
            let fits = Fits::watch(&scene.space).await;
            let Lost { took, allowed } = lose(scene, &node, &iris, into, &fits).await?;
            slowest = slowest.max(took);
            if took > SERVES {
                return Err(format!("served {took:.1} s after the node was ready"));
            }
            let wanted = if into.is_some() { 2 } else { 1 };
            scene.space.serves("iris", wanted).await;
            versions_are(&scene.space, wanted).await?;
            let begun = fits.begun();
            most = most.max(begun);
            if allowed.contains(&begun) {
                Ok(())
            } else {
                Err(format!(
                    "the fit began {begun} times instead of {} to {}",
                    allowed.start(),
                    allowed.end()
                ))
            }
        })
        .await;
        finding.count(what, done);
    }
    finding.figures.push(format!("a fit began {most} times at most"));
    finding
        .figures
        .push(format!("served {slowest:.1} s after the node was ready at most"));
    Ok(finding)
}

/// What came of a node that lost all its pods.
struct Lost {
    /// The seconds from when it was ready again until there was an answer.
    took: f64,
    /// How often the fit may begin: once more than without the loss, if it was not over.
    allowed: RangeInclusive<usize>,
}

/// Kills all at a moment after an edit, if there is to be one.
async fn lose(
    scene: &Scene<'_>,
    node: &Node,
    iris: &Manifest,
    into: Option<Moment>,
    fits: &Fits,
) -> Result<Lost, String> {
    let edited = iris.clone().c(0.5);
    match into {
        None => {}
        Some(Moment::After(milliseconds)) => {
            scene.space.apply(&edited).await;
            sleep(Duration::from_millis(milliseconds)).await;
        }
        Some(Moment::OfFit) => {
            scene
                .space
                .apply(&edited.with("/spec/training/resources", exactly("cpu", "20m")))
                .await;
            within(30.0, "the fit runs", async || fits.begun() == 1).await?;
        }
    }
    let allowed = match into {
        None => 0..=0,
        Some(_) if fits.has_ended_well() => 1..=1,
        Some(Moment::OfFit) => 2..=2,
        Some(_) => 1..=2,
    };
    let kubelet = node.kill("kubelet").await.map_err(in_words)?;
    let containerd = node.kill("containerd").await.map_err(in_words)?;
    if node.kill_shims().await.map_err(in_words)? == 0 {
        return Err("no pod ran".to_owned());
    }
    containerd.start().map_err(in_words)?;
    let since = jiff::Timestamp::now();
    kubelet.start().map_err(in_words)?;
    eventually("the node is ready again", async || {
        // It ends at once where containerd is not ready for it; a node's own supervisor would start it again.
        if !node.runs("kubelet") {
            kubelet.start().ok()?;
        }
        let cluster = &scene.space.cluster;
        let seen = cluster.get(None, "v1", "Node", "node1").await?;
        // What it said before it was killed does not count, and what has not changed it says every five minutes alone.
        let namespace = Some("kube-node-lease");
        let lease = cluster
            .get(namespace, "coordination.k8s.io/v1", "Lease", "node1")
            .await?;
        let heard: jiff::Timestamp = lease["spec"]["renewTime"].as_str()?.parse().ok()?;
        (is_any_true(&seen, &["Ready"]) && heard > since).then_some(())
    })
    .await;
    let ready = Instant::now();
    seconds_until(180, "the Model answers", async || {
        let answer = scene.space.ask("iris", IRIS_ROW).await.ok()?;
        (answer.code == 200).then_some(())
    })
    .await;
    Ok(Lost {
        took: ready.elapsed().as_secs_f64(),
        allowed,
    })
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
