//! All that a Model needs is taken away, in many orders, and its namespace with it.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space, iris_rows};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::freed::{FREED, free, gone, patience, says_why};
use crate::{
    finding::{Finding, attempt, in_words},
    ground::Ground,
    objects::{CONFIG_MAP, DEPLOYMENT, Kind, MODEL, POD, TRAINING_JOB, label},
    scene::{Scene, scene, seconds_until},
};

const NAMESPACE: Kind = ("v1", "Namespace");
/// How many of them at once.
const AT_ONCE: usize = 5;
/// How long a namespace, or a Model that nothing is said of, may take to go.
const GONE: u64 = 120;
/// How long it may take until the Job that deletes the versions has failed for good: Kubernetes tries it seven times, with pauses of
/// 10 s that double each time, 630 s in all.
const FAILED: u64 = 900;

/// What is taken away, or is done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Model,
    Rows,
    Secret,
    Store,
    Operator,
    Namespace,
    /// The Secret has another password than the store.
    Password,
    /// New pods have an image that cannot be pulled.
    Image,
    /// No further pod may be made.
    Quota,
    /// Somebody's fit of the Model waits for a node that there is not.
    Fit,
    /// Nothing is done until the Model is gone, or has said why it is not; then it is freed.
    Patience,
    /// The same, but until the Model says that the clean-up has failed for good.
    LongPatience,
}

/// How a Model and its namespace went.
#[derive(Default)]
struct Way {
    /// How long the namespace took.
    took: f64,
    /// Whether the Model was freed by the annotation, and a condition had named that.
    skipped: Option<bool>,
    /// Whether its finalizer had to be taken away, since no operator was left to do it.
    freed: bool,
}

/// All orders, none twice, and whether the versions are to go with the Model.
const ORDERS: [(&str, &[Part]); 20] = {
    use Part::{
        Fit, Image, LongPatience, Model, Namespace, Operator, Password, Patience, Quota, Rows, Secret, Store,
    };
    // The first one takes longest.
    [
        ("Delete", &[Password, Model, LongPatience, Namespace]),
        ("Delete", &[Store, Model, Patience, Namespace]),
        ("Delete", &[Password, Model, Patience, Namespace]),
        ("Delete", &[Secret, Model, Patience, Namespace]),
        ("Delete", &[Image, Model, Patience, Namespace]),
        ("Delete", &[Quota, Model, Patience, Namespace]),
        ("Delete", &[Fit, Model, Patience, Namespace]),
        ("Delete", &[Namespace]),
        ("Delete", &[Operator, Namespace]),
        ("Delete", &[Store, Namespace]),
        ("Delete", &[Model, Namespace]),
        ("Delete", &[Model, Store, Namespace]),
        ("Delete", &[Store, Model, Namespace]),
        ("Delete", &[Store, Model, Operator, Namespace]),
        ("Delete", &[Secret, Rows, Namespace]),
        ("Delete", &[Operator, Store, Model, Namespace]),
        ("Retain", &[Store, Secret, Model, Namespace]),
        ("Retain", &[Store, Operator, Namespace]),
        ("Retain", &[Operator, Model, Namespace]),
        ("Retain", &[Rows, Store, Model, Operator, Namespace]),
    ]
};

/// Tries orders, with versions that are to go and such that are to stay.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn uninstalled(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let step = ORDERS.len() / ground.times(ORDERS.len(), 4);
    let some = ORDERS.iter().skip(step - 1).step_by(step);
    let orders = stream::iter(some).map(|(policy, parts)| async move {
        let what = format!("{policy}, {parts:?}");
        let way = scene(ground, async |scene| {
            take_away(ground, scene, policy, parts).await
        })
        .await;
        (what, way)
    });
    let ways: Vec<_> = orders.buffer_unordered(AT_ONCE).collect().await;
    let (mut slowest, mut alone, mut skipped, mut named, mut freed): (f64, usize, usize, usize, usize) =
        Default::default();
    for (what, way) in ways {
        if let Some(way) = finding.found(&what, way) {
            slowest = slowest.max(way.took);
            alone += usize::from(way.skipped.is_none() && !way.freed);
            skipped += usize::from(way.skipped.is_some());
            named += usize::from(way.skipped == Some(true));
            freed += usize::from(way.freed);
        }
    }
    finding.figures.push(format!(
        "{alone} gone by themselves, {skipped} by the annotation after a condition had said why, which named it in {named} of \
         them, {freed} without an operator by the patch of the documentation; the namespace after {slowest:.0} s at most"
    ));
    Ok(finding)
}

async fn take_away(
    ground: &Ground,
    scene: &mut Scene<'_>,
    policy: &str,
    parts: &[Part],
) -> Result<Way, String> {
    // The rights of this operator would go with the namespace; those of one for the whole cluster do not.
    let rights = rights(&scene.space).await?;
    for object in &rights {
        scene.space.apply_object(object).await;
    }
    let way = remove_in_order(ground, scene, policy, parts).await;
    if way.is_err() {
        // It would hold its namespace for ever, once its operator has ended; it may be gone.
        let _ = scene.space.edit(MODEL.0, MODEL.1, "iris", free).await;
    }
    for object in rights.iter().rev() {
        scene.space.remove_object(object).await;
    }
    way
}

