//! The clocks of pods are wrong: of those that fit and serve one version, and of one of two that serve.

use std::{fs, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use auriga_e2e::{Manifest, Space, eventually};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::sleep;

use super::{clock::LIBRARY, statuses::Statuses};
use crate::{
    clients::Clients,
    finding::{Finding, attempt, in_words, nothing_of},
    ground::Ground,
    images::{Change, Registry},
    objects::{POD, label, text},
    scene::{Scene, scene, scene_of},
};

/// Where the image gets what changes its clock, without the leading slash: into a folder that it has, since a new one would be
/// root's alone.
const INSIDE: &str = "usr/local/bin/libfaketime.so.1";
/// How far a clock that is an hour off may seem to be from that, in seconds: for so long something was on its way.
const ABOUT: i64 = 300;
/// The tag that leads now to pods with the right clock, now to such with a wrong one.
const MOVED: &str = "moved";

/// Lets all pods of a version be an hour late or early, then one of two.
///
/// Errors: the images with these clocks cannot be made.
pub(super) async fn wrong(ground: &Ground, finding: &mut Finding) -> Result<()> {
    let library = fs::read(LIBRARY).with_context(|| format!("cannot read {LIBRARY}"))?;
    let registry = Registry::begin(ground).await?;
    for (tag, offset, seconds) in [("fast", "+1h", 3600), ("slow", "-1h", -3600)] {
        let preload = format!("/{INSIDE}");
        let environment = [
            ("LD_PRELOAD", preload.as_str()),
            ("FAKETIME", offset),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let change = Change {
            environment: &environment,
            file: Some((INSIDE, &library)),
            ..Change::default()
        };
        let image = registry.add(tag, change).await?;
        let done = scene(ground, async |scene| {
            of_one_version(ground, scene, &image, seconds).await
        });
        finding.count(
            &format!("pods that fit and serve one version, {offset}"),
            done.await,
        );
        let moved = registry.add(&format!("{MOVED}-{tag}"), Change::default()).await?;
        let program = ground.program.with_image(&moved);
        let done = scene_of(ground, &program, async |scene| {
            of_one_pod(scene, &registry, [&moved, &image], seconds).await
        });
        finding.count(&format!("one pod of two that serve, {offset}"), done.await);
    }
    registry.end().await
}

/// Fits and serves version 2 with such pods, version 3 by the right clock again, and goes back to 1 and to 2.
async fn of_one_version(
    ground: &Ground,
    scene: &mut Scene<'_>,
    image: &str,
    seconds: i64,
) -> Result<(), String> {
    let iris = scene.on_postgres().await;
    let statuses = Statuses::watch(&scene.space);
    let done = up_and_back(ground, scene, &iris, image, seconds).await;
    let faults = statuses.end().await;
    done?;
    nothing_of(&faults)
}

async fn up_and_back(
    ground: &Ground,
    scene: &mut Scene<'_>,
    iris: &Manifest,
    image: &str,
    seconds: i64,
) -> Result<(), String> {
    let program = ground.program.with_image(image);
    scene.rise(&program).await.map_err(in_words)?;
    scene.space.apply(&iris.clone().c(0.5)).await;
    attempt(scene.space.serves("iris", 2)).await?;
    for address in both(&scene.space, 2).await? {
        let alive = alive(address).await?;
        is_off(&alive["model"]["metadata"]["train_timestamp"], seconds)?;
        is_off(&alive["model"]["updated"], seconds)?;
    }
    scene.rise_again().await?;
    let space = &scene.space;
    let then = [
        (3, iris.clone().c(0.6)),
        (1, iris.clone()),
        (2, iris.clone().c(0.5)),
    ];
    for (version, manifest) in &then {
        space.apply(manifest).await;
        attempt(space.serves("iris", *version)).await?;
    }
    is_as_asked_for(scene, &[1, 2, 3, 1, 2], 3).await
}

/// Lets one of two pods of version 1, then of version 2, be started anew with another clock, and goes back to version 1.
async fn of_one_pod(
    scene: &mut Scene<'_>,
    registry: &Registry,
    [moved, wrong]: [&str; 2],
    seconds: i64,
) -> Result<(), String> {
    let iris = scene.on_postgres().await;
    let space = &scene.space;
    let right = registry.image(crate::images::UNCHANGED);
    registry.pull(&right).await.map_err(in_words)?;
    let statuses = Statuses::watch(space);
    let clients = Clients::begin(space).await;
    let done = async {
        one_is_off(space, registry, [moved, wrong, &right], (1, seconds)).await?;
        space.apply(&iris.clone().c(0.5)).await;
        attempt(space.serves("iris", 2)).await?;
        one_is_off(space, registry, [moved, wrong, &right], (2, seconds)).await?;
        space.apply(&iris).await;
        attempt(space.serves("iris", 1)).await?;
        is_as_asked_for(scene, &[1, 2, 1], 2).await
    };
    let done = done.await;
    let answers = clients.end().await;
    let faults = statuses.end().await;
    done?;
    answers.all_well()?;
    nothing_of(&faults)
}

/// Deletes a pod while its image's name leads elsewhere, and waits until one of the two is off.
async fn one_is_off(
    space: &Space,
    registry: &Registry,
    [moved, wrong, right]: [&str; 3],
    (version, seconds): (i64, i64),
) -> Result<(), String> {
    let pods = attempt(eventually("only this version has pods", async || {
        let pods = space.serving_pods("iris").await;
        (pods.len() == 2 && addresses(space, version).await.len() == 2).then_some(pods)
    }));
    let pods = pods.await?;
    let pod = pods.first().ok_or("no pod serves")?;
    registry.retag(wrong, moved).await.map_err(in_words)?;
    // What runs containers hears of a name that has moved a moment later.
    sleep(Duration::from_secs(2)).await;
    space.remove(POD.0, POD.1, pod).await;
    attempt(space.gone(POD.0, POD.1, pod)).await?;
    attempt(space.ready_within("iris", 60)).await?;
    let addresses = both(space, version).await?;
    registry.retag(right, moved).await.map_err(in_words)?;
    sleep(Duration::from_secs(2)).await;
    let mut told = Vec::new();
    for address in addresses {
        let alive = alive(address).await?;
        told.push(is_off(&alive["model"]["updated"], seconds));
    }
    match &told[..] {
        [Ok(()), Err(_)] | [Err(_), Ok(())] => Ok(()),
        _ => Err(format!("not one of two pods had another clock: {told:?}")),
    }
}

/// Whether so many fits were made, each by one pod, and versions became active in this order and no other.
async fn is_as_asked_for(scene: &Scene<'_>, versions: &[i64], fits: usize) -> Result<(), String> {
    let space = &scene.space;
    let ledger = space.ledger("iris").await;
    let activated: Vec<i64> = ledger.iter().map(|row| row.version).collect();
    if activated != versions {
        return Err(format!(
            "{activated:?} became active one after the other instead of {versions:?}"
        ));
    }
    let pods = space.list(POD.0, POD.1).await;
    let is_fit = |pod: &&Value| label(pod, "app.kubernetes.io/component") == "fit";
    let made = (
        space.training_jobs().await.len(),
        pods.iter().filter(is_fit).count(),
    );
    if made != (fits, fits) {
        return Err(format!(
            "{} TrainingJobs with {} pods instead of {fits} each",
            made.0, made.1
        ));
    }
    Ok(())
}

/// Whether a time is so many seconds from now.
fn is_off(time: &Value, seconds: i64) -> Result<(), String> {
    let told = time.as_str().unwrap_or_default();
    let at: Timestamp = told.parse().map_err(|_| format!("{time} is no time"))?;
    let off = at.duration_since(Timestamp::now()) - SignedDuration::from_secs(seconds);
    if off.as_secs().abs() > ABOUT {
        return Err(format!(
            "a pod whose clock is {seconds} s off says {told}, {} s from that",
            off.as_secs()
        ));
    }
    Ok(())
}

/// Where the two pods that serve this version answer.
async fn both(space: &Space, version: i64) -> Result<Vec<SocketAddr>, String> {
    let both = eventually("two pods serve", async || {
        let addresses = addresses(space, version).await;
        (addresses.len() == 2).then_some(addresses)
    });
    attempt(both).await
}

/// Where the pods that serve this version answer.
async fn addresses(space: &Space, version: i64) -> Vec<SocketAddr> {
    let pods = space.pods_that_serve("iris").await;
    let serves = |pod: &&Value| label(pod, "auriga.dev/model-version") == version.to_string();
    let address = |pod: &Value| {
        let ip = text(pod, "/status/podIP").parse().ok()?;
        Some(SocketAddr::new(ip, auriga_crds::contract::pod::PORT))
    };
    pods.iter().filter(serves).filter_map(address).collect()
}

async fn alive(address: SocketAddr) -> Result<Value, String> {
    Ok(auriga_e2e::get(address, "/alive").await?.json())
}
