//! Watches that tell late, leave something out, or forget.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use crate::{
    finding::{Finding, nothing_of},
    ground::Ground,
    objects::{DEPLOYMENT, JOB, MODEL, POD, SERVICE, name},
    oracle::End,
    proxy::{Act, Proxy, Written},
    request::{Nth, Write},
    scene::{QUIET, Scene, scene, within},
    sweep::{Reference, reference},
    workload::Workload,
};

/// How late events are while the spec is edited.
const LAG: Duration = Duration::from_secs(5);
/// How many gaps are tried at once.
const AT_ONCE: usize = 3;
/// How often it is edited.
const EDITS: usize = 20;

/// The API server forgets what watches ask for, again and again, while a Model is made and fitted anew.
///
/// Errors: the cluster does not answer.
pub(crate) async fn forgotten(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    for workload in [Workload::Create, Workload::Retrain] {
        let reference = reference(ground, workload).await?;
        let result = scene(ground, async |scene| {
            workload.prepare(&scene.space).await;
            scene.quiet(QUIET).await;
            let disturbed = gone_again_and_again(scene.proxy());
            works_like(scene, workload, &reference, disturbed).await
        });
        finding.count(workload.word(), result.await);
    }
    finding
        .figures
        .push("410 every 2 s in watches, and for a second when they are opened".to_owned());
    Ok(finding)
}

/// Does a workload as the reference did, while `disturb` goes on; whether the same is left.
///
/// Errors: where it differs.
async fn works_like(
    scene: &Scene<'_>,
    workload: Workload,
    reference: &Reference,
    disturb: impl Future<Output = ()>,
) -> Result<(), String> {
    tokio::join!(workload.work(&scene.space), disturb);
    scene.quiet(QUIET).await;
    nothing_of(&End::of(&scene.space).await.differences(&reference.end))
}

async fn gone_again_and_again(proxy: &Proxy) {
    for _ in 0..8 {
        sleep(Duration::from_secs(1)).await;
        proxy.let_see(|view| {
            view.end_watches();
            view.is_gone = true;
        });
        sleep(Duration::from_secs(1)).await;
        proxy.let_see(|view| view.is_gone = false);
    }
}

/// Every event comes late while the spec is edited again and again.
///
/// Errors: the cluster does not answer.
pub(crate) async fn late(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut figures = Vec::new();
    let result = scene(ground, async |scene| {
        Workload::Serving.prepare(&scene.space).await;
        scene.quiet(QUIET).await;
        scene.proxy().begin(None);
        scene.proxy().let_see(|view| view.lag = LAG);
        let start = Instant::now();
        for edit in 1..=EDITS {
            scene.space.apply(&named(edit)).await;
            sleep(Duration::from_millis(250)).await;
        }
        let edited = start.elapsed().as_secs_f64();
        let took = within(90.0, "the last edit is served alone", async || {
            serves_alone(scene, EDITS).await
        });
        let took = took.await?;
        scene.quiet(QUIET).await;
        let written = scene.proxy().seen(|record| record.written.clone());
        figures.push(format!(
            "{EDITS} edits in {edited:.0} s, the last one served {took:.0} s later, {} writes",
            written.len()
        ));
        are_written_once(&written)
    });
    finding.count("20 edits with events 5 s late", result.await);
    finding.figures = figures;
    Ok(finding)
}

fn named(edit: usize) -> Manifest {
    let name = serde_json::json!({ "service_name": format!("flowers-{edit}") });
    Manifest::iris("iris")
        .with("/spec/deletionPolicy", "Retain")
        .with("/spec/serving/serviceMetadata", name)
}

/// Whether requests are answered by the settings of this edit, and the status says that all is done.
async fn serves_alone(scene: &Scene<'_>, edit: usize) -> bool {
    let is_ready = auriga_e2e::is_ready(&scene.space.model("iris").await);
    let said = scene.space.ask("iris", "/alive").await;
    is_ready
        && said.is_ok_and(|said| said.json()["service_metadata"]["service_name"] == format!("flowers-{edit}"))
}

/// Whether nothing was made twice, and nothing written that had been written to the same object before: what acts on an old
/// view of its own writes repeats them, or goes back and forth.
fn are_written_once(written: &[Written]) -> Result<(), String> {
    for (at, one) in written.iter().enumerate() {
        let is_repeated = written[..at].contains(one);
        if is_repeated && one.verb != "delete" {
            return Err(format!(
                "{} {} was written twice: {}",
                one.verb,
                one.path,
                String::from_utf8_lossy(&one.body)
                    .chars()
                    .take(300)
                    .collect::<String>()
            ));
        }
    }
    Ok(())
}

/// What happens and is over while no watch tells anything, and what it was is forgotten then.
///
/// Errors: the cluster does not answer.
pub(crate) async fn missed(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    finding.count(
        "a fit's pod has ended well and is deleted",
        lost_pod(ground).await,
    );
    finding.count("a Model is deleted and made anew", made_anew(ground).await);
    finding.count("replicas go 1, 0, 1, 0", scaled(ground).await);
    let resources = ["jobs", "pods", "deployments", "services", "trainingjobs"];
    let tries = stream::iter(resources).map(|resource| async move {
        let what = format!("no event of {resource} for 15 s, while a Model is made");
        (what, left_out(ground, resource).await)
    });
    let mut tries = tries.buffered(AT_ONCE);
    while let Some((what, result)) = tries.next().await {
        finding.count(&what, result);
    }
    finding
        .figures
        .push("watches listed anew at the end of each".to_owned());
    Ok(finding)
}

