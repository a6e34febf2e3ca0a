//! What the API server keeps its objects in is killed, compacted, and taken back to how it was a while ago.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use auriga_e2e::{Manifest, Space};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    command::run,
    finding::{Finding, in_words, nothing_of},
    ground::Ground,
    kept::Kept,
    node::{Killed, Node},
    objects::{CONFIG_MAP, MODEL},
    scene::{Scene, scene, seconds_until, within},
};

/// How long after all is back the operator may need to see an edit.
const RELISTED: f64 = 10.0;
/// How long it may take until the status is what the store says.
const RESTORED: f64 = 30.0;
/// How old what is restored is at least.
const OLD: Duration = Duration::from_secs(300);
/// All that has a view of its objects, and must forget it when they are taken back.
const VIEWERS: [&str; 5] = ["scheduler", "controller-manager", "kubelet", "proxy", "coredns"];

/// Does all three, the first two while what is restored gets old.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn broken(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let mut finding = Finding::default();
    let (mut seen, mut restored): (f64, Option<f64>) = (0.0, None);
    let done = scene(ground, async |scene| {
        scene.on_postgres().await;
        let backup = back_up(scene, &node).await.map_err(in_words)?;
        let old = Instant::now() + OLD;
        for (what, is_compacted) in [
            ("killed", false),
            ("compacted behind a watch that is broken", true),
        ] {
            let done = miss(ground, &node, is_compacted, &mut seen).await;
            finding.count(what, done);
        }
        for (version, c) in [(2, 0.5), (3, 0.6)] {
            scene
                .space
                .apply(&Manifest::iris("iris").on_postgres().c(c))
                .await;
            scene.space.serves("iris", version).await;
        }
        let before = Kept::read(&scene.space).await?;
        sleep_until(old).await;
        let data = node.folder().join("etcd");
        restore(&node, &backup.path().join("etcd"), &data)
            .await
            .map_err(in_words)?;
        scene.space.cluster.answers().await;
        is_derived_anew(&scene.space, &before, &mut seen, &mut restored).await
    })
    .await;
    finding.count("taken back by five minutes and two versions", done);
    finding
        .figures
        .push(format!("an edit is seen after {seen:.1} s at most"));
    let took = restored.map_or_else(
        || "never".to_owned(),
        |took| format!("{took:.1} s after a restore"),
    );
    finding.figures.push(format!("status as the store {took}"));
    Ok(finding)
}

/// Kills etcd, also where its history is dropped first, and sees whether the operator misses an edit.
async fn miss(ground: &Ground, node: &Node, is_compacted: bool, seen: &mut f64) -> Result<(), String> {
    scene(ground, async |scene| {
        let iris = scene.on_a_claim().await;
        if is_compacted {
            compact_behind(scene, node).await.map_err(in_words)?;
        } else {
            kill(scene, node).await.map_err(in_words)?;
        }
        sees(scene, &iris.c(0.5), seen).await
    })
    .await
}

async fn kill(scene: &Scene<'_>, node: &Node) -> Result<()> {
    node.kill("etcd").await?.start()?;
    scene.space.cluster.answers().await;
    Ok(())
}

/// Edits the Model; whether the operator orders its fit in time, and it serves in the end.
async fn sees(scene: &Scene<'_>, edited: &Manifest, slowest: &mut f64) -> Result<(), String> {
    scene.space.apply(edited).await;
    let (took, ()) = seconds_until(60, "a fit is ordered", async || {
        (scene.space.training_jobs().await.len() == 2).then_some(())
    })
    .await;
    *slowest = slowest.max(took);
    scene.space.serves("iris", 2).await;
    if took > RELISTED {
        return Err(format!("the edit was seen after {took:.1} s"));
    }
    Ok(())
}

/// While the operator sleeps, objects change, their history is dropped, and its connections break: what it has seen last is
/// too old to go on from.
async fn compact_behind(scene: &Scene<'_>, node: &Node) -> Result<()> {
    scene.signal("STOP").await?;
    for time in 0..20 {
        let rows = format!("round {time}");
        scene.space.rows("other", &rows).await;
    }
    let changed = scene.space.get(CONFIG_MAP.0, CONFIG_MAP.1, "other").await;
    let revision = changed
        .as_ref()
        .and_then(|one| one["metadata"]["resourceVersion"].as_str());
    let body = json!({ "revision": revision.context("an object has a revision")?, "physical": true });
    let mut compact = Command::new("curl");
    compact.args(["--silent", "--fail-with-body", "--data", &body.to_string()]);
    run(compact.arg("http://127.0.0.1:2379/v3/kv/compaction")).await?;
    node.kill("apiserver").await?.start()?;
    scene.space.cluster.answers().await;
    scene.signal("CONT").await
}

