//! Pods that serve are restarted and evicted one after the other while clients ask.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Space, until};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    clients::{Clients, p99},
    finding::{Finding, attempt},
    ground::Ground,
    objects::{BUDGET, DEPLOYMENT, POD, is_any_true, is_ending, label, name, owner},
    scene::{Scene, scene_of},
};

/// For how long answers are timed while nothing happens.
const AT_REST: Duration = Duration::from_secs(20);

/// How many times as long 99 of 100 answers may take as they do while the pods of another Model, which nobody asks, are moved in
/// the same way. With all of Kubernetes on two cores, pods that start are felt by whoever computes beside them; what is judged
/// is what the traffic's own moving adds.
const MOVED: f64 = 2.0;
/// How many times as long as at rest they may take with all that.
const ALL: f64 = 5.0;
/// How many times as long as at rest the same of the thousand answers of each round may take, ten of which are left out.
const EACH: f64 = 10.0;
/// The other Model.
const BESIDE: &str = "beside";

/// Restarts and drains, twenty times each.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn restarted(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let rounds = ground.times(40, 4);
    let measured = &ground.measured;
    let done = scene_of(ground, measured, async |scene| {
        in_scene(scene, rounds, &mut finding).await
    })
    .await;
    finding.count("the Model afterwards", done);
    Ok(finding)
}

async fn in_scene(scene: &Scene<'_>, rounds: usize, finding: &mut Finding) -> Result<(), String> {
    let iris = scene.on_postgres().await;
    let space = &scene.space;
    space.apply(&iris.with("/metadata/name", BESIDE)).await;
    space.serves(BESIDE, 1).await;
    space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
    for model in ["iris", BESIDE] {
        until(
            Duration::from_secs(10),
            "the budget allows one eviction",
            async || {
                let budget = space.get(BUDGET.0, BUDGET.1, model).await?;
                (budget["status"]["disruptionsAllowed"] == 1).then_some(())
            },
        )
        .await;
    }
    let clients = Clients::begin(space).await;
    sleep(AT_REST).await;
    let quiet = clients.end().await;
    quiet.all_well()?;
    let quiet = p99(&quiet.took);
    let beside = moves(space, BESIDE, rounds / 4, finding).await;
    let moved = moves(space, "iris", rounds, finding).await;
    let figures = format!(
        "99 of 100 answered within {:.1} ms, {:.1} times as long as at rest; {:.1} ms while pods of another Model are moved, \
         {quiet:.1} ms at rest, {:.1} ms in the slowest round",
        moved.all(),
        moved.all() / quiet,
        beside.all(),
        moved.slowest()
    );
    let all_in_time = moved.all() <= MOVED * beside.all() && moved.all() <= ALL * quiet;
    let in_time = if all_in_time && moved.slowest() <= EACH * quiet {
        Ok(())
    } else {
        Err(figures.clone())
    };
    finding.count("answers in time", in_time);
    finding.figures.push(format!(
        "{rounds} rounds, {} predictions; {figures}",
        moved.count()
    ));
    Ok(())
}

/// How long the answers of iris took, in milliseconds, by round.
struct Moves(Vec<Vec<f64>>);

impl Moves {
    fn all(&self) -> f64 {
        p99(&self.0.concat())
    }

    fn slowest(&self) -> f64 {
        self.0.iter().map(|took| p99(took)).fold(0.0, f64::max)
    }

    fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// Restarts and drains the pods of `model` in turn, while clients ask iris.
async fn moves(space: &Space, model: &str, rounds: usize, finding: &mut Finding) -> Moves {
    let mut took = Vec::new();
    for round in 0..rounds {
        let clients = Clients::begin(space).await;
        let is_drain = round % 2 == 1;
        let what = if is_drain { "drain" } else { "rolling restart" };
        let moved = attempt(async {
            if is_drain {
                drain(space, model).await
            } else {
                restart(space, model, round).await
            }
        });
        let moved = moved.await.and_then(|moved| moved);
        // Nodes hear of pods that went a moment later.
        sleep(Duration::from_secs(2)).await;
        let answers = clients.end().await;
        let result = moved.and_then(|()| answers.all_well());
        finding.count(&format!("{what} {round} of {model}"), result);
        took.push(answers.took);
    }
    Moves(took)
}

/// Restarts the pods of `model` that have the traffic, as `kubectl rollout restart` does.
async fn restart(space: &Space, model: &str, round: usize) -> Result<(), String> {
    let found = space.list(DEPLOYMENT.0, DEPLOYMENT.1).await;
    let is_its = |one: &&Value| {
        let has_label = label(one, "auriga.dev/model") == model;
        has_label && owner(one) == Some("Model") && one["spec"]["replicas"] != 0
    };
    let ours = found.iter().find(is_its);
    let name = ours.map(|one| name(one).to_owned());
    let name = name.ok_or("the Model has no Deployment")?;
    let annotate = |object: &mut Value| {
        object["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
            json!(round.to_string());
    };
    space.edit(DEPLOYMENT.0, DEPLOYMENT.1, &name, annotate).await?;
    // Two that are the newest and answer, and none besides, not even on its way out.
    space.rolled_out(&name).await;
    Ok(())
}

/// Evicts each pod of `model`, as a drain of its node does: again and again until its budget allows it.
async fn drain(space: &Space, model: &str) -> Result<(), String> {
    for pod in space.serving_pods(model).await {
        until(
            Duration::from_secs(60),
            &format!("pod {pod} can be evicted"),
            async || {
                let evicted = space.evict(&pod).await;
                let is_gone = space.get(POD.0, POD.1, &pod).await.is_none();
                (evicted.is_ok() || is_gone).then_some(())
            },
        )
        .await;
    }
    until(
        Duration::from_secs(60),
        "two pods answer, and none is on its way out",
        async || {
            let pods = space.list(POD.0, POD.1).await;
            let is_its = |pod: &&Value| {
                label(pod, "app.kubernetes.io/component") == "runtime"
                    && label(pod, "auriga.dev/model") == model
            };
            let ours: Vec<&Value> = pods.iter().filter(is_its).collect();
            let are_there =
                ours.len() == 2 && (ours.iter()).all(|pod| is_any_true(pod, &["Ready"]) && !is_ending(pod));
            are_there.then_some(())
        },
    )
    .await;
    Ok(())
}
