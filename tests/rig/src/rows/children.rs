//! What was made for a Model or a TrainingJob is deleted by hand.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Space, eventually, is_ready};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::{
        BUDGET, CONFIG_MAP, DEPLOYMENT, JOB, Kind, SERVICE, TRAINING_JOB, is_any_true, is_ending, name,
        owner, text,
    },
    scene::{Scene, scene, seconds_until},
};

/// A kind, and the kind of the owner that is meant.
type Child = (Kind, &'static str);

/// How long it may take until a child is back.
const BACK: f64 = 5.0;
/// For how long nothing may be fitted again.
const WATCHED: Duration = Duration::from_secs(8);

/// Deletes each of them, then all at once.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn deleted(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    let done = scene(ground, async |scene| {
        let space = &scene.space;
        let iris = scene.on_postgres().await;
        let of_model = [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET].map(|kind| (kind, "Model"));
        for children in of_model.iter().map(std::slice::from_ref).chain([&of_model[..]]) {
            strike(space, children, &mut finding, &mut slowest).await;
            space.ready_within("iris", 60).await;
        }
        for kind in [JOB, CONFIG_MAP, TRAINING_JOB] {
            let what = format!("the {} of a fit that is over", kind.1);
            finding.count(&what, stays_away(scene, kind).await);
        }
        // A fit that no node takes lasts as long as it has to.
        let waiting = iris
            .clone()
            .c(0.5)
            .with("/spec/pod/nodeSelector", json!({ "disk": "golden" }));
        space.apply(&waiting).await;
        let of_fit = [
            (JOB, "TrainingJob"),
            (CONFIG_MAP, "TrainingJob"),
            (TRAINING_JOB, "Model"),
        ];
        for children in of_fit.iter().map(std::slice::from_ref).chain([&of_fit[..]]) {
            eventually("the fit has its Job", async || {
                living(space, of_fit[0]).await.into_iter().next()
            })
            .await;
            strike(space, children, &mut finding, &mut slowest).await;
        }
        space.apply(&iris.c(0.5)).await;
        space.serves("iris", 2).await;
        Ok(())
    })
    .await;
    finding.count("the Model afterwards", done);
    finding.figures.push(format!("back after {slowest:.1} s at most"));
    Ok(finding)
}

/// Deletes what there is of these kinds, and sees whether all of it comes back.
async fn strike(space: &Space, children: &[Child], finding: &mut Finding, slowest: &mut f64) {
    let mut before = Vec::new();
    for &child in children {
        let found = living(space, child).await;
        let (version, kind) = child.0;
        for object in &found {
            space.remove(version, kind, name(object)).await;
        }
        before.push((child, found));
    }
    for (child, found) in before {
        let (kind, of) = (child.0.1, child.1);
        let what = if children.len() == 1 {
            format!("a {kind} of a {of}")
        } else {
            format!("a {kind} of a {of} with all others")
        };
        let (took, is_back) = back(space, child, &found).await;
        *slowest = slowest.max(took);
        let result = match is_back {
            _ if found.is_empty() => Err("there was none to delete".to_owned()),
            true if took <= BACK => Ok(()),
            true => Err(format!("came back after {took:.1} s")),
            false => Err("never came back".to_owned()),
        };
        finding.count(&what, result);
    }
}

/// How long it takes until there are as many as before, all of them others; and whether there are at all.
async fn back(space: &Space, child: Child, before: &[Value]) -> (f64, bool) {
    let waited = attempt(seconds_until(20, "it is back", async || {
        let found = living(space, child).await;
        let is_other = |one: &&Value| {
            let uid = text(one, "/metadata/uid");
            before.iter().all(|old| text(old, "/metadata/uid") != uid)
        };
        (found.iter().filter(is_other).count() >= before.len()).then_some(())
    }));
    waited.await.map_or((20.0, false), |(took, ())| (took, true))
}

/// Deletes what a fit that is over left of a kind: nothing may be fitted again for it.
async fn stays_away(scene: &Scene<'_>, kind: Kind) -> Result<(), String> {
    let space = &scene.space;
    let left: Vec<Value> = (space.list(kind.0, kind.1).await.into_iter())
        .filter(|object| kind == TRAINING_JOB || owner(object) == Some("TrainingJob"))
        .collect();
    if left.is_empty() {
        return Err("there is none to delete".to_owned());
    }
    for object in &left {
        space.remove(kind.0, kind.1, name(object)).await;
    }
    sleep(WATCHED).await;
    let jobs = living(space, (JOB, "TrainingJob")).await.len();
    let model = space.model("iris").await;
    let version = model.status.as_ref().and_then(|status| status.latest_version);
    if jobs > 0 || version != Some(1) || !is_ready(&model) {
        return Err(format!("{jobs} Jobs run, the newest version is {version:?}"));
    }
    Ok(())
}

/// What is there of a kind, belongs to such an owner, is not over, and is not being deleted.
async fn living(space: &Space, (kind, of): Child) -> Vec<Value> {
    let mut found = space.list(kind.0, kind.1).await;
    found.retain(|object| {
        let is_over = [TRAINING_JOB, JOB].contains(&kind) && !is_unfinished(object);
        owner(object) == Some(of) && !is_over && !is_ending(object)
    });
    found
}

/// Whether a TrainingJob or Job has not come to its end.
pub(super) fn is_unfinished(object: &Value) -> bool {
    !is_any_true(object, &["Complete", "Failed", "SuccessCriteriaMet"])
}
