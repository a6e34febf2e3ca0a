//! The cluster refuses the pods of a Model: by a quota, limits, its security standard, or a policy.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space, eventually, is_ready, ready};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::TRAINING_JOB,
    scene::{scene, seconds_until},
};

/// How long it may take until the refusal is told.
const TOLD: f64 = 10.0;
/// How long it may take until all works once nothing refuses any more.
const RECOVERED: f64 = 30.0;

/// What refuses pods.
#[derive(Clone, Copy)]
enum Wall {
    Quota,
    Limits,
    Standard,
    Policy,
}

const ADMISSION: &str = "admissionregistration.k8s.io/v1";

impl Wall {
    const ALL: [Wall; 4] = [Wall::Quota, Wall::Limits, Wall::Standard, Wall::Policy];

    fn word(self) -> &'static str {
        match self {
            Wall::Quota => "a quota of no pods",
            Wall::Limits => "a LimitRange below what pods ask for",
            Wall::Standard => "a pod that the security standard forbids",
            Wall::Policy => "an admission policy",
        }
    }

    /// Words of the API server that have to reach the Model.
    fn says(self) -> &'static str {
        match self {
            Wall::Quota => "exceeded quota: none",
            Wall::Limits => "maximum memory usage per Container",
            Wall::Standard => "violates PodSecurity",
            Wall::Policy => "no pods on Sundays",
        }
    }

    /// The objects that it is made of.
    fn objects(self, space: &Space) -> Vec<Value> {
        let name = &space.name;
        let of = |version: &str, kind: &str, name: &str, spec: Value| json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name }, "spec": spec });
        match self {
            Wall::Quota => vec![of(
                "v1",
                "ResourceQuota",
                "none",
                json!({ "hard": { "pods": "0" } }),
            )],
            Wall::Limits => {
                let limits = json!([{ "type": "Container", "max": { "memory": "16Mi" } }]);
                vec![of("v1", "LimitRange", "none", json!({ "limits": limits }))]
            }
            Wall::Standard => Vec::new(),
            Wall::Policy => {
                let rule = json!({ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] });
                // It holds for pods of Models alone: the store is to stay.
                let ours = "!has(object.metadata.labels) || !('auriga.dev/model' in object.metadata.labels)";
                let policy = json!({
                    "failurePolicy": "Fail",
                    "matchConstraints": { "resourceRules": [rule] },
                    "validations": [{ "expression": ours, "message": "no pods on Sundays" }],
                });
                let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": name } });
                let binding = json!({
                    "policyName": name,
                    "validationActions": ["Deny"],
                    "matchResources": { "namespaceSelector": here },
                });
                vec![
                    of(ADMISSION, "ValidatingAdmissionPolicy", name, policy),
                    of(ADMISSION, "ValidatingAdmissionPolicyBinding", name, binding),
                ]
            }
        }
    }

    /// Puts it up, and waits until it holds.
    async fn rise(self, space: &Space) {
        for object in self.objects(space) {
            space.apply_object(&object).await;
        }
        if matches!(self, Wall::Standard) {
            return;
        }
        eventually("pods are refused", async || {
            let refused = space.would_take(&probe()).await;
            refused.is_err().then_some(())
        })
        .await;
    }

    async fn fall(self, space: &Space) {
        for object in self.objects(space) {
            space.remove_object(&object).await;
        }
    }

    /// The Model while it stands.
    fn behind(self, good: &Manifest) -> Manifest {
        let unconfined = json!({ "container.apparmor.security.beta.kubernetes.io/auriga": "unconfined" });
        match self {
            Wall::Standard => good.clone().with("/spec/pod/annotations", unconfined),
            _ => good.clone(),
        }
    }
}

/// Puts each wall in the way of a fit, and in the way of new pods that serve.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn refused(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let (mut told, mut recovered): (f64, f64) = (0.0, 0.0);
    for wall in Wall::ALL {
        for serves in [false, true] {
            let what = format!(
                "{} for {}",
                wall.word(),
                if serves { "pods that serve" } else { "a fit" }
            );
            let result = scene(ground, async |scene| {
                scene.space.iris_data("iris").await;
                let result = attempt(behind(&scene.space, wall, serves)).await;
                if matches!(wall, Wall::Policy) {
                    // It belongs to no namespace, and would outlive this one.
                    let _ = attempt(wall.fall(&scene.space)).await;
                }
                result.and_then(|result| result)
            })
            .await;
            let result = result.and_then(|(after, healed)| {
                (told, recovered) = (told.max(after), recovered.max(healed));
                match () {
                    () if after > TOLD => Err(format!("was told after {after:.1} s")),
                    () if healed > RECOVERED => Err(format!("all worked after {healed:.1} s")),
                    () => Ok(()),
                }
            });
            finding.count(&what, result);
        }
    }
    finding.figures.push(format!(
        "told after {told:.1} s, all works {recovered:.1} s after, at most"
    ));
    Ok(finding)
}

/// How long it took until the refusal was told, and until all worked again without it.
async fn behind(space: &Space, wall: Wall, serves: bool) -> Result<(f64, f64), String> {
    let good = Manifest::iris("iris");
    let asked = if serves {
        space.apply(&good).await;
        space.serves("iris", 1).await;
        good.with("/spec/serving/serviceMetadata", json!({ "a": "b" }))
    } else {
        good
    };
    wall.rise(space).await;
    space.apply(&wall.behind(&asked)).await;
    let (told, ()) = seconds_until(30, "the refusal is told", async || {
        let model = space.model("iris").await;
        ready(&model)?.message.contains(wall.says()).then_some(())
    })
    .await;
    let (mut before, mut writes) = (String::new(), 0);
    for _ in 0..10 {
        sleep(Duration::from_secs(1)).await;
        let model = space.model("iris").await;
        let version = model.metadata.resource_version.unwrap_or_default();
        writes += usize::from(version != before);
        before = version;
    }
    let jobs = space.list(TRAINING_JOB.0, TRAINING_JOB.1).await.len();
    if jobs != 1 || writes > 6 {
        return Err(format!(
            "{writes} changes of the Model in 10 s, {jobs} TrainingJobs"
        ));
    }
    if serves {
        let answer = space.ask("iris", auriga_e2e::IRIS_ROW).await?;
        if answer.code != 200 {
            return Err(format!("the version before answers with {}", answer.code));
        }
    }
    wall.fall(space).await;
    space.apply(&asked).await;
    let (healed, ()) = seconds_until(180, "all works again", async || {
        is_ready(&space.model("iris").await).then_some(())
    })
    .await;
    Ok((told, healed))
}

/// A pod of a Model, to be refused.
fn probe() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "probe", "labels": { "auriga.dev/model": "probe" } },
        "spec": {
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "main",
                "image": "docker.io/auriga/auriga:dev",
                "resources": { "limits": { "memory": "64Mi" } },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                },
            }],
        },
    })
}
