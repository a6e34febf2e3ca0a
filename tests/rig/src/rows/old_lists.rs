//! An operator that starts anew and is told of the cluster as it was, before something was deleted.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use auriga_e2e::{Manifest, Space};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    finding::{Finding, in_words},
    ground::Ground,
    objects::{BUDGET, CONFIG_MAP, DEPLOYMENT, JOB, Kind, SERVICE, TRAINING_JOB, is_ending},
    oracle::named,
    proxy::{Act, Record},
    request::{Nth, Write},
    scene::{QUIET, Scene, scene, within},
    workload::Workload,
};

/// What the operator calls itself where it writes.
const OPERATOR: &str = "auriga";
/// How many stories are told at once.
const AT_ONCE: usize = 3;
/// How long the operator believes what it was told.
const BELIEVED: Duration = Duration::from_secs(8);
/// How long after that it is watched.
const WATCHED: Duration = Duration::from_secs(5);
/// How often a story is told whose delete does not come.
const TRIES: usize = 3;

/// What is done so that the operator deletes something.
#[derive(Clone, Copy)]
enum Story {
    /// One of the sweep's.
    Of(Workload),
    /// A Model is fitted a third time: what the first version had goes.
    Third,
    /// A Model is edited while it is fitted: that fit goes.
    Superseded,
}

impl Story {
    const ALL: [Story; 5] = [
        Story::Of(Workload::Retain),
        Story::Of(Workload::Delete),
        Story::Of(Workload::Retrain),
        Story::Third,
        Story::Superseded,
    ];

    fn word(self) -> &'static str {
        match self {
            Story::Of(workload) => workload.word(),
            Story::Third => "third fit",
            Story::Superseded => "edit during a fit",
        }
    }

    async fn prepare(self, space: &Space) {
        match self {
            Story::Of(workload) => workload.prepare(space).await,
            Story::Third => {
                Workload::Retrain.prepare(space).await;
                Workload::Retrain.work(space).await;
            }
            Story::Superseded => Workload::Create.prepare(space).await,
        }
    }

    async fn work(self, space: &Space) -> Result<(), String> {
        match self {
            Story::Of(workload) => {
                workload.work(space).await;
            }
            Story::Third => {
                space.apply(&fitted_with(0.7)).await;
                space.serves("iris", 3).await;
            }
            Story::Superseded => {
                space.apply(&fitted_with(0.6)).await;
                let begun = async || !space.list(JOB.0, JOB.1).await.is_empty();
                within(30.0, "a fit has begun", begun).await?;
                space.apply(&fitted_with(0.7)).await;
                let is_ready = async || auriga_e2e::is_ready(&space.model("iris").await);
                within(60.0, "the edit is served", is_ready).await?;
            }
        }
        Ok(())
    }
}

fn fitted_with(c: f64) -> Manifest {
    Manifest::iris("iris").with("/spec/deletionPolicy", "Retain").c(c)
}

/// What came of one story.
#[derive(Default)]
struct Told {
    /// What was tried, and what is wrong.
    tries: Vec<(String, Result<(), String>)>,
    /// How many deletes the operator sent, and how many of them without saying what they mean.
    deletes: usize,
    careless: usize,
}

/// For each delete of each story: the operator starts anew on lists from before that delete, while something else has the
/// name of what was deleted.
///
/// Errors: the cluster does not answer.
pub(crate) async fn told_again(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let (mut deletes, mut careless) = (0, 0);
    let stories = stream::iter(Story::ALL).map(|story| one(ground, story));
    let mut stories = stories.buffered(AT_ONCE);
    while let Some(told) = stories.next().await {
        let told = told?;
        for (what, result) in told.tries {
            finding.count(&what, result);
        }
        deletes += told.deletes;
        careless += told.careless;
    }
    finding.figures.push(format!(
        "{} of {deletes} DELETEs with the UID and the version they mean",
        deletes - careless
    ));
    Ok(finding)
}

async fn one(ground: &Ground, story: Story) -> Result<Told> {
    let mut told = Told::default();
    let mut writes = Vec::new();
    let result = scene(ground, async |scene| {
        story.prepare(&scene.space).await;
        scene.quiet(QUIET).await;
        scene.proxy().begin(None);
        story.work(&scene.space).await?;
        scene.quiet(QUIET).await;
        writes = scene.proxy().seen(|record| record.writes.clone());
        Ok(())
    });
    told.tries
        .push((format!("{} without a fault", story.word()), result.await));
    let deletes: BTreeSet<Nth> = (writes.into_iter())
        .filter(|nth| nth.write.verb == "delete")
        .collect();
    // Where the operator deletes nothing, the state before the first write stands for that.
    let points: Vec<Option<Nth>> = if deletes.is_empty() {
        vec![None]
    } else {
        deletes.into_iter().map(Some).collect()
    };
    for point in points {
        let what = match &point {
            Some(nth) => format!("{}: lists from before {nth}", story.word()),
            None => format!("{}: lists from before it", story.word()),
        };
        let mut result = Ok(false);
        for _ in 0..TRIES {
            let misled = scene(ground, async |scene| {
                let result = mislead(scene, story, point.clone()).await;
                scene.proxy().seen(|record| {
                    told.deletes += sent_deletes(record);
                    told.careless += record.careless.len();
                });
                result
            });
            result = misled.await;
            if !matches!(result, Ok(false)) {
                break;
            }
        }
        let has_come = |came: bool| came.then_some(()).ok_or_else(|| "it did not come".to_owned());
        told.tries.push((what, result.and_then(has_come)));
    }
    Ok(told)
}