/// The objects as they are now.
async fn back_up(scene: &Scene<'_>, node: &Node) -> Result<TempDir> {
    let backup = tempfile::tempdir_in(node.folder()).context("cannot make a folder")?;
    let etcd = node.kill("etcd").await?;
    copy(&node.folder().join("etcd"), backup.path()).await?;
    etcd.start()?;
    scene.space.cluster.answers().await;
    Ok(backup)
}

/// Whether the operator sees what is new, and the status of a Model whose store has what was `before` becomes what its store
/// says; in how many seconds.
async fn is_derived_anew(
    space: &Space,
    before: &Kept,
    seen: &mut f64,
    restored: &mut Option<f64>,
) -> Result<(), String> {
    // One that has no data: that it was seen is all it is there for.
    space
        .apply(&Manifest::iris("seen").with("/spec/replicas", 0))
        .await;
    let is_seen = seconds_until(60, "a new Model is seen", async || {
        auriga_e2e::is_seen(&space.model("seen").await).then_some(())
    });
    let mut differs = Vec::new();
    let is_derived = within(RESTORED, "the status is what the store says", async || {
        differs = differences(space).await.unwrap_or_else(|words| vec![words]);
        differs.is_empty()
    });
    let ((saw, ()), is_derived) = tokio::join!(is_seen, is_derived);
    *seen = seen.max(saw);
    let mut wrong = Vec::new();
    if saw > RELISTED {
        wrong.push(format!("a new Model was seen after {saw:.1} s"));
    }
    match is_derived {
        Ok(took) => *restored = Some(took),
        Err(words) => wrong.push(format!("{words}: {}", differs.join("; "))),
    }
    space.remove(MODEL.0, MODEL.1, "seen").await;
    space.apply(&Manifest::iris("iris").on_postgres().c(0.7)).await;
    // Numbers that were given before the restore are never given again.
    space.serves("iris", 4).await;
    let mut after = Kept::read(space).await?;
    after.versions.retain(|number, _| *number != 4);
    let activated = after.activated();
    if after.versions != before.versions || activated != [1, 2, 3, 1, 4] {
        wrong.push(format!(
            "besides the fourth, versions {:?} are there and were {:?}; {activated:?} became active",
            after.versions, before.versions
        ));
    }
    nothing_of(&wrong)
}

/// What a Model's status says otherwise than its store, once the version of its spec serves again.
async fn differences(space: &Space) -> Result<Vec<String>, String> {
    let kept = Kept::read(space).await?;
    let model = space.model("iris").await;
    let mut found = kept.differences(&model);
    if !auriga_e2e::is_ready(&model) {
        found.push("it is not ready".to_owned());
    }
    // The spec is that of version 1 again, and so is its fit: it is in the store, and becomes the active one again.
    if kept.activated().last() != Some(&1) {
        found.push(format!("{:?} became active", kept.activated()));
    }
    // For a moment nodes lead to the pods of before the restore.
    let answer = space.ask("iris", "/alive").await?.json();
    if answer["model"]["metadata"]["version"] != 1 || answer["active"] != true {
        found.push(format!("it answers {answer}"));
    }
    Ok(found)
}

/// Takes the objects back, as the administrators of a cluster do: with all that had a view of them started anew, the operator
/// aside.
async fn restore(node: &Node, backup: &Path, data: &Path) -> Result<()> {
    let mut viewers: Vec<Killed> = Vec::new();
    for name in VIEWERS {
        viewers.push(node.kill(name).await?);
    }
    let api_server = node.kill("apiserver").await?;
    let etcd = node.kill("etcd").await?;
    tokio::fs::remove_dir_all(data)
        .await
        .context("cannot empty etcd")?;
    copy(backup, data.parent().context("data are in a folder")?).await?;
    etcd.start()?;
    api_server.start()?;
    // Whoever starts too early ends again.
    sleep(Duration::from_secs(5)).await;
    viewers.iter().try_for_each(Killed::start)
}

/// Copies a folder into another one.
async fn copy(from: &Path, into: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    run(copy.arg("--archive").arg(from).arg(into)).await.map(drop)
}
