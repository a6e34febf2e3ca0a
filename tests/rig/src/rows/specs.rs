//! A Model is edited again and again, and in every field of its schema.

use std::time::Duration;

use anyhow::Result;
use auriga_crds::ConditionStatus;
use auriga_e2e::{Manifest, Space, is_ready, ready_now, until};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    bad_specs::short,
    schema::{Kind, Variant, variants},
    there_and_back,
};
use crate::{
    clients::Clients,
    finding::{Finding, attempt},
    ground::Ground,
    objects::{DEPLOYMENT, MODEL, SERVICE, label, slot_of},
    scene::{Scene, scene},
};

/// How many edits there are in ten seconds.
const EDITS: usize = 20;
/// How long it may take until an edit is noticed.
const NOTICED: Duration = Duration::from_secs(10);

/// Does all three.
///
/// Errors: the cluster does not know the kind Model.
pub(super) async fn changed(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let edited = scene(ground, async |scene| quickly(scene).await).await;
    let figures = finding.found("20 edits in 10 s", edited);
    finding.figures.extend(figures);
    let schema = ground.schema_of_models().await?;
    let every = ground.times(1, 5);
    let (bad, fields) = tokio::join!(
        there_and_back::bad_and_back(ground, &schema, every),
        every_field(ground, &schema, every)
    );
    finding.take(bad);
    finding.take(fields);
    Ok(finding)
}

async fn every_field(ground: &Ground, schema: &Value, every: usize) -> Finding {
    let mut finding = Finding::default();
    let done = scene(ground, async |scene| {
        let iris = scene.on_a_claim().await;
        each_field(scene, &iris, schema, every, &mut finding).await
    })
    .await;
    finding.count("the Model after all of its fields were tried", done);
    finding
}

/// Edits a Model twice a second while clients ask it: the last edit wins, and all requests are answered.
async fn quickly(scene: &Scene<'_>) -> Result<String, String> {
    let iris = scene.on_postgres().await;
    let space = &scene.space;
    space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
    let clients = Clients::begin(space).await;
    let mut wanted = iris.clone();
    for number in 0..EDITS {
        let c = 0.3 + 0.01 * (number + 1) as f64;
        let note = json!({ "edit": number.to_string() });
        wanted = iris.clone().c(c).with("/spec/serving/serviceMetadata", note);
        space.apply(&wanted).await;
        sleep(Duration::from_millis(500)).await;
    }
    let since = Instant::now();
    let last = attempt(until(
        Duration::from_secs(90),
        "the last edit is served",
        async || {
            let model = space.model("iris").await;
            let status = model.status.clone()?;
            let jobs = space.training_jobs().await;
            let of_last = jobs.iter().find(|job| job.spec.fit_hash == status.spec_hash)?;
            let version = of_last.status.as_ref()?.result.as_ref()?.version;
            (is_ready(&model) && version.is_some() && status.active_version == version).then_some(())
        },
    ));
    let last = last.await;
    let took = since.elapsed().as_secs_f64();
    // Nodes hear of the last move of the traffic a moment later.
    sleep(Duration::from_secs(2)).await;
    let answers = clients.end().await;
    last?;
    answers.all_well()?;
    let answer = space.ask("iris", auriga_e2e::IRIS_ROW).await?.json();
    let edit = &wanted.value()["spec"]["serving"]["serviceMetadata"]["edit"];
    if answer["metadata"]["edit"] != *edit {
        return Err(format!("answers {answer}, the last edit was {edit}"));
    }
    Ok(format!(
        "the last of 20 edits served after {took:.1} s, {} predictions, none failed",
        answers.sent
    ))
}

/// Tries what the schema allows and forbids in every field: what it forbids is refused; what it allows is taken, noticed, and
/// never keeps the operator from its work.
async fn each_field(
    scene: &Scene<'_>,
    iris: &Manifest,
    schema: &Value,
    every: usize,
    finding: &mut Finding,
) -> Result<(), String> {
    let space = &scene.space;
    let (mut taken, mut refused, mut ruled_out, mut fields) = (0_usize, 0_usize, 0_usize, Vec::new());
    for variant in variants(schema, &iris.value()["spec"]).iter().step_by(every) {
        let what = format!("{:?} {}: {}", variant.kind, variant.field, short(&variant.value));
        fields.push(variant.field.clone());
        let manifest = iris.clone().with("/spec", variant.spec.clone());
        // In an object that is there already, an empty list takes the list away rather than being one.
        let fresh = manifest.clone().with("/metadata/name", "fresh");
        let answer = space.would_take(fresh.value()).await.map(drop);
        let result = match (variant.kind, answer) {
            (Kind::Invalid, Err(words)) => {
                refused += 1;
                variant.is_told_by(&words)
            }
            (Kind::Invalid, Ok(())) => Err("was taken".to_owned()),
            // Rules between fields speak in sentences of ours; the schema alone says "should be".
            (_, Err(words)) if words.contains("should be") || words.contains("must be of type") => Err(words),
            (_, Err(_)) => {
                ruled_out += 1;
                continue;
            }
            (_, Ok(())) => {
                taken += 1;
                carried_out(space, variant, manifest).await
            }
        };
        finding.count(&what, result);
    }
    fields.sort();
    fields.dedup();
    finding.figures.push(format!(
        "{} fields of the schema: {taken} values taken, {refused} refused with field and limit, {ruled_out} ruled out by another field",
        fields.len()
    ));
    space.apply(iris).await;
    attempt(space.serves("iris", 1)).await.map(|_| ())
}

/// Applies what was taken. What decides the fit is not fitted, since it is the operator that is tried.
async fn carried_out(space: &Space, variant: &Variant, manifest: Manifest) -> Result<(), String> {
    let reaches_pods = ["pod", "serving", "activation", "replicas"]
        .iter()
        .any(|start| variant.field.starts_with(start));
    let is_suspend = variant.field == "suspend";
    let manifest = if reaches_pods || is_suspend {
        manifest
    } else {
        manifest.with("/spec/suspend", true)
    };
    // Forty pods say no more than two.
    let many = manifest.value()["spec"]["replicas"].as_i64().unwrap_or(1) > 2;
    if many {
        return Ok(());
    }
    space.try_apply(manifest.value()).await?;
    let noticed = until(NOTICED, "the edit is noticed", async || {
        let model = space.model("iris").await;
        ready_now(&model).cloned()
    });
    let ready = attempt(noticed).await?;
    let service = space.get(SERVICE.0, SERVICE.1, "iris").await.unwrap_or_default();
    let slot = slot_of(&service);
    let deployments = space.list(DEPLOYMENT.0, DEPLOYMENT.1).await;
    let serving = deployments
        .iter()
        .find(|one| label(one, "auriga.dev/slot") == slot);
    let is_serving = serving.is_some_and(|one| one["status"]["readyReplicas"].as_i64() >= Some(1));
    let wants_none = space.get(MODEL.0, MODEL.1, "iris").await.unwrap_or_default()["spec"]["replicas"] == 0;
    if ready.status == ConditionStatus::True && !is_serving && !wants_none {
        return Err("says that it is ready, and no pod answers".to_owned());
    }
    Ok(())
}
