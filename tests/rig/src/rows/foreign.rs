//! Objects of somebody else have the names of ours, and names are odd or long.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space, eventually, until};
use serde_json::{Value, json};

use super::children::is_unfinished;
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::{
        BUDGET, CONFIG_MAP, DEPLOYMENT, JOB, Kind, MODEL, SERVICE, TRAINING_JOB, conditions, owner, text,
    },
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until a taken name is told.
const TOLD: u64 = 10;

/// Puts an object of somebody else in the place of each child in turn, while the operator is away.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn names_taken(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    let done = scene(ground, async |scene| {
        let iris = scene.on_postgres().await;
        for kind in [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET] {
            let found = scene.space.list(kind.0, kind.1).await;
            let ours = found.into_iter().find(|one| owner(one) == Some("Model"));
            let result = take_the_name_of(scene, kind, ours, &mut slowest).await;
            finding.count(&format!("a foreign {}", kind.1), result);
            scene.space.ready_within("iris", 60).await;
        }
        // A fit that no node takes lasts as long as it has to.
        let mut number = 0;
        for kind in [TRAINING_JOB, CONFIG_MAP, JOB] {
            number += 1;
            let c = 0.5 + 0.1 * f64::from(number);
            let waiting = json!({ "disk": "golden" });
            scene
                .space
                .apply(&iris.clone().c(c).with("/spec/pod/nodeSelector", waiting))
                .await;
            let ours = eventually("the new fit has a Job", async || {
                let jobs = scene.space.list(TRAINING_JOB.0, TRAINING_JOB.1).await;
                let job = jobs.into_iter().find(is_unfinished)?;
                let uid = text(&job, "/metadata/uid").to_owned();
                let is_its = |one: &&Value| text(one, "/metadata/ownerReferences/0/uid") == uid;
                let jobs = scene.space.list(JOB.0, JOB.1).await;
                jobs.iter().find(is_its)?;
                if kind == TRAINING_JOB {
                    return Some(job);
                }
                scene
                    .space
                    .list(kind.0, kind.1)
                    .await
                    .into_iter()
                    .find(|one| is_its(&one))
            })
            .await;
            let result = take_the_name_of(scene, kind, Some(ours), &mut slowest).await;
            finding.count(&format!("a foreign {} of a fit", kind.1), result);
            scene.space.apply(&iris.clone().c(c)).await;
            scene.space.ready_within("iris", 90).await;
        }
        Ok(())
    })
    .await;
    finding.count("the Model afterwards", done);
    let alike = scene(ground, async |scene| cut_alike(&scene.space).await).await;
    finding.count("two names that are cut alike", alike);
    finding.figures.push(format!("told after {slowest:.1} s at most"));
    Ok(finding)
}

/// Deletes `ours` while no operator is there, makes a foreign object of that name, and lets the operator find it.
async fn take_the_name_of(
    scene: &mut Scene<'_>,
    kind: Kind,
    ours: Option<Value>,
    slowest: &mut f64,
) -> Result<(), String> {
    let ours = ours.ok_or_else(|| format!("there is no {} of ours", kind.1))?;
    let name = text(&ours, "/metadata/name").to_owned();
    scene.stop().await;
    scene.space.remove(kind.0, kind.1, &name).await;
    scene.space.gone(kind.0, kind.1, &name).await;
    let foreign = scene.space.make(&foreign(kind, &ours)).await;
    scene.rise_again().await?;
    let told = attempt(seconds_until(
        TOLD + 5,
        "the name's conflict is told",
        async || {
            for (version, kind) in [MODEL, TRAINING_JOB] {
                let all = scene.space.list(version, kind).await;
                let tells = |object: &Value| {
                    conditions(object)
                        .any(|one| one["reason"] == "NameConflict" && text(one, "/message").contains(&name))
                };
                if all.iter().any(tells) {
                    return Some(());
                }
            }
            None
        },
    ));
    let told = told.await;
    // Whoever looks once more has the time to do harm.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let found = scene.space.get(kind.0, kind.1, &name).await.unwrap_or_default();
    // Every TrainingJob is told its status, whoever has made it.
    let is_untouched = if kind == TRAINING_JOB {
        ["generation", "labels", "ownerReferences"]
            .iter()
            .all(|field| found["metadata"][field] == foreign["metadata"][field])
    } else {
        found["metadata"]["resourceVersion"] == foreign["metadata"]["resourceVersion"]
    };
    scene.space.remove(kind.0, kind.1, &name).await;
    scene.space.gone(kind.0, kind.1, &name).await;
    let (took, ()) = told?;
    *slowest = slowest.max(took);
    if !is_untouched {
        return Err(format!("was touched: {found}"));
    }
    if took > TOLD as f64 {
        return Err(format!("was told after {took:.1} s"));
    }
    // Its like is made again: the Model goes on as before.
    let what = format!("a {} of ours is back", kind.1);
    let back = until(Duration::from_secs(40), &what, async || {
        let found = scene.space.list(kind.0, kind.1).await;
        let is_ours = |one: &Value| ["Model", "TrainingJob"].map(Some).contains(&owner(one));
        let alike = |one: &&Value| is_ours(one) && is_as_new(one, &ours);
        found.iter().find(alike).map(|_| ())
    });
    attempt(back).await
}

