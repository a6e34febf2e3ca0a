//! What the API server keeps its objects in is killed, compacted, and taken back to how it was a while ago.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use auriga_e2e::Manifest;
use serde_json::{Value, json};
use tokio::{process::Command, time::Instant};

use crate::{
    finding::Finding,
    ground::Ground,
    node::{Killed, Node},
    scene::{Scene, scene, seconds_until},
};

/// How long after all is back the operator may need to see an edit.
const RELISTED: f64 = 10.0;
/// How long it may take until the status is what the store says.
const RESTORED: f64 = 30.0;
/// All that has a view of its objects, and must forget it when they are taken back.
const VIEWERS: [&str; 5] = ["scheduler", "controller-manager", "kubelet", "proxy", "coredns"];

/// Does all three.
///
/// Errors: this is not the project's own cluster, or a process of it does not start.
pub(super) async fn broken(ground: &Ground) -> Result<Finding> {
    let node = ground.node()?;
    let mut finding = Finding::default();
    let (mut seen, mut restored): (f64, f64) = (0.0, 0.0);
    let done = scene(ground, async |scene| {
        let iris = scene.on_a_claim().await;
        kill(scene, &node).await.map_err(words)?;
        sees(scene, &iris.c(0.5), &mut seen).await
    });
    finding.count("killed", done.await);
    let done = scene(ground, async |scene| {
        let iris = scene.on_a_claim().await;
        compact_behind(scene, &node).await.map_err(words)?;
        sees(scene, &iris.c(0.5), &mut seen).await
    });
    finding.count("compacted behind a watch that is broken", done.await);
    let done = scene(ground, async |scene| {
        scene.on_postgres().await;
        take_back(scene, &node, &mut restored).await
    });
    finding.count("taken back by two versions", done.await);
    finding
        .figures
        .push(format!("an edit is seen after {seen:.1} s at most"));
    finding
        .figures
        .push(format!("status as the store {restored:.1} s after a restore"));
    Ok(finding)
}

fn words(error: anyhow::Error) -> String {
    format!("{error:#}")
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
    let changed = scene.space.get("v1", "ConfigMap", "other").await;
    let revision = changed
        .as_ref()
        .and_then(|one| one["metadata"]["resourceVersion"].as_str());
    let body = json!({ "revision": revision.context("an object has a revision")?, "physical": true });
    let answer = Command::new("curl")
        .args(["--silent", "--fail-with-body", "--data", &body.to_string()])
        .arg("http://127.0.0.1:2379/v3/kv/compaction")
        .output()
        .await
        .context("cannot run curl")?;
    ensure!(
        answer.status.success(),
        "etcd does not compact: {}",
        String::from_utf8_lossy(&answer.stdout)
    );
    node.kill("apiserver").await?.start()?;
    scene.space.cluster.answers().await;
    scene.signal("CONT").await
}

/// Fits two more versions, takes the objects back to before, and sees whether what is said is what is in the store.
async fn take_back(scene: &Scene<'_>, node: &Node, slowest: &mut f64) -> Result<(), String> {
    let space = &scene.space;
    let data = node.folder().join("etcd");
    let backup = tempfile::tempdir_in(node.folder()).map_err(|error| error.to_string())?;
    let etcd = node.kill("etcd").await.map_err(words)?;
    copy(&data, backup.path()).await.map_err(words)?;
    etcd.start().map_err(words)?;
    space.cluster.answers().await;
    for (version, c) in [(2, 0.5), (3, 0.6)] {
        space.apply(&Manifest::iris("iris").on_postgres().c(c)).await;
        space.serves("iris", version).await;
    }
    restore(node, &backup.path().join("etcd"), &data)
        .await
        .map_err(words)?;
    space.cluster.answers().await;
    let back = Instant::now();
    // The spec is that of version 1 again, and so is its fit: it is in the store, and becomes the active one again.
    seconds_until(90, "the status is what the store says", async || {
        let pods = space.list("v1", "Pod").await;
        let serves = |pod: &&Value| pod["metadata"]["labels"]["app.kubernetes.io/component"] == "runtime";
        if pods.iter().filter(serves).count() == 0 {
            return None;
        }
        let answer = space.ask("iris", "/alive").await.ok()?.json();
        let model = space.model("iris").await;
        let is_so = auriga_e2e::is_ready(&model)
            && model.status.as_ref()?.active_version == Some(1)
            // For a moment nodes lead to the pods of before the restore.
            && answer["model"]["metadata"]["version"] == json!(1)
            && answer["active"] == json!(true);
        is_so.then_some(())
    })
    .await;
    let took = back.elapsed().as_secs_f64();
    *slowest = slowest.max(took);
    space.apply(&Manifest::iris("iris").on_postgres().c(0.7)).await;
    // Numbers that were given before the restore are never given again.
    space.serves("iris", 4).await;
    let ledger: Vec<i64> = space.ledger("iris").await.iter().map(|row| row.version).collect();
    if took > RESTORED {
        return Err(format!("the status was right after {took:.1} s"));
    }
    if ledger != [1, 2, 3, 1, 4] {
        return Err(format!("the ledger has {ledger:?}"));
    }
    Ok(())
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
    tokio::time::sleep(Duration::from_secs(5)).await;
    viewers.iter().try_for_each(Killed::start)
}

/// Copies a folder into another one.
async fn copy(from: &Path, into: &Path) -> Result<()> {
    let copied = Command::new("cp")
        .arg("--archive")
        .arg(from)
        .arg(into)
        .status()
        .await;
    ensure!(
        copied.context("cannot run cp")?.success(),
        "cannot copy {}",
        from.display()
    );
    Ok(())
}
