//! Others work on the same objects: somebody adds to them, a policy changes whatever is written, an autoscaler scales.

use std::time::Duration;

use auriga_e2e::{Space, until};
use serde_json::{Value, json};

use super::{
    edits::{REVERTED, child_of},
    policies::{GRACE, SIDECAR, in_force, policies},
};
use crate::{
    finding::attempt,
    objects::{BUDGET, CONFIG_MAP, DEPLOYMENT, Kind, MODEL, POD, SERVICE, label, slot_of},
    scene::{Scene, within},
};

/// How long the operator may write after the last thing that others did.
const SETTLED: Duration = Duration::from_secs(12);

/// Adds what is not the operator's, lets a policy change pods and Deployments, and scales the Model: all of it stays, and
/// nothing is written for so long once it is so.
///
/// Errors: what was written, or is not there any more.
pub(super) async fn others(scene: &Scene<'_>, steady: Duration) -> Result<(), String> {
    let space = &scene.space;
    let policies = policies(&space.name);
    let result = attempt(async {
        for policy in &policies {
            let made = space.try_apply(policy).await;
            made.map_err(|words| {
                format!("there is no policy, as the project's own cluster serves them: {words}")
            })?;
        }
        in_force(space).await;
        beside(scene, steady).await
    });
    let result = result.await.and_then(|result| result);
    // They belong to no namespace, and would outlive this one.
    for policy in &policies {
        // One that was never made cannot be taken away.
        let _ = attempt(space.remove_object(policy)).await;
    }
    result
}

async fn beside(scene: &Scene<'_>, steady: Duration) -> Result<(), String> {
    let space = &scene.space;
    let iris = scene.on_postgres().await;
    // A fit comes to its end with somebody else's container beside it.
    space.apply(&iris.c(0.5)).await;
    space.serves("iris", 2).await;
    let marked = mark(space).await?;
    space.scale_model("iris", 3).await;
    serving(space, 3).await;
    // It has no metrics to go by, and keeps within its bounds all the same.
    space.apply_object(&autoscaler(4, 5)).await;
    serving(space, 4).await;
    space.apply_object(&autoscaler(1, 3)).await;
    serving(space, 3).await;
    scene.quiet(SETTLED).await;
    let writes = scene.writes_within(steady).await;
    if let Some(write) = writes.first() {
        return Err(format!("{} writes, such as {write}", writes.len()));
    }
    is_kept(space, &marked).await?;
    // It has not stopped looking: what is its own is its own, beside all of them.
    for (kind, name) in &marked {
        let edit = |object: &mut Value| {
            object["metadata"]["labels"]["app.kubernetes.io/part-of"] = json!("somebody");
        };
        space.edit(kind.0, kind.1, name, edit).await?;
        scene.proxy().begin(None);
        let what = format!("the label of {} is back", kind.1);
        let back = within(REVERTED, &what, async || {
            let object = space.get(kind.0, kind.1, name).await.unwrap_or_default();
            label(&object, "app.kubernetes.io/part-of") == "auriga"
        });
        if let Err(words) = back.await {
            let written = scene.proxy().seen(|record| record.writes.clone());
            let written: Vec<String> = written.iter().map(ToString::to_string).collect();
            return Err(format!("{words}; it wrote {}", written.join(", ")));
        }
    }
    scene.quiet(SETTLED).await;
    is_kept(space, &marked).await
}

/// Marks each child that serves as somebody's, and sets a field of the Service that the operator has nothing to say about.
async fn mark(space: &Space) -> Result<Vec<(Kind, String)>, String> {
    let service = space.get(SERVICE.0, SERVICE.1, "iris").await.unwrap_or_default();
    let slot = slot_of(&service);
    let mut marked = Vec::new();
    for kind in [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET] {
        let name = child_of(space, kind, Some(slot)).await?;
        let mark = |object: &mut Value| {
            object["metadata"]["annotations"]["example.com/note"] = json!("ours");
            object["metadata"]["labels"]["example.com/owner"] = json!("gardeners");
            if kind == SERVICE {
                object["spec"]["sessionAffinity"] = json!("ClientIP");
            }
            if kind == DEPLOYMENT {
                object["spec"]["template"]["metadata"]["annotations"]["example.com/by-hand"] = json!("yes");
            }
        };
        space.edit(kind.0, kind.1, &name, mark).await?;
        marked.push((kind, name));
    }
    Ok(marked)
}

/// Whether all is there that others have set.
///
/// Errors: what is not.
async fn is_kept(space: &Space, marked: &[(Kind, String)]) -> Result<(), String> {
    for (kind, name) in marked {
        let object = space.get(kind.0, kind.1, name).await.unwrap_or_default();
        let mut wanted = vec![
            ("/metadata/annotations/example.com~1note", json!("ours")),
            ("/metadata/labels/example.com~1owner", json!("gardeners")),
        ];
        let template = "/spec/template/metadata/annotations";
        let (by_hand, by_policy) = (
            format!("{template}/example.com~1by-hand"),
            format!("{template}/example.com~1injected"),
        );
        if *kind == SERVICE {
            wanted.push(("/spec/sessionAffinity", json!("ClientIP")));
        }
        if *kind == DEPLOYMENT {
            wanted.extend([
                (by_hand.as_str(), json!("yes")),
                (by_policy.as_str(), json!("yes")),
                ("/metadata/labels/example.com~1team", json!("flowers")),
                ("/spec/template/spec/terminationGracePeriodSeconds", json!(GRACE)),
            ]);
            let env = &object["spec"]["template"]["spec"]["containers"][0]["env"];
            let is_set = |one: &Value| *one == json!({ "name": "HTTP_PROXY", "value": "http://mesh:3128" });
            if !env.as_array().is_some_and(|env| env.iter().any(is_set)) {
                return Err(format!(
                    "{} {name} lost what the policy has set: env is {env}",
                    kind.1
                ));
            }
        }
        if let Some((place, wanted)) =
            (wanted.iter()).find(|(place, wanted)| object.pointer(place) != Some(wanted))
        {
            let found = object.pointer(place);
            return Err(format!(
                "{} {name} lost what others have set: {place} is {found:?}, not {wanted}",
                kind.1
            ));
        }
    }
    let pods = space.list(POD.0, POD.1).await;
    let serving = |pod: &&Value| label(pod, "app.kubernetes.io/component") == "runtime";
    let with_sidecar = |pod: &Value| {
        let containers = pod["spec"]["containers"].as_array();
        containers.is_some_and(|all| all.iter().any(|one| one["name"] == SIDECAR))
    };
    let serving: Vec<&Value> = pods.iter().filter(serving).collect();
    if serving.len() != 3 || !serving.iter().all(|pod| with_sidecar(pod)) {
        return Err(format!(
            "{} pods serve, and not all with a sidecar",
            serving.len()
        ));
    }
    Ok(())
}

async fn serving(space: &Space, replicas: i64) {
    let what = format!("{replicas} pods answer");
    until(Duration::from_secs(90), &what, async || {
        let model = space.get(MODEL.0, MODEL.1, "iris").await?;
        (model["spec"]["replicas"] == replicas
            && model["status"]["readyReplicas"] == replicas
            && model["status"]["replicas"] == replicas)
            .then_some(())
    })
    .await;
}

fn autoscaler(least: u32, most: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "iris" },
        "spec": {
            "scaleTargetRef": { "apiVersion": MODEL.0, "kind": MODEL.1, "name": "iris" },
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{
                "type": "Resource",
                "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } },
            }],
        },
    })
}