async fn remove_in_order(
    ground: &Ground,
    scene: &mut Scene<'_>,
    policy: &str,
    parts: &[Part],
) -> Result<Way, String> {
    scene.space.postgres().await;
    scene.space.rows("iris", &iris_rows()).await;
    let iris = Manifest::iris("iris")
        .on_postgres()
        .with("/spec/replicas", 1)
        .with("/spec/deletionPolicy", policy);
    scene.space.apply(&iris).await;
    scene.space.ready_within("iris", 90).await;
    let mut way = Way::default();
    let mut is_there = true;
    for part in parts {
        let space = &scene.space;
        match part {
            Part::Model => space.remove(MODEL.0, MODEL.1, "iris").await,
            Part::Rows => space.remove(CONFIG_MAP.0, CONFIG_MAP.1, "iris").await,
            Part::Secret => space.remove("v1", "Secret", "postgres").await,
            Part::Store => space.remove(DEPLOYMENT.0, DEPLOYMENT.1, "postgres").await,
            Part::Namespace => space.remove(NAMESPACE.0, NAMESPACE.1, &space.name).await,
            Part::Operator => {
                scene.stop().await;
                is_there = false;
            }
            Part::Password => {
                let wrong = |object: &mut Value| object["stringData"]["password"] = json!("another");
                space.edit("v1", "Secret", "postgres", wrong).await?;
            }
            Part::Image => {
                let program = ground.program.with_image("127.0.0.1:1/auriga/auriga:1");
                scene.rise(&program).await.map_err(in_words)?;
            }
            Part::Quota => {
                let none = json!({
                    "apiVersion": "v1",
                    "kind": "ResourceQuota",
                    "metadata": { "name": "none" },
                    "spec": { "hard": { "pods": "0" } },
                });
                space.apply_object(&none).await;
            }
            Part::Fit => begin_a_fit(space, &iris).await,
            Part::Patience => way.skipped = patience(space, GONE, says_why).await?,
            Part::LongPatience => {
                let has_failed = |model: &Value| says_why(model).filter(|why| why.reason == "ArtifactsLeft");
                way.skipped = patience(space, FAILED, has_failed).await?;
            }
        }
        if *part == Part::Namespace {
            // It takes all else along.
            break;
        }
        sleep(Duration::from_secs(3)).await;
    }
    let space = &scene.space;
    if let Ok(took) = attempt(gone(space, NAMESPACE, &space.name, GONE)).await {
        way.took = took;
        return Ok(way);
    }
    let Some(model) = space.get(MODEL.0, MODEL.1, "iris").await else {
        return Err(format!(
            "its namespace is there after {GONE} s, though its Model is not"
        ));
    };
    if is_there {
        return Err(format!(
            "the Model is there {GONE} s after its namespace was deleted, and says {}",
            model["status"]["conditions"]
        ));
    }
    space.edit(MODEL.0, MODEL.1, "iris", free).await?;
    attempt(gone(space, MODEL, "iris", FREED)).await?;
    way.took = attempt(gone(space, NAMESPACE, &space.name, GONE)).await?;
    way.freed = true;
    Ok(way)
}

/// A TrainingJob of somebody's, whose pod no node takes.
async fn begin_a_fit(space: &Space, iris: &Manifest) {
    let nowhere = iris
        .clone()
        .with("/spec/pod/nodeSelector", json!({ "disk": "golden" }));
    space.apply(&nowhere).await;
    let fit = json!({
        "apiVersion": TRAINING_JOB.0,
        "kind": TRAINING_JOB.1,
        "metadata": { "name": "by-hand" },
        "spec": { "modelRef": { "name": "iris" } },
    });
    space.apply_object(&fit).await;
    seconds_until(30, "the fit has a pod", async || {
        let pods = space.list(POD.0, POD.1).await;
        let is_fit = |pod: &Value| label(pod, "auriga.dev/training-job") == "by-hand";
        pods.iter().any(is_fit).then_some(())
    })
    .await;
}

/// The rights of the namespace's operator, in all namespaces.
async fn rights(space: &Space) -> Result<[Value; 2], String> {
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    let role = space.get(&version, "Role", "auriga-operator").await;
    let role = role.ok_or("the operator has no Role")?;
    let name = &space.name;
    let account = json!({ "kind": "ServiceAccount", "name": "auriga-operator", "namespace": name });
    Ok([
        json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": name }, "rules": role["rules"] }),
        json!({
            "apiVersion": version,
            "kind": "ClusterRoleBinding",
            "metadata": { "name": name },
            "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": name },
            "subjects": [account],
        }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_differ_and_each_ends_with_its_namespace() {
        for (at, (_, order)) in ORDERS.iter().enumerate() {
            assert!(
                ORDERS[..at].iter().all(|(_, before)| before != order),
                "{order:?}"
            );
            let namespace = order.iter().position(|part| *part == Part::Namespace);
            assert_eq!(namespace, Some(order.len() - 1), "{order:?}");
        }
    }
}
