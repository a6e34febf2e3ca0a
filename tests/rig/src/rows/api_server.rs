//! The API server is killed, again and again.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, is_ready, is_seen, until};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    clients::Clients,
    finding::{Finding, in_words},
    ground::Ground,
    node::Node,
    scene::{Scene, scene},
};

/// How long after the API server is back an edit has to be seen.
const CAUGHT_UP: f64 = 15.0;
/// When the fit or roll-out that was under way has to be over. Most of it is Kubernetes' own: its controllers, its scheduler, the
/// kubelet and what fills Services each wait for up to a minute before they list anew, once their API server has failed them
/// again and again, and some wait for others.
const OVER: Duration = Duration::from_secs(300);
/// How long it is away now and then, besides its start.
const AWAY: Duration = Duration::from_secs(30);

/// Kills it during fits, roll-outs and nothing in particular, while clients ask the Model.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn killed(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let times = ground.times(50, 6);
    let mut finding = Finding::default();
    let (mut slowest, mut longest): (f64, f64) = (0.0, 0.0);
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
            let (seen, over) = break_off(scene, &node, away, time).await?;
            (slowest, longest) = (slowest.max(seen), longest.max(over));
            let result = if seen > CAUGHT_UP {
                Err(format!("an edit was seen after {seen:.1} s"))
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
    finding.figures.push(format!(
        "an edit is seen {slowest:.1} s after /readyz at most, what was under way is over after {longest:.1} s"
    ));
    Ok(finding)
}

/// Kills the API server; how many seconds after it was back an edit was seen, and the Model was as its spec asks for.
async fn break_off(
    scene: &Scene<'_>,
    node: &Node,
    away: Duration,
    time: usize,
) -> Result<(f64, f64), String> {
    let killed = node.kill("apiserver").await.map_err(in_words)?;
    sleep(away).await;
    killed.start().map_err(in_words)?;
    scene.space.cluster.answers().await;
    let back = Instant::now();
    let round = json!({ "round": time.to_string() });
    let edit = Manifest::iris("edited")
        .with("/spec/suspend", true)
        .with("/spec/serving/serviceMetadata", round);
    scene.space.apply(&edit).await;
    until(OVER, "the edit is seen", async || {
        is_seen(&scene.space.model("edited").await).then_some(())
    })
    .await;
    let seen = back.elapsed().as_secs_f64();
    until(OVER, "the Model is ready", async || {
        is_ready(&scene.space.model("iris").await).then_some(())
    })
    .await;
    Ok((seen, back.elapsed().as_secs_f64()))
}
