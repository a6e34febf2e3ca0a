//! What a fit is made of is edited by hand: its Job, its manifest, and the place in a queue that is another's to give.

use std::time::Duration;

use auriga_e2e::{Space, eventually, is_ready};
use serde_json::{Value, json};

use super::{
    children::is_unfinished,
    edits::{Edit, Edits, STAYED, edit, edits_of, told},
};
use crate::{
    finding::{attempt, nothing_of},
    ground::Ground,
    objects::{self, CONFIG_MAP, JOB, Kind, owner, text},
    scene::{Scene, scene},
};

/// What a Job or a manifest is made with, and may be changed by anybody afterwards: it is made once, and no look rests on it. All
/// else is reverted, or refused by the API server.
const MADE_ONCE: [&str; 6] = [
    "/metadata/annotations",
    "/metadata/labels",
    "/spec/activeDeadlineSeconds",
    "/spec/backoffLimit",
    "/spec/parallelism",
    "/spec/podReplacementPolicy",
];
/// The label that watches go by: without it an object would be made anew.
const WATCHED_BY: &str = "/metadata/labels/app.kubernetes.io~1managed-by";
/// When an edit of what was made once counts as one that stays, in seconds.
const LEFT: u64 = 2;
/// How long Kueue's wish is watched.
const WATCHED: Duration = Duration::from_secs(6);

/// Edits and takes out each field that the operator has written into a Job and a manifest whose fit waits for a node; then lets
/// the fit come to its end. Then plays Kueue for another one.
pub(super) async fn edited(ground: &Ground) -> Edits {
    let mut edits = Edits::default();
    let done = scene(ground, async |scene| {
        let iris = scene.on_postgres().await;
        let space = &scene.space;
        let node = format!("rig.auriga.dev/{}", space.name);
        let waiting = iris.clone().c(0.5);
        let nowhere = json!({ &node: "yes" });
        space
            .apply(&waiting.clone().with("/spec/pod/nodeSelector", nowhere))
            .await;
        for kind in [JOB, CONFIG_MAP] {
            let name = of_fit(space, kind).await;
            each_field(scene, kind, &name, &mut edits).await?;
        }
        let mark_nodes = async |label: String| space.cluster.run(&["label", "nodes", "--all", &label]).await;
        mark_nodes(format!("{node}=yes")).await;
        let ended = attempt(space.serves("iris", 2)).await;
        mark_nodes(format!("{node}-")).await;
        ended?;
        let jobs = space.list(JOB.0, JOB.1).await;
        let jobs = jobs
            .iter()
            .filter(|job| owner(job) == Some("TrainingJob"))
            .count();
        let few = (jobs <= 2)
            .then_some(())
            .ok_or(format!("{jobs} Jobs for two fits"));
        edits.finding.count("the fit that was edited", few);
        space.apply(&waiting).await;
        space.serves("iris", 2).await;
        edits
            .finding
            .count("a Job in a queue", queued(scene, &waiting).await);
        Ok(())
    })
    .await;
    edits.finding.count("the fits afterwards", done);
    edits
}

async fn each_field(scene: &Scene<'_>, kind: Kind, name: &str, edits: &mut Edits) -> Result<(), String> {
    let space = &scene.space;
    let made = as_made(scene, name).ok_or_else(|| format!("{} {name} was made by somebody else", kind.1))?;
    let object = space.settled(kind.0, kind.1, name).await;
    for (path, place, value) in edits_of(&object) {
        if made.pointer(&place).is_none() {
            // The API server has filled it in for who made the object.
            continue;
        }
        let is_left = place != WATCHED_BY && MADE_ONCE.iter().any(|start| place.starts_with(start));
        let patience = if is_left { LEFT } else { STAYED };
        let what = format!("{} of a fit", told(kind, &place, value.as_ref()));
        match edit(space, kind, name, &path, value.as_ref(), patience).await {
            Edit::Stayed if is_left => edits.left += 1,
            came_out => edits.count(&what, &came_out),
        }
        let Some(now) = space.get(kind.0, kind.1, name).await else {
            return Err(format!("{what}: it is gone"));
        };
        if now["metadata"]["uid"] != object["metadata"]["uid"] {
            return Err(format!("{what}: another one has taken its place"));
        }
    }
    Ok(())
}

/// An object as the operator has asked for it.
fn as_made(scene: &Scene<'_>, name: &str) -> Option<Value> {
    let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default();
    scene.proxy().seen(|record| {
        let created = record.written.iter().filter(|one| one.verb == "create");
        let mut objects = created.map(|one| read(&one.body));
        objects.find(|object| objects::name(object) == name)
    })
}

/// The name of what the newest fit has of a kind.
async fn of_fit(space: &Space, kind: Kind) -> String {
    let job = eventually("the fit has its Job", async || {
        let jobs = space.list(JOB.0, JOB.1).await;
        let is_it = |job: &Value| owner(job) == Some("TrainingJob") && is_unfinished(job);
        jobs.into_iter().find(is_it)
    })
    .await;
    if kind == JOB {
        return objects::name(&job).to_owned();
    }
    let volumes = job["spec"]["template"]["spec"]["volumes"].as_array();
    let mounted = |name: &str| {
        let is_it = |volume: &Value| text(volume, "/configMap/name") == name;
        volumes.is_some_and(|volumes| volumes.iter().any(is_it))
    };
    let found = space.list(kind.0, kind.1).await;
    let found = found.iter().map(|one| (owner(one), objects::name(one)));
    let name = found.filter(|(owner, name)| *owner == Some("TrainingJob") && mounted(name));
    name.map(|(_, name)| name.to_owned()).next().unwrap_or_default()
}

/// Lets a fit stand in a queue, be admitted, sent back and admitted again: nobody else says whether it is suspended.
async fn queued(scene: &Scene<'_>, iris: &auriga_e2e::Manifest) -> Result<(), String> {
    let space = &scene.space;
    let queue = json!({ "kueue.x-k8s.io/queue-name": "flowers" });
    space
        .apply(&iris.clone().c(0.6).with("/metadata/labels", queue))
        .await;
    let name = of_fit(space, JOB).await;
    let job = space.settled(JOB.0, JOB.1, &name).await;
    if job["spec"]["suspend"] != true {
        return Err("did not wait for its queue".to_owned());
    }
    scene.proxy().begin(None);
    for suspend in [false, true] {
        let set = |job: &mut Value| job["spec"]["suspend"] = json!(suspend);
        space.edit(JOB.0, JOB.1, &name, set).await?;
        // An admitted fit takes a moment until it has ended.
        let watched = if suspend {
            WATCHED
        } else {
            Duration::from_millis(300)
        };
        tokio::time::sleep(watched).await;
        let job = space.get(JOB.0, JOB.1, &name).await.unwrap_or_default();
        if job["spec"]["suspend"] != suspend {
            return Err(format!(
                "suspend was {suspend}, and is {}",
                job["spec"]["suspend"]
            ));
        }
        if suspend && is_ready(&space.model("iris").await) {
            return Err("is ready while its fit waits".to_owned());
        }
    }
    let admit = |job: &mut Value| job["spec"]["suspend"] = json!(false);
    space.edit(JOB.0, JOB.1, &name, admit).await?;
    attempt(space.serves("iris", 3)).await?;
    let written = scene.proxy().seen(|record| {
        let jobs = record.writes.iter().filter(|one| one.write.resource == "jobs");
        jobs.map(ToString::to_string).collect::<Vec<_>>()
    });
    nothing_of(&written)
}
