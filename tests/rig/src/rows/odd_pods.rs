//! Pods that say anything but what a pod should say at /alive, and fits that leave anything but an outcome.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Result;
use auriga_e2e::{Manifest, Space};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    finding::Finding,
    ground::Ground,
    operator::Program,
    proxy::{Said, StandIn},
    scene::{Scene, scene, scene_of, within},
};

/// How many oddities are tried at once.
pub(super) const AT_ONCE: usize = 3;
/// How long a pod says something odd.
const ODD: Duration = Duration::from_secs(12);
/// How long the operator may take to name a pod.
const NAMED: f64 = 15.0;
/// How much memory, in MiB, the operator may have at most, whatever pods say.
const MEMORY: f64 = 100.0;

/// Something odd to say.
struct Oddity {
    what: &'static str,
    said: fn() -> Said,
    /// Whether it is a verdict about the version, which only an edit takes back.
    is_final: bool,
}

const ODDITIES: [Oddity; 9] = [
    Oddity {
        what: "nothing",
        said: || Said::Nothing,
        is_final: false,
    },
    Oddity {
        what: "garbage",
        said: || Said::Text(200, b"\x00\xff\x1b[2Jnot JSON".to_vec()),
        is_final: false,
    },
    Oddity {
        what: "another version",
        said: || Said::Changed(200, |said| set(said, "/model/metadata/version", json!(99))),
        is_final: true,
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
    },
    Oddity {
        what: "10 MB",
        said: || Said::Text(200, vec![b' '; 10 << 20]),
        is_final: false,
    },
    Oddity {
        what: "301",
        said: || Said::Moved("/api/v1/namespaces/default/pods".to_owned()),
        is_final: false,
    },
    Oddity {
        what: "the words of another pod",
        said: || {
            Said::Changed(200, |said| {
                said["pod_uid"] = json!("00000000-0000-4000-8000-000000000000")
            })
        },
        is_final: false,
    },
    Oddity {
        what: "the words of a pod of another owner",
        said: || {
            Said::Changed(200, |said| {
                said["owner_uid"] = json!("00000000-0000-4000-8000-000000000000")
            })
        },
        is_final: false,
    },
    Oddity {
        what: "half of its JSON",
        said: || Said::Half,
        is_final: false,
    },
];

fn set(said: &mut Value, pointer: &str, value: Value) {
    if let Some(field) = said.pointer_mut(pointer) {
        *field = value;
    }
}

/// An operator that asks pods through the API server, where the proxy can speak in their stead, and often.
pub(super) fn through_proxy(ground: &Ground) -> Program {
    let asks = [("AURIGA_ALIVE_VIA", "api-proxy"), ("AURIGA_POLL_SERVING", "1s")];
    let asks = asks.map(|(name, value)| (name, value.to_owned()));
    ground.program.with_environment(asks)
}

/// Lets the operator of this namespace ask pods through the API server, which its own Role does not.
pub(super) async fn let_ask(space: &Space) {
    space
        .apply_object(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": { "name": "asks-pods" },
            "rules": [{ "apiGroups": [""], "resources": ["pods/proxy", "services/proxy"], "verbs": ["get"] }],
        }))
        .await;
    space
        .apply_object(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": { "name": "asks-pods" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "asks-pods" },
            "subjects": [{ "kind": "ServiceAccount", "name": "auriga-operator", "namespace": space.name }],
        }))
        .await;
}

/// Says the same for all pods whose names begin so, at /alive.
pub(super) fn instead(beginning: &str, said: fn() -> Said) -> StandIn {
    let beginning = beginning.to_owned();
    Arc::new(move |pod, page| (pod.starts_with(&beginning) && page == "/alive").then(said))
}

