//! Models whose specs are bad for a while: that is told, and all is as before once the good one is back.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use auriga_e2e::{Space, eventually, iris_rows, is_ready, ready_now, until};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::bad_specs::{Bad, broken_rules, good, impossible};
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::{DEPLOYMENT, SERVICE, TRAINING_JOB, label, text},
    scene::{Scene, scene},
};

/// How long it may take until a bad spec is told.
const TOLD: Duration = Duration::from_secs(30);
/// For how long a Model with a bad spec is watched.
const WATCHED: Duration = Duration::from_secs(6);
/// How many Models there are, each with another bad spec at a time.
const LANES: usize = 6;

/// Each bad spec is told and never ready; after the good one, all is as before.
pub(super) async fn bad_and_back(ground: &Ground, schema: &Value, every: usize) -> Finding {
    let mut finding = Finding::default();
    let done = scene(ground, async |scene| {
        scene.space.lasting_postgres().await;
        let mut all = impossible();
        all.extend(broken_rules(&scene.space, schema).await);
        let all: VecDeque<Bad> = all.into_iter().step_by(every).collect();
        let (count, queue) = (all.len(), Mutex::new(all));
        let lanes = (0..LANES).map(|number| lane(scene, number, &queue));
        let mut slowest: f64 = 0.0;
        for (what, result) in join_all(lanes).await.into_iter().flatten() {
            slowest = slowest.max(finding.found(&what, result).unwrap_or_default());
        }
        if finding.tries < count {
            return Err(format!("{} of {count} bad specs were tried", finding.tries));
        }
        finding.figures.push(format!(
            "{count} bad specs told, with the field, after {slowest:.1} s at most"
        ));
        Ok(())
    })
    .await;
    finding.count("the Models that were bad in between", done);
    finding
}

/// Tries one bad spec after another on a Model of its own, as long as it comes right again; what was tried, and what came of it.
async fn lane(
    scene: &Scene<'_>,
    number: usize,
    queue: &Mutex<VecDeque<Bad>>,
) -> Vec<(String, Result<f64, String>)> {
    let (space, name) = (&scene.space, format!("iris-{number}"));
    let begun = attempt(async {
        space.rows(&name, &iris_rows()).await;
        space.apply(&good(&name)).await;
        space.serves(&name, 1).await;
        essence(space, &name).await
    });
    let before = match begun.await {
        Ok(before) => before,
        Err(words) => return vec![(format!("Model {name}"), Err(words))],
    };
    let mut told = Vec::new();
    loop {
        let next = queue.lock().ok().and_then(|mut queue| queue.pop_front());
        let Some(bad) = next else { return told };
        let result = attempt(there_and_back(space, &name, &bad, &before));
        told.push((bad.what.clone(), result.await.and_then(|result| result)));
        space.apply(&good(&name)).await;
        if let Err(words) = attempt(space.ready_within(&name, 120)).await {
            told.push((format!("Model {name} after {}", bad.what), Err(words)));
            return told;
        }
    }
}

/// How long it took until a bad spec was told.
async fn there_and_back(space: &Space, name: &str, bad: &Bad, before: &Value) -> Result<f64, String> {
    let since = Instant::now();
    space.apply(&bad.of_model(name)).await;
    let mut last = String::new();
    let told = attempt(until(TOLD, "it is told", async || {
        let model = space.model(name).await;
        let ready = ready_now(&model)?;
        last = format!("{:?} {}: {}", ready.status, ready.reason, ready.message);
        let is_told = !is_ready(&model) && ready.reason == bad.reason && ready.message.contains(&bad.names);
        is_told.then_some(())
    }));
    let told = told.await;
    let took = since.elapsed().as_secs_f64();
    if told.is_err() {
        return Err(format!(
            "{} with {} was not told; it says {last}",
            bad.reason, bad.names
        ));
    }
    stays_unready(space, name).await?;
    space.apply(&good(name)).await;
    space.serves(name, 1).await;
    let mut after = Value::Null;
    let same = attempt(eventually("all is as it was", async || {
        after = essence(space, name).await;
        (after == *before).then_some(())
    }));
    match same.await {
        Ok(()) => Ok(took),
        Err(_) => Err(format!("was {before}, and is {after}")),
    }
}

async fn stays_unready(space: &Space, name: &str) -> Result<(), String> {
    let since = Instant::now();
    while since.elapsed() < WATCHED {
        if is_ready(&space.model(name).await) {
            return Err("says that it is ready".to_owned());
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// What a Model has made, and what it says of itself, without times and generations: what its Deployments have in them, its pods
/// by their UIDs, where its requests go, and the fits of what it is fitted to.
async fn essence(space: &Space, name: &str) -> Value {
    let deployments = space.list(DEPLOYMENT.0, DEPLOYMENT.1).await;
    let is_running = |one: &&Value| label(one, "auriga.dev/model") == name && one["spec"]["replicas"] != 0;
    let templates: Vec<Value> = (deployments.iter().filter(is_running))
        .map(|one| json!([one["metadata"]["name"], one["spec"]["template"]]))
        .collect();
    let serving = space.pods_that_serve(name).await;
    let mut pods: Vec<&str> = serving.iter().map(|pod| text(pod, "/metadata/uid")).collect();
    pods.sort_unstable();
    let service = space.get(SERVICE.0, SERVICE.1, name).await.unwrap_or_default();
    let status = space.model(name).await.status.unwrap_or_default();
    let fits = space.list(TRAINING_JOB.0, TRAINING_JOB.1).await;
    let fits = fits.iter().filter(|fit| {
        text(fit, "/spec/modelRef/name") == name
            && fit["spec"]["fitHash"]
                .as_str()
                .is_some_and(|hash| status.spec_hash.as_deref() == Some(hash))
    });
    let fits: Vec<&str> = fits.map(|fit| text(fit, "/metadata/uid")).collect();
    let conditions: Vec<Value> = (status.conditions.iter())
        .map(|one| json!([one.kind, one.status, one.reason]))
        .collect();
    json!({
        "deployments": templates,
        "pods": pods,
        "selector": service["spec"]["selector"],
        "conditions": conditions,
        "versions": [status.active_version, status.latest_version],
        "specHash": status.spec_hash,
        "readyReplicas": status.ready_replicas,
        "fits": fits,
    })
}
