//! All that a Model needs is taken away, in every order, and its namespace with it.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space, condition, iris_rows};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::children::MODEL;
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    scene::{Scene, scene, seconds_until},
};

/// How many orders are tried.
const ORDERS: usize = 20;
/// How many of them at once.
const AT_ONCE: usize = 4;
/// How long a namespace may take to go.
const GONE: u64 = 120;

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Model,
    Rows,
    Secret,
    Store,
    Operator,
    Namespace,
}

/// How a namespace went.
enum Way {
    /// By itself.
    Alone(f64),
    /// Once the annotation said that versions are to stay, as a condition had told.
    Skipped,
    /// Once the finalizer was taken away, since no operator was left to do it.
    Freed,
}

/// The order with this number: each of all permutations comes up as often as any other.
fn order(number: usize) -> Vec<Part> {
    let mut left = vec![
        Part::Model,
        Part::Rows,
        Part::Secret,
        Part::Store,
        Part::Operator,
        Part::Namespace,
    ];
    // A step that has no factor in common with 720 leads to all permutations in turn.
    let mut rest = number * 307 % 720;
    let mut order = Vec::new();
    while !left.is_empty() {
        let at = rest % left.len();
        rest /= left.len();
        order.push(left.remove(at));
    }
    order
}

/// Tries orders, with versions that are to go and such that are to stay.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn uninstalled(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let orders = stream::iter(0..ground.times(ORDERS, 4)).map(|number| async move {
        let policy = if number % 4 == 3 { "Retain" } else { "Delete" };
        let parts = order(number);
        let what = format!("{policy}, {parts:?}");
        let way = scene(ground, async |scene| take_away(scene, policy, &parts).await).await;
        (what, way)
    });
    let ways: Vec<_> = orders.buffer_unordered(AT_ONCE).collect().await;
    let (mut slowest, mut skipped, mut freed): (f64, usize, usize) = (0.0, 0, 0);
    for (what, way) in ways {
        match &way {
            Ok(Way::Alone(took)) => slowest = slowest.max(*took),
            Ok(Way::Skipped) => skipped += 1,
            Ok(Way::Freed) => freed += 1,
            Err(_) => {}
        }
        finding.count(&what, way.map(|_| ()));
    }
    finding.figures.push(format!(
        "gone by itself after {slowest:.0} s at most; {skipped} by the annotation that a condition named, {freed} without an \
         operator by the patch of the documentation"
    ));
    Ok(finding)
}

async fn take_away(scene: &mut Scene<'_>, policy: &str, parts: &[Part]) -> Result<Way, String> {
    let name = scene.space.name.clone();
    // The rights of this operator would go with the namespace; those of one for the whole cluster do not.
    for object in rights(&scene.space).await? {
        scene.space.apply_object(&object).await;
    }
    let way = remove_in_order(scene, policy, parts).await;
    for kind in ["ClusterRoleBinding", "ClusterRole"] {
        let api = "rbac.authorization.k8s.io/v1";
        scene.space.remove(api, kind, &name).await;
    }
    way
}

async fn remove_in_order(scene: &mut Scene<'_>, policy: &str, parts: &[Part]) -> Result<Way, String> {
    scene.space.postgres().await;
    scene.space.rows("iris", &iris_rows()).await;
    let iris = Manifest::iris("iris").on_postgres().with("/spec/replicas", 1);
    scene
        .space
        .apply(&iris.with("/spec/deletionPolicy", policy))
        .await;
    scene.space.ready_within("iris", 90).await;
    let mut is_there = true;
    for part in parts {
        let space = &scene.space;
        match part {
            Part::Model => space.remove(MODEL.0, MODEL.1, "iris").await,
            Part::Rows => space.remove("v1", "ConfigMap", "iris").await,
            Part::Secret => space.remove("v1", "Secret", "postgres").await,
            Part::Store => space.remove("apps/v1", "Deployment", "postgres").await,
            Part::Namespace => space.remove("v1", "Namespace", &space.name).await,
            Part::Operator => {
                scene.stop().await;
                is_there = false;
            }
        }
        if *part == Part::Namespace {
            // It takes all else along.
            break;
        }
        sleep(Duration::from_secs(3)).await;
    }
    let space = &scene.space;
    if let Ok(took) = attempt(gone(space, GONE)).await {
        return Ok(Way::Alone(took));
    }
    let Some(model) = space.get(MODEL.0, MODEL.1, "iris").await else {
        return Err(format!(
            "its namespace is there after {GONE} s, though its Model is not"
        ));
    };
    if is_there {
        let says_why = says_why(&model);
        let skip = |object: &mut Value| {
            object["metadata"]["annotations"]["auriga.dev/skip-cleanup"] = json!("true");
        };
        space.edit(MODEL.0, MODEL.1, "iris", skip).await?;
        attempt(freed(space)).await?;
        return says_why
            .then_some(Way::Skipped)
            .ok_or_else(|| "no condition said why the Model was still there".to_owned());
    }
    let free = |object: &mut Value| object["metadata"]["finalizers"] = json!([]);
    space.edit(MODEL.0, MODEL.1, "iris", free).await?;
    attempt(freed(space)).await.map(|()| Way::Freed)
}

/// Waits until a Model that nothing holds any more is gone, and its namespace with it.
async fn freed(space: &Space) {
    seconds_until(30, "the Model is gone", async || {
        space.get(MODEL.0, MODEL.1, "iris").await.is_none().then_some(())
    })
    .await;
    gone(space, GONE).await;
}

/// The time until the namespace is gone.
async fn gone(space: &Space, limit: u64) -> f64 {
    let (took, ()) = seconds_until(limit, "the namespace is gone", async || {
        space
            .get("v1", "Namespace", &space.name)
            .await
            .is_none()
            .then_some(())
    })
    .await;
    took
}

/// Whether a Model that is being deleted says what is in the way, and what may be done about it.
fn says_why(model: &Value) -> bool {
    let conditions: Vec<auriga_crds::Condition> =
        serde_json::from_value(model["status"]["conditions"].clone()).unwrap_or_default();
    let ready = condition(&conditions, "Ready");
    ready.is_some_and(|ready| {
        ["ModelDeleted", "ArtifactsLeft"].contains(&ready.reason.as_str()) && !ready.message.is_empty()
    })
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
    fn orders_differ_and_each_part_comes_first_in_one() {
        let orders: Vec<Vec<Part>> = (0..ORDERS).map(order).collect();
        for (at, order) in orders.iter().enumerate() {
            assert!(!orders[..at].contains(order), "{order:?}");
        }
        for part in order(0) {
            assert!(orders.iter().any(|order| order[0] == part), "{part:?}");
        }
    }
}
