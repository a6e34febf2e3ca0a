//! Watches that die without a word: no event comes, and no end either.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, is_seen};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use crate::{
    finding::Finding,
    ground::Ground,
    proxy::Hole,
    scene::{Scene, scene},
};

/// How often the way is lost, over all operators.
const CYCLES: usize = 200;
/// How many operators lose it at once.
const AT_ONCE: usize = 20;
/// Until when an edit has to be seen after the way is back.
const SEEN: Duration = Duration::from_secs(70);
/// For how long the way is lost, one after the other: shorter than a watch lasts, longer, and longer than the balancers before an
/// API server keep a connection on which nobody speaks.
const LOST: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(70),
    Duration::from_secs(100),
    LONGEST,
];
/// The longest of them, and how long the way is lost while the operator's health is asked for.
const LONGEST: Duration = Duration::from_secs(300);

/// What came of the cycles of one operator: seconds until each edit was seen, `None`: it was not.
type Seen = Vec<Option<f64>>;

/// The way to the API server is lost without a word, again and again.
///
/// Errors: the cluster does not answer.
pub(crate) async fn dead(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let operators = ground.times(AT_ONCE, 4);
    let cycles = ground.times(CYCLES, 8) / operators;
    let turns = stream::iter(0..operators).map(|at| one_operator(ground, at, cycles));
    let turns: Vec<_> = turns.buffer_unordered(operators).collect().await;
    let mut longest: f64 = 0.0;
    for (seen, result) in turns {
        for took in &seen {
            longest = longest.max(took.unwrap_or_default());
            finding.count(
                "the way is lost",
                took.map(drop)
                    .ok_or_else(|| format!("an edit was not seen within {} s", SEEN.as_secs())),
            );
        }
        if let Err(words) = result {
            finding.count("an operator whose way is lost", Err(words));
        }
    }
    finding.figures.push(format!(
        "longest from the way back to the edit seen {longest:.0} s"
    ));
    if ground.times(1, 0) == 1 {
        finding.count(
            "the health of one without a way for 5 minutes",
            health(ground).await,
        );
    }
    Ok(finding)
}

/// Cycles of one operator, half of them with all requests lost, half with lists and watches alone.
async fn one_operator(ground: &Ground, at: usize, cycles: usize) -> (Seen, Result<(), String>) {
    let mut seen = Seen::new();
    let result = scene(ground, async |scene| {
        idle(scene).await?;
        for cycle in 0..cycles {
            let hole = if (at + cycle).is_multiple_of(2) {
                Hole::All
            } else {
                Hole::Watches
            };
            let lost = LOST[(at + cycle / 2) % LOST.len()];
            scene.proxy().let_see(|view| view.swallow(hole));
            edit(scene, cycle).await;
            sleep(lost).await;
            scene.proxy().let_see(|view| view.is_back());
            seen.push(until_seen(scene).await);
        }
        Ok(())
    });
    let result = result.await;
    (seen, result)
}

/// A Model that asks for nothing: whether an edit was seen is all that it tells.
async fn idle(scene: &Scene<'_>) -> Result<(), String> {
    scene.space.iris_data("iris").await;
    scene.space.apply(&model(0)).await;
    until_seen(scene)
        .await
        .map(drop)
        .ok_or_else(|| "the first edit was not seen".to_owned())
}

fn model(edit: usize) -> Manifest {
    let name = serde_json::json!({ "service_name": format!("flowers-{edit}") });
    Manifest::iris("iris")
        .with("/spec/suspend", true)
        .with("/spec/serving/serviceMetadata", name)
}

async fn edit(scene: &Scene<'_>, cycle: usize) {
    scene.space.apply(&model(cycle + 1)).await;
}

/// Seconds until the status is about the newest generation.
async fn until_seen(scene: &Scene<'_>) -> Option<f64> {
    let start = Instant::now();
    while start.elapsed() < SEEN {
        if is_seen(&scene.space.model("iris").await) {
            return Some(start.elapsed().as_secs_f64());
        }
        sleep(Duration::from_millis(200)).await;
    }
    None
}

/// Whether the operator says after three minutes, and not much sooner or later, that it hears nothing, and takes that back.
async fn health(ground: &Ground) -> Result<(), String> {
    scene(ground, async |scene| {
        idle(scene).await?;
        let start = Instant::now();
        scene.proxy().let_see(|view| view.swallow(Hole::All));
        edit(scene, 0).await;
        let mut since = None;
        while start.elapsed() < LONGEST {
            let is_well = scene.healthz().await? == 200;
            if !is_well && since.is_none() {
                since = Some(start.elapsed().as_secs());
            }
            sleep(Duration::from_secs(1)).await;
        }
        scene.proxy().let_see(|view| view.is_back());
        until_seen(scene)
            .await
            .ok_or_else(|| "the edit was not seen".to_owned())?;
        // The other watches are made anew in their own time.
        let back = Instant::now();
        let mut is_well = false;
        while !is_well && back.elapsed() < SEEN {
            is_well = scene.healthz().await? == 200;
            sleep(Duration::from_secs(1)).await;
        }
        match since {
            Some(120..=190) if is_well => Ok(()),
            Some(_) if !is_well => Err("/healthz still says no 70 s after the edit was seen".to_owned()),
            Some(seconds) => Err(format!("/healthz said no after {seconds} s")),
            None => Err(format!("/healthz said yes for {} s", LONGEST.as_secs())),
        }
    })
    .await
}