/// Each oddity while a fit runs, while a version is a candidate, and while it serves.
///
/// Errors: the cluster does not answer.
pub(crate) async fn odd(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut peak: f64 = 0.0;
    let oddities = ODDITIES.iter().take(ground.times(ODDITIES.len(), 3));
    let tries = stream::iter(oddities).map(|oddity| async move {
        let mut memory = 0.0;
        let program = through_proxy(ground);
        let result = scene_of(ground, &program, async |scene| {
            let result = one(scene, oddity).await;
            memory = scene.peak_memory().unwrap_or(f64::INFINITY);
            result
        });
        (oddity.what, result.await, memory)
    });
    let mut tries = tries.buffered(AT_ONCE);
    while let Some((what, result, memory)) = tries.next().await {
        finding.count(&format!("pods say {what}"), result);
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

async fn one(scene: &mut Scene<'_>, oddity: &Oddity) -> Result<(), String> {
    let space = &scene.space;
    let_ask(space).await;
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
        .get("v1", "Service", "iris")
        .await
        .is_some_and(|service| has_traffic(&service))
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
    let before = space.get("v1", "Service", "iris").await.unwrap_or_default();
    // The same of what serves.
    scene.proxy().stand_in(Some(instead("iris-", oddity.said)));
    let named = said_about(
        space,
        &pod_of(space, &format!("iris-v{version}-")).await.unwrap_or(pod),
    )
    .await;
    sleep(ODD).await;
    let after = space.get("v1", "Service", "iris").await.unwrap_or_default();
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
    named.map(drop)
}

fn has_traffic(service: &Value) -> bool {
    let slot = service["spec"]["selector"]["auriga.dev/slot"].as_str();
    slot.is_some_and(|slot| slot.starts_with('v'))
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
        let pod = space.get("v1", "Pod", &pod).await.unwrap_or_default();
        pod["status"]["phase"] == "Running"
    };
    within(60.0, "the pod runs", running).await?;
    said_about(space, &pod).await?;
    Ok(pod)
}

async fn pod_of(space: &Space, beginning: &str) -> Option<String> {
    let pods = space.list("v1", "Pod").await;
    let names = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str());
    names.map(str::to_owned).find(|name| name.starts_with(beginning))
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

/// A fit that leaves something odd in its termination message.
///
/// Errors: the cluster does not answer.
pub(crate) async fn odd_outcomes(ground: &Ground) -> Result<Finding> {
    let long = "x".repeat(1 << 20);
    let oddities = [
        ("garbage", "\u{0}\u{1b}[2J{{{".to_owned()),
        ("half an outcome", r#"{"version":1,"digest":"sha256:"#.to_owned()),
        ("1 MiB", long.clone()),
        (
            "1 MiB of JSON",
            json!({ "reason": "Failed", "message": long }).to_string(),
        ),
        ("a version that is none", r#"{"version":0}"#.to_owned()),
        ("nothing", String::new()),
    ];
    let mut finding = Finding::default();
    for (what, text) in oddities.into_iter().take(ground.times(6, 2)) {
        finding.count(
            &format!("the first pod leaves {what}"),
            outcome(ground, text).await,
        );
    }
    let result = foreign_outcome(ground).await;
    finding.count("every pod leaves the outcome of another Model's fit", result);
    Ok(finding)
}

/// Whether the second Job of a fit heals what the first one's pod did not say.
async fn outcome(ground: &Ground, text: String) -> Result<(), String> {
    scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let first = OnceLock::new();
        let is_of_first_job = move |pod: &Value| {
            let job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"].as_str();
            job.is_some_and(|job| first.get_or_init(|| job.to_owned()) == job)
        };
        scene.proxy().let_see(|view| {
            view.rewrite = Some(Arc::new(move |resource, object| {
                if resource == "pods" && is_of_first_job(object) {
                    leave(object, &text);
                }
            }));
        });
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let status = space
            .get("auriga.dev/v1alpha1", "Model", "iris")
            .await
            .unwrap_or_default();
        let bytes = status.to_string().len();
        if bytes > 32 << 10 {
            return Err(format!("the Model has grown to {bytes} bytes"));
        }
        let listed = space.ask("iris", "/list").await?.json();
        match listed["models"].as_array().map_or(0, Vec::len) {
            1 => Ok(()),
            versions => Err(format!("{versions} versions were made")),
        }
    })
    .await
}

/// Replaces what the pod's container left, if it has ended.
fn leave(pod: &mut Value, text: &str) {
    let containers = pod["status"]["containerStatuses"].as_array_mut();
    for container in containers.into_iter().flatten() {
        if let Some(ended) = container.pointer_mut("/state/terminated") {
            ended["message"] = json!(text);
        }
    }
}

/// A pod that claims a version which its fit has not made: that version is not in the store, and never answers.
async fn foreign_outcome(ground: &Ground) -> Result<(), String> {
    scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let digest = format!("sha256:{}", "5".repeat(64));
        let text = json!({ "version": 7, "digest": digest, "fitHash": "v1-of-somebody-else" }).to_string();
        scene.proxy().let_see(|view| {
            view.rewrite = Some(Arc::new(move |resource, object| {
                if resource == "pods" {
                    leave(object, &text);
                }
            }));
        });
        space.apply(&Manifest::iris("iris")).await;
        sleep(Duration::from_secs(40)).await;
        let model = space.model("iris").await;
        let status = model.status.clone().unwrap_or_default();
        if status.active_version.is_some() || auriga_e2e::is_ready(&model) {
            return Err("a version became active that no fit had made".to_owned());
        }
        let ready = auriga_e2e::condition(&status.conditions, "Ready");
        if ready.is_none_or(|ready| ready.message.is_empty()) {
            return Err("no condition says what is wrong".to_owned());
        }
        scene.proxy().let_see(|view| view.rewrite = None);
        space.refit("iris", "2026-01-01T00:00:00Z").await;
        let model = space.ready_within("iris", 60).await;
        match model.status.and_then(|status| status.active_version) {
            Some(_) => Ok(()),
            None => Err("nothing is active".to_owned()),
        }
    })
    .await
}
