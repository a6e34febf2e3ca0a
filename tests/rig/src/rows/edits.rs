//! What was made for a Model is edited by hand, field by field; what others add to it stays.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Space, until};
use serde_json::{Value, json};

use super::{
    children::{BUDGET, CONFIG_MAP, DEPLOYMENT, Kind, MODEL, SERVICE, owner, text},
    owned::{Path, edited, leaves, set},
};
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until an edit is reverted.
const REVERTED: f64 = 5.0;
/// For how long nothing may be written once all is as it should be.
const STEADY: usize = 60;

/// Fields in which the operator keeps what only the cluster has to remember, and the reference that makes an object its own:
/// whoever takes that away has taken the object over.
const NOT_MEANT: [&str; 3] = [
    "/metadata/annotations/auriga.dev",
    "/metadata/ownerReferences",
    "/metadata/finalizers",
];

/// How an edit came out.
enum Edit {
    Refused,
    Reverted(f64),
    Stayed,
}

/// Edits and takes out each field of the operator's, then adds what others may add.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn reverted(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let steady = Duration::from_secs(ground.times(STEADY, 20) as u64);
    let (mut slowest, mut refused): (f64, usize) = (0.0, 0);
    let done = scene(ground, async |scene| {
        scene.on_postgres().await;
        let space = &scene.space;
        // No pod is started for an edit that lasts for half a second; and the operator does not own this field.
        let name = child(space, DEPLOYMENT).await?;
        let pause = |object: &mut Value| object["spec"]["paused"] = json!(true);
        space.edit(DEPLOYMENT.0, DEPLOYMENT.1, &name, pause).await?;
        for kind in [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET] {
            let name = child(space, kind).await?;
            // What was made once is applied again for this.
            let relabel = |object: &mut Value| {
                object["metadata"]["labels"]["app.kubernetes.io/part-of"] = json!("somebody");
            };
            space.edit(kind.0, kind.1, &name, relabel).await?;
            let object = space.settled(kind.0, kind.1, &name).await;
            for path in leaves(&object, "auriga") {
                let place = path.place(&object).unwrap_or_default();
                if NOT_MEANT.iter().any(|start| place.starts_with(start)) {
                    continue;
                }
                let values = [object.pointer(&place).and_then(edited), None];
                for value in values.iter().enumerate().filter_map(|(at, value)| {
                    // The second one takes the field out.
                    (at == 1 || value.is_some()).then_some(value.as_ref())
                }) {
                    let how = if value.is_some() { "edited" } else { "taken out" };
                    let what = format!("{} {place} {how}", kind.1);
                    match edit(space, kind, &name, &path, value).await {
                        Edit::Refused => refused += 1,
                        Edit::Reverted(took) => {
                            slowest = slowest.max(took);
                            let late = format!("was reverted after {took:.1} s");
                            finding.count(&what, (took <= REVERTED).then_some(()).ok_or(late));
                        }
                        Edit::Stayed => finding.count(&what, Err("stayed".to_owned())),
                    }
                }
            }
        }
        let unpause = |object: &mut Value| object["spec"]["paused"] = json!(false);
        space.edit(DEPLOYMENT.0, DEPLOYMENT.1, &name, unpause).await?;
        space.ready_within("iris", 60).await;
        Ok(())
    })
    .await;
    finding.count("the Model afterwards", done);
    let edits = finding.tries - 1;
    let added = scene(ground, async |scene| foreign(scene, steady).await).await;
    finding.count("what others add", added);
    finding.figures.push(format!(
        "{edits} edits reverted after {slowest:.1} s at most, {refused} refused by the API server, nothing written for {} s",
        steady.as_secs()
    ));
    Ok(finding)
}

/// The name of the Model's child of this kind.
async fn child(space: &Space, kind: Kind) -> Result<String, String> {
    let found = space.list(kind.0, kind.1).await;
    let found = found.iter().find(|object| owner(object) == Some("Model"));
    let name = found.map(|object| text(object, "/metadata/name").to_owned());
    name.ok_or_else(|| format!("the Model has no {}", kind.1))
}

