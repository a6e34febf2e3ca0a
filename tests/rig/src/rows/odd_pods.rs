//! Pods that say anything but what a pod should say.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::asked::{AT_ONCE, Way, asking, instead, instead_at, stand_between};
use crate::{
    finding::Finding,
    ground::Ground,
    objects::{POD, SERVICE, name, slot_of},
    proxy::{Record, Said},
    scene::{Scene, scene_of, within},
};

/// How long a pod says something odd.
const ODD: Duration = Duration::from_secs(12);
/// How long a list is odd: these operators ask for one each second.
const LISTED: Duration = Duration::from_secs(4);
/// How long the operator may take to name a pod.
const NAMED: f64 = 15.0;
/// How much memory, in MiB, the operator may have at most, whatever pods say.
const MEMORY: f64 = 100.0;

/// Where pods say that they have moved to: a page that the operator has no reason to ask for.
const MOVED: &str = "/api/v1/namespaces/default/pods";

/// Something odd to say.
struct Oddity {
    what: &'static str,
    said: fn() -> Said,
    /// Whether it is a verdict about the version, which only an edit takes back.
    is_final: bool,
    /// Whether it is tried by the other way, too: each way has its own code for how an answer comes, and one for what it says.
    is_about_way: bool,
}

const ODDITIES: [Oddity; 10] = [
    Oddity {
        what: "nothing",
        said: || Said::Nothing,
        is_final: false,
        is_about_way: true,
    },
    Oddity {
        what: "garbage",
        said: || Said::Text(200, b"\x00\xff\x1b[2Jnot JSON".to_vec()),
        is_final: false,
        is_about_way: false,
    },
    Oddity {
        what: "another version",
        said: || Said::Changed(200, |said| set(said, "/model/metadata/version", json!(99))),
        is_final: true,
        is_about_way: false,
    },
    Oddity {
        what: "NaN",
        said: || {
            Said::Text(
                200,
                br#"{"trainerStatus":{"progressPercentage":NaN},"active":true}"#.to_vec(),
            )
        },
        is_final: false,
        is_about_way: false,
    },
    Oddity {
        what: "10 MB",
        said: || Said::Text(200, vec![b' '; 10 << 20]),
        is_final: false,
        is_about_way: true,
    },
    Oddity {
        what: "301",
        said: || Said::Moved(MOVED.to_owned()),
        is_final: false,
        is_about_way: true,
    },
    Oddity {
        what: "the words of another pod",
        said: || {
            Said::Changed(200, |said| {
                said["pod_uid"] = json!("00000000-0000-4000-8000-000000000000")
            })
        },
        is_final: false,
        is_about_way: false,
    },
    Oddity {
        what: "the words of a pod that has their address now",
        said: || Said::Another("tenant-v1-".to_owned()),
        is_final: false,
        is_about_way: false,
    },
    Oddity {
        what: "the words of a pod of another owner",
        said: || {
            Said::Changed(200, |said| {
                said["owner_uid"] = json!("00000000-0000-4000-8000-000000000000")
            })
        },
        is_final: false,
        is_about_way: false,
    },
    Oddity {
        what: "half of its JSON",
        said: || Said::Half,
        is_final: false,
        is_about_way: true,
    },
];

fn set(said: &mut Value, pointer: &str, value: Value) {
    if let Some(field) = said.pointer_mut(pointer) {
        *field = value;
    }
}

/// Each oddity while a fit runs, while a version is a candidate, and while it serves.
///
/// Errors: the cluster does not answer.
pub(crate) async fn odd(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut peak: f64 = 0.0;
    let by_address = ODDITIES.iter().map(|oddity| (oddity, Way::Addresses));
    let through = ODDITIES.iter().filter(|oddity| oddity.is_about_way);
    let all = by_address.chain(through.map(|oddity| (oddity, Way::ApiServer)));
    let few = ground.times(usize::MAX, 3);
    let tries = stream::iter(all.take(few)).map(|(oddity, way)| async move {
        let mut memory = 0.0;
        let program = asking(ground, way);
        let result = scene_of(ground, &program, async |scene| {
            let result = one(scene, oddity, way).await;
            memory = scene.peak_memory().unwrap_or(f64::INFINITY);
            result
        });
        (oddity.what, way, result.await, memory)
    });
    let mut tries = tries.buffered(AT_ONCE);
    while let Some((what, way, result, memory)) = tries.next().await {
        let way = match way {
            Way::Addresses => "at their addresses",
            Way::ApiServer => "through the API server",
        };
        finding.count(&format!("pods that are asked {way} say {what}"), result);
        peak = peak.max(memory);
    }
    let result = if peak < MEMORY {
        Ok(())
    } else {
        Err(format!("{peak:.0} MiB"))
    };
    finding.count("the operator's memory", result);
    finding
        .figures
        .push(format!("the operator had {peak:.0} MiB at most"));
    Ok(finding)
}

