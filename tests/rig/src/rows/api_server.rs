//! The API server is killed, again and again.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{eventually, is_ready};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    clients::Clients,
    finding::Finding,
    ground::Ground,
    node::Node,
    scene::{Scene, scene},
};

/// How long after the API server is back all has to be as it is to be.
const CAUGHT_UP: f64 = 15.0;
/// How long it is away now and then, besides its start.
const AWAY: Duration = Duration::from_secs(30);

/// Kills it during fits, roll-outs and nothing in particular, while clients ask the Model.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn killed(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let times = ground.times(50, 6);
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    let done = scene(ground, async |scene| {
        let iris = scene.on_postgres().await;
        let clients = Clients::begin(&scene.space).await;
        for time in 0..times {
            let (what, edited) = match time % 3 {
                0 => ("a fit", iris.clone().c(0.3 + 0.01 * (time + 1) as f64)),
                1 => (
                    "a roll-out",
                    iris.clone().c(0.3 + 0.01 * time as f64).with(
                        "/spec/serving/serviceMetadata",
                        json!({ "round": time.to_string() }),
                    ),
                ),
                _ => ("nothing", iris.clone().c(0.3 + 0.01 * (time - 1) as f64)),
            };
            scene.space.apply(&edited).await;
            // Each time at another moment of what the edit leads to.
            sleep(Duration::from_millis((time as u64 * 370) % 4000)).await;
            let away = if time % 10 == 9 { AWAY } else { Duration::ZERO };
            let took = break_off(scene, &node, away).await?;
            slowest = slowest.max(took);
            let result = if took > CAUGHT_UP {
                Err(format!("took {took:.1} s"))
            } else {
                Ok(())
            };
            finding.count(&format!("number {}, during {what}", time + 1), result);
        }
        let answers = clients.end().await;
        finding.figures.push(format!("{} predictions", answers.sent));
        answers.all_well()
    })
    .await;
    finding.count("the predictions, and the operator", done);
    finding
        .figures
        .push(format!("caught up {slowest:.1} s after /readyz at most"));
    Ok(finding)
}

/// Kills the API server; how many seconds after it was back the Model was as its spec asks for.
async fn break_off(scene: &Scene<'_>, node: &Node, away: Duration) -> Result<f64, String> {
    let killed = node
        .kill("apiserver")
        .await
        .map_err(|error| format!("{error:#}"))?;
    sleep(away).await;
    killed.start().map_err(|error| format!("{error:#}"))?;
    scene.space.cluster.answers().await;
    let back = Instant::now();
    eventually("the Model is ready", async || {
        is_ready(&scene.space.model("iris").await).then_some(())
    })
    .await;
    Ok(back.elapsed().as_secs_f64())
}