async fn edit(space: &Space, kind: Kind, name: &str, path: &Path, value: Option<&Value>) -> Edit {
    let Some(before) = space.get(kind.0, kind.1, name).await else {
        return Edit::Stayed;
    };
    let wanted = path.get(&before).cloned();
    let change = |object: &mut Value| set(object, path, value);
    match space.edit(kind.0, kind.1, name, change).await {
        // What the API server fills in again, nobody has to.
        Ok(written) if path.get(&written) == wanted.as_ref() => return Edit::Refused,
        Ok(_) => {}
        Err(_) => return Edit::Refused,
    }
    let reverted = attempt(seconds_until(15, "it is as it was", async || {
        let found = space.get(kind.0, kind.1, name).await?;
        (path.get(&found) == wanted.as_ref()).then_some(())
    }));
    let reverted = reverted.await;
    // An item of a list with another key is another item, which somebody has added: it stays, and would be in the way of the
    // next edit, as an edit that nobody has reverted would.
    let list = path.list_that_it_is_a_key_of();
    let spoilt = match (&list, &reverted) {
        (Some(list), _) => Some(list),
        (None, Err(_)) => Some(path),
        (None, Ok(_)) => None,
    };
    if let Some(spoilt) = spoilt {
        let place = spoilt.place(&before).unwrap_or_default();
        let back = |object: &mut Value| {
            if let (Some(field), Some(before)) = (object.pointer_mut(&place), before.pointer(&place)) {
                *field = before.clone();
            }
        };
        let _ = space.edit(kind.0, kind.1, name, back).await;
    }
    reverted.map_or(Edit::Stayed, |(took, ())| Edit::Reverted(took))
}

/// Adds what is not the operator's, and scales the Model: all of it stays, and nothing is written once it is so.
async fn foreign(scene: &Scene<'_>, steady: Duration) -> Result<(), String> {
    scene.on_postgres().await;
    let space = &scene.space;
    let mark = |object: &mut Value| {
        object["metadata"]["annotations"]["example.com/note"] = json!("ours");
        object["metadata"]["labels"]["example.com/team"] = json!("flowers");
    };
    let mut names = Vec::new();
    for kind in [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET] {
        let name = child(space, kind).await?;
        space.edit(kind.0, kind.1, &name, mark).await?;
        names.push((kind, name));
    }
    let inject = |object: &mut Value| {
        object["spec"]["template"]["metadata"]["annotations"]["example.com/injected"] = json!("yes");
    };
    space
        .edit(DEPLOYMENT.0, DEPLOYMENT.1, &names[1].1, inject)
        .await?;
    let stick = |object: &mut Value| object["spec"]["sessionAffinity"] = json!("ClientIP");
    space.edit(SERVICE.0, SERVICE.1, &names[0].1, stick).await?;
    space.scale_model("iris", 3).await;
    serving(space, 3).await;
    // It has no metrics to go by, and keeps within its bounds all the same.
    space.apply_object(&autoscaler(4)).await;
    serving(space, 4).await;
    scene.quiet(Duration::from_secs(12)).await;
    let writes = scene.writes_within(steady).await;
    if let Some(write) = writes.first() {
        return Err(format!("{} writes, such as {write}", writes.len()));
    }
    for (kind, name) in &names {
        let object = space.get(kind.0, kind.1, name).await.unwrap_or_default();
        let is_kept = text(&object, "/metadata/annotations/example.com~1note") == "ours"
            && text(&object, "/metadata/labels/example.com~1team") == "flowers";
        let is_injected = *kind != DEPLOYMENT
            || text(
                &object,
                "/spec/template/metadata/annotations/example.com~1injected",
            ) == "yes";
        let sticks = *kind != SERVICE || text(&object, "/spec/sessionAffinity") == "ClientIP";
        if !(is_kept && is_injected && sticks) {
            return Err(format!("{} {name} lost what others have set", kind.1));
        }
    }
    Ok(())
}

async fn serving(space: &Space, replicas: i64) {
    let what = format!("{replicas} pods answer");
    until(Duration::from_secs(60), &what, async || {
        let model = space.get(MODEL.0, MODEL.1, "iris").await?;
        (model["spec"]["replicas"] == replicas && model["status"]["readyReplicas"] == replicas).then_some(())
    })
    .await;
}

fn autoscaler(least: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "iris" },
        "spec": {
            "scaleTargetRef": { "apiVersion": MODEL.0, "kind": MODEL.1, "name": "iris" },
            "minReplicas": least,
            "maxReplicas": 5,
            "metrics": [{
                "type": "Resource",
                "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } },
            }],
        },
    })
}