/// Whether `one` was made after `ours`, for the same.
fn is_as_new(one: &Value, ours: &Value) -> bool {
    text(one, "/metadata/uid") != text(ours, "/metadata/uid")
        && text(one, "/metadata/creationTimestamp") >= text(ours, "/metadata/creationTimestamp")
}

/// An object of somebody else with the name of `ours`, which does nothing.
fn foreign(kind: Kind, ours: &Value) -> Value {
    let mut object = json!({
        "apiVersion": kind.0,
        "kind": kind.1,
        "metadata": { "name": ours["metadata"]["name"], "labels": { "app": "somebody" } },
    });
    match kind {
        CONFIG_MAP => object["data"] = json!({ "a": "b" }),
        SERVICE => object["spec"] = json!({ "selector": { "app": "somebody" }, "ports": [{ "port": 80 }] }),
        BUDGET => {
            object["spec"] =
                json!({ "minAvailable": 1, "selector": { "matchLabels": { "app": "somebody" } } });
        }
        DEPLOYMENT => {
            let mut spec = ours["spec"].clone();
            spec["replicas"] = json!(0);
            object["spec"] = spec;
        }
        JOB => {
            let template = &ours["spec"]["template"]["spec"];
            object["spec"] = json!({ "suspend": true, "template": { "spec": template } });
        }
        _ => object["spec"] = json!({ "modelRef": { "name": "somebody" }, "suspend": true }),
    }
    object
}

/// Two TrainingJobs whose names differ only behind what a name of 63 characters holds.
async fn cut_alike(space: &Space) -> Result<(), String> {
    space.iris_data("iris").await;
    space
        .apply(&Manifest::iris("iris").with("/spec/suspend", true))
        .await;
    let names = ["one", "two"].map(|end| format!("{}-{end}", "a".repeat(100)));
    for name in &names {
        space.try_apply(&by_hand(name)).await?;
    }
    for name in &names {
        let job = attempt(space.ended(name)).await?;
        let version = job.status.and_then(|status| status.result?.version);
        if version != Some(1) {
            return Err(format!("{name} ended with version {version:?}"));
        }
    }
    Ok(())
}

fn by_hand(name: &str) -> Value {
    json!({
        "apiVersion": TRAINING_JOB.0,
        "kind": TRAINING_JOB.1,
        "metadata": { "name": name },
        "spec": { "modelRef": { "name": "iris" }, "suspend": false },
    })
}

/// Tries names: each that is taken works, the others are refused with what to do.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn odd_names(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let (mut taken, mut refused) = (0, 0);
    let names = [
        "a".to_owned(),
        "a".repeat(52),
        "a-".repeat(25) + "a",
        "a".repeat(53),
        "a".repeat(63),
        "a".repeat(64),
        "a".repeat(253),
        "a.b".to_owned(),
        "1a".to_owned(),
        "a1".to_owned(),
    ];
    let done = scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        space
            .apply(&Manifest::iris("iris").with("/spec/suspend", true))
            .await;
        for name in &names {
            let model = Manifest::iris("iris").with("/metadata/name", name.as_str());
            let result = match space.try_apply(model.value()).await {
                Ok(_) => {
                    taken += 1;
                    let ready = attempt(space.ready_within(name, 90)).await;
                    space.remove(MODEL.0, MODEL.1, name).await;
                    ready.map(|_| ())
                }
                Err(words) => {
                    refused += 1;
                    let is_clear = words.contains("use at most 52 lower-case letters");
                    is_clear.then_some(()).ok_or(words)
                }
            };
            finding.count(&format!("Model {name}"), result);
            let result = match space.try_apply(&by_hand(name)).await {
                Ok(_) => {
                    taken += 1;
                    let ended = attempt(space.ended(name)).await;
                    ended.and_then(|job| {
                        let version = job.status.and_then(|status| status.result?.version);
                        version.map(|_| ()).ok_or_else(|| "made no version".to_owned())
                    })
                }
                Err(words) => {
                    refused += 1;
                    words.contains("name").then_some(()).ok_or(words)
                }
            };
            finding.count(&format!("TrainingJob {name}"), result);
        }
        Ok(())
    })
    .await;
    finding.count("all names", done);
    finding
        .figures
        .push(format!("{taken} names taken and working, {refused} refused"));
    Ok(finding)
}