fn sent_deletes(record: &Record) -> usize {
    let is_delete = |nth: &&Nth| nth.write.verb == "delete";
    record.writes.iter().filter(is_delete).count()
}

/// Whether the delete came before which the lists are to be kept: some come in some runs alone, as when what was to be deleted
/// had changed.
async fn mislead(scene: &mut Scene<'_>, story: Story, point: Option<Nth>) -> Result<bool, String> {
    story.prepare(&scene.space).await;
    scene.quiet(QUIET).await;
    let at = point.clone().unwrap_or_else(first_delete);
    scene.proxy().begin_and(Some((at.clone(), Act::KeepLists)));
    if point.is_none() {
        scene.proxy().keep_lists().await.map_err(in_words)?;
    }
    let before = stored(&scene.space).await;
    story.work(&scene.space).await?;
    scene.quiet(QUIET).await;
    if point.is_some() && scene.proxy().seen(|record| record.struck.is_none()) {
        return Ok(false);
    }
    scene.stop().await;
    // What came and went while the story was told is in the lists alone.
    let listed = scene.proxy().kept();
    let is_known = |one: &Value| {
        let mut kinds = KINDS.iter();
        kinds.any(|(version, kind)| one["apiVersion"] == *version && one["kind"] == *kind)
    };
    let before = before.into_iter().chain(listed.into_iter().filter(is_known));
    let anew = make_anew(&scene.space, before).await?;
    let settled = stored(&scene.space).await;
    if anew.is_empty() && point.is_some() {
        return Err("nothing was gone that could be made anew".to_owned());
    }
    scene.proxy().replay_lists();
    scene.proxy().let_see(|view| view.is_frozen = true);
    scene.rise_again().await?;
    sleep(BELIEVED).await;
    if !scene.proxy().has_replayed() {
        return Err("the operator has not asked for the old lists".to_owned());
    }
    scene.proxy().let_see(|view| view.is_frozen = false);
    sleep(WATCHED).await;
    for (version, kind, name, uid) in anew {
        let found = scene.space.get(&version, &kind, &name).await;
        let found = found.filter(|found| found["metadata"]["uid"] == uid.as_str());
        let Some(found) = found.filter(|found| !is_ending(found)) else {
            return Err(format!("{kind} {name}, which was made anew, was deleted"));
        };
        // What a TrainingJob's status says is the operator's to write, whoever made it.
        let is_touched = |one: &Value| one["manager"] == OPERATOR && one["subresource"].is_null();
        let managers = found["metadata"]["managedFields"].as_array();
        if managers.is_some_and(|all| all.iter().any(is_touched)) {
            return Err(format!("{kind} {name}, which was made anew, was written to"));
        }
    }
    // All was at rest: whatever the lists said, nothing of it was to go.
    let left = stored(&scene.space).await;
    let is_left = |one: &Value| {
        let uid = &one["metadata"]["uid"];
        left.iter().any(|found| found["metadata"]["uid"] == *uid)
    };
    let mut stays = settled.iter().filter(|one| !is_ending(one));
    if let Some(gone) = stays.find(|one| !is_left(one)) {
        return Err(format!("{} is gone", named(gone)));
    }
    let careless = scene.proxy().seen(|record| record.careless.clone());
    match careless.first() {
        Some(path) => Err(format!("deleted {path} without preconditions")),
        None => Ok(true),
    }
}

fn first_delete() -> Nth {
    Nth {
        write: Write {
            verb: "delete",
            resource: String::new(),
            name: String::new(),
        },
        number: 1,
    }
}

/// The kinds that an operator deletes.
const KINDS: [Kind; 6] = [DEPLOYMENT, JOB, TRAINING_JOB, CONFIG_MAP, SERVICE, BUDGET];

async fn stored(space: &Space) -> Vec<Value> {
    let mut all = Vec::new();
    for (version, kind) in KINDS {
        all.extend(space.list(version, kind).await);
    }
    all
}

/// Makes everything of `before` again under its name that is gone by now, as if it were somebody else's who has copied
/// name and labels; version, kind, name and UID of each.
async fn make_anew(
    space: &Space,
    before: impl Iterator<Item = Value>,
) -> Result<Vec<(String, String, String, String)>, String> {
    let mut made = Vec::new();
    for mut object in before {
        let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let name = text(&object["metadata"]["name"]);
        if space.get(&version, &kind, &name).await.is_some() {
            continue;
        }
        object["metadata"] = json!({
            "name": name,
            "labels": object["metadata"]["labels"],
            "annotations": object["metadata"]["annotations"],
        });
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        if kind == "Job" {
            // What the API server drew for the first one.
            let spec = &mut object["spec"];
            for drawn in ["selector", "manualSelector"] {
                spec.as_object_mut().map(|spec| spec.remove(drawn));
            }
            spec["template"]["metadata"] = json!({});
            spec["suspend"] = json!(true);
        }
        if kind == "Deployment" {
            object["spec"]["replicas"] = json!(0);
        }
        if kind == "Service" {
            object["spec"] = json!({ "ports": [{ "port": 80 }] });
        }
        let applied = space.apply_object(&object).await;
        made.push((version, kind, name, text(&applied["metadata"]["uid"])));
    }
    Ok(made)
}