/// Lets watches tell again; what they would have told is forgotten.
fn forget(proxy: &Proxy) {
    proxy.let_see(|view| {
        view.is_frozen = false;
        view.hidden = None;
        view.end_watches();
    });
}

async fn lost_pod(ground: &Ground) -> Result<(), String> {
    scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let made = Nth {
            write: Write {
                verb: "create",
                resource: "jobs".to_owned(),
                name: String::new(),
            },
            number: 1,
        };
        scene.proxy().begin_and(Some((made, Act::Freeze)));
        space.apply(&Manifest::iris("iris")).await;
        let mut pod = String::new();
        within(60.0, "the fit's pod has ended well", async || {
            let pods = space.list(POD.0, POD.1).await;
            let ended = pods.iter().find(|pod| pod["status"]["phase"] == "Succeeded");
            pod = ended.map_or_else(String::new, |pod| name(pod).to_owned());
            !pod.is_empty()
        })
        .await?;
        space.remove(POD.0, POD.1, &pod).await;
        space.gone(POD.0, POD.1, &pod).await;
        forget(scene.proxy());
        space.serves("iris", 1).await;
        scene.quiet(QUIET).await;
        has_one_version(space).await
    })
    .await
}

/// Whether the store has one version of the Model.
pub(super) async fn has_one_version(space: &Space) -> Result<(), String> {
    let listed = space.ask("iris", "/list").await?.json();
    let versions = listed["models"].as_array().map_or(0, Vec::len);
    if versions == 1 {
        Ok(())
    } else {
        Err(format!("{versions} versions were made"))
    }
}

async fn made_anew(ground: &Ground) -> Result<(), String> {
    scene(ground, async |scene| {
        Workload::Retain.prepare(&scene.space).await;
        scene.quiet(QUIET).await;
        let space = &scene.space;
        let before = space.model("iris").await.metadata.uid;
        scene.proxy().let_see(|view| view.is_frozen = true);
        space.remove(MODEL.0, MODEL.1, "iris").await;
        space.gone(MODEL.0, MODEL.1, "iris").await;
        space
            .apply(&Manifest::iris("iris").with("/spec/deletionPolicy", "Retain"))
            .await;
        sleep(Duration::from_secs(3)).await;
        forget(scene.proxy());
        // What it was fitted to is in the store still, so that the fit finds its version there.
        let model = space.serves("iris", 1).await;
        scene.quiet(QUIET).await;
        if model.metadata.uid == before {
            return Err("it is the same Model".to_owned());
        }
        for (version, kind) in [DEPLOYMENT, SERVICE, JOB] {
            let left = space.list(version, kind).await;
            let is_old = |one: &serde_json::Value| {
                let owners = one["metadata"]["ownerReferences"].as_array();
                owners.is_some_and(|owners| {
                    owners
                        .iter()
                        .any(|owner| owner["uid"] == before.as_deref().unwrap_or_default())
                })
            };
            if let Some(old) = left.iter().find(|one| is_old(one)) {
                return Err(format!(
                    "{kind} {} of the old Model is left",
                    old["metadata"]["name"]
                ));
            }
        }
        Ok(())
    })
    .await
}

async fn scaled(ground: &Ground) -> Result<(), String> {
    let to = |replicas: i64| {
        Manifest::iris("iris")
            .with("/spec/deletionPolicy", "Retain")
            .with("/spec/replicas", replicas)
    };
    let asleep = async |scene: &mut Scene<'_>, steps: &[i64], is_frozen: bool| {
        Workload::Scale.prepare(&scene.space).await;
        scene.quiet(QUIET).await;
        scene.proxy().let_see(|view| view.is_frozen = is_frozen);
        for replicas in steps {
            scene.space.apply(&to(*replicas)).await;
            sleep(Duration::from_secs(1)).await;
        }
        forget(scene.proxy());
        within(60.0, "no pod is left", async || {
            scene
                .space
                .list(POD.0, POD.1)
                .await
                .iter()
                .all(|pod| pod["status"]["phase"] == "Succeeded")
                && auriga_e2e::is_ready(&scene.space.model("iris").await)
        })
        .await?;
        scene.quiet(QUIET).await;
        Ok::<End, String>(End::of(&scene.space).await)
    };
    let mut plain = None;
    let first = scene(ground, async |scene| {
        plain = Some(asleep(scene, &[0], false).await?);
        Ok(())
    });
    if let Err(words) = first.await {
        return Err(format!("without a fault: {words}"));
    }
    scene(ground, async |scene| {
        let end = asleep(scene, &[0, 1, 0], true).await?;
        nothing_of(&plain.map(|plain| end.differences(&plain)).unwrap_or_default())
    })
    .await
}

/// Events of one resource's objects are left out for a while; then the watch has to list anew, as after any gap.
async fn left_out(ground: &Ground, resource: &'static str) -> Result<(), String> {
    scene(ground, async |scene| {
        Workload::Create.prepare(&scene.space).await;
        scene
            .proxy()
            .let_see(|view| view.hidden = Some((resource, "iris".to_owned())));
        scene.space.apply(&Manifest::iris("iris")).await;
        sleep(Duration::from_secs(15)).await;
        forget(scene.proxy());
        scene.space.serves("iris", 1).await;
        scene.quiet(QUIET).await;
        has_one_version(&scene.space).await
    })
    .await
}