async fn one(scene: &mut Scene<'_>, oddity: &Oddity, way: Way) -> Result<(), String> {
    let space = &scene.space;
    stand_between(scene, way).await?;
    if let Said::Another(_) = (oddity.said)() {
        space.iris_data("tenant").await;
        space.apply(&Manifest::iris("tenant")).await;
        space.serves("tenant", 1).await;
    }
    space.iris_data("iris").await;
    // Fits and candidates are odd; the pods of a fit are asked too seldom in their short life to show it.
    scene.proxy().stand_in(Some(instead("iris-", oddity.said)));
    space.apply(&Manifest::iris("iris")).await;
    let pod = named(space, "iris-v1-").await?;
    sleep(Duration::from_secs(2)).await;
    let model = space.model("iris").await;
    if model.status.and_then(|status| status.active_version).is_some() {
        return Err("a version became active that had not passed".to_owned());
    }
    if space
        .get(SERVICE.0, SERVICE.1, "iris")
        .await
        .is_some_and(|service| slot_of(&service).starts_with('v'))
    {
        return Err("a version got the traffic that had not passed".to_owned());
    }
    space.iris_data("other").await;
    space.apply(&Manifest::iris("other")).await;
    space.serves("other", 1).await;
    scene.proxy().stand_in(None);
    if oddity.is_final {
        space.refit("iris", "2026-01-01T00:00:00Z").await;
    }
    let model = space.ready_within("iris", 60).await;
    let version = model
        .status
        .and_then(|status| status.active_version)
        .unwrap_or_default();
    let before = space.get(SERVICE.0, SERVICE.1, "iris").await.unwrap_or_default();
    // The same of what serves.
    scene.proxy().stand_in(Some(instead("iris-", oddity.said)));
    let named = said_about(
        space,
        &pod_of(space, &format!("iris-v{version}-")).await.unwrap_or(pod),
    )
    .await;
    sleep(ODD).await;
    let after = space.get(SERVICE.0, SERVICE.1, "iris").await.unwrap_or_default();
    if before["spec"]["selector"] != after["spec"]["selector"] {
        return Err("the traffic was taken from what serves".to_owned());
    }
    let answer = space.ask("iris", auriga_e2e::IRIS_ROW).await?;
    if answer.version != Some(version) {
        return Err(format!(
            "version {:?} answered instead of {version}",
            answer.version
        ));
    }
    space
        .apply(&Manifest::iris("other").with("/spec/replicas", 0))
        .await;
    space.ready_within("other", 20).await;
    scene.proxy().stand_in(None);
    space.serves("iris", version).await;
    lists(scene, oddity).await?;
    let is_moved = |record: &Record| record.requests.iter().any(|asked| asked.path == MOVED);
    if scene.proxy().seen(is_moved) {
        return Err("the operator went where pods had sent it".to_owned());
    }
    named.map(drop)
}

/// The same at /list, which the operator reads for the status alone: what is known of versions stays.
async fn lists(scene: &Scene<'_>, oddity: &Oddity) -> Result<(), String> {
    if let Said::Another(_) = (oddity.said)() {
        // Only a pod that has just said who it is gets asked what the store holds.
        return Ok(());
    }
    let space = &scene.space;
    let versions = async || space.model("iris").await.status.map(|status| status.versions);
    let before = versions().await;
    scene
        .proxy()
        .stand_in(Some(instead_at("/list", "iris-", oddity.said)));
    sleep(LISTED).await;
    let (after, model) = (versions().await, space.model("iris").await);
    scene.proxy().stand_in(None);
    if after != before || !auriga_e2e::is_ready(&model) {
        return Err(format!(
            "pods said at /list what none should, and the versions are {after:?} instead of {before:?}, or it is not ready"
        ));
    }
    Ok(())
}

/// Waits until a pod whose name begins so is there and a condition names it; its name.
async fn named(space: &Space, beginning: &str) -> Result<String, String> {
    let mut found = None;
    within(60.0, "the pods that serve are there", async || {
        found = pod_of(space, beginning).await;
        found.is_some()
    })
    .await?;
    let pod = found.unwrap_or_default();
    // It starts first.
    let running = async || {
        let pod = space.get(POD.0, POD.1, &pod).await.unwrap_or_default();
        pod["status"]["phase"] == "Running"
    };
    within(60.0, "the pod runs", running).await?;
    said_about(space, &pod).await?;
    Ok(pod)
}

async fn pod_of(space: &Space, beginning: &str) -> Option<String> {
    let pods = space.list(POD.0, POD.1).await;
    let found = pods.iter().map(name).find(|name| name.starts_with(beginning));
    found.map(str::to_owned)
}

/// Waits until a condition names the pod.
async fn said_about(space: &Space, pod: &str) -> Result<f64, String> {
    let is_named = async || {
        let model = space.model("iris").await;
        let conditions = model.status.map(|status| status.conditions).unwrap_or_default();
        conditions.iter().any(|condition| condition.message.contains(pod))
    };
    within(NAMED, &format!("a condition names pod {pod}"), is_named).await
}
