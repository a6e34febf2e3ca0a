//! Sees everything that a Model's next step may rest on.

use std::{sync::Arc, time::Duration};

use auriga_crds::{Model, ModelStatus, VersionSummary};
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, Service},
};
use kube::ResourceExt as _;
use serde::{Serialize, de::DeserializeOwned};

use super::{arrival, decide, health, slots::Slots, traffic::Traffic};
use crate::{
    build::service::slot_with_traffic,
    cache::{Cache, controlled_by, controller, controller_uid, key},
    caches::{Caches, fit_key, is_under_way, made_for_key, slot_key},
    complaint::complaint,
    context::Context,
    error::Error,
    kept::{Kept, Packed},
    kind::Kind,
    labels,
    metrics::Metrics,
    plan::{Plan, Refusal},
    seen::{Answer, CleanupSeen, ModelSeen, PodSeen, Reached, SlotSeen},
    settings::Settings,
    works_for::works_for,
};

impl Kind for Model {
    const NAME: &'static str = "Model";
    type Seen = ModelSeen;
    type Status = ModelStatus;

    fn cache(caches: &Caches) -> &Cache<Packed<Model>> {
        &caches.models
    }

    fn status(&self) -> Option<&ModelStatus> {
        self.status.as_ref()
    }

    async fn observe(&self, ctx: &Context) -> Result<ModelSeen, Error> {
        let caches = &ctx.caches;
        let namespace = self.namespace().unwrap_or_default();
        let uid = self.uid().unwrap_or_default();
        let ours = controlled_by(&uid);
        let texts = ctx.reader.texts(self, caches).await?;
        let slots = slots(ctx, self, &ours).await;
        let service = owned(caches.services.by(&ours)).into_iter().next();
        let training_jobs = caches
            .training_jobs
            .by(&key("model", &namespace, self.name_any()));
        let (listing, reached) = tokio::join!(
            listing(ctx, service.as_ref(), &slots),
            reached(ctx, self, service.as_ref(), &slots)
        );
        Ok(ModelSeen {
            texts,
            // Those of a predecessor go with it.
            training_jobs: (training_jobs.iter())
                .filter(|job| controller_uid(job.as_ref()).is_none_or(|controller| controller == uid))
                .map(|job| job.unpacked())
                .collect(),
            config_maps: (owned(caches.config_maps.by(&ours)).into_iter())
                .chain(owned(caches.config_maps.by(&made_for_key(&uid))))
                .collect(),
            listing,
            reached,
            slots,
            service,
            budget: owned(caches.budgets.by(&ours)).into_iter().next(),
            cleanup: cleanup(ctx, &uid).await,
            fitted_by: (self.metadata.deletion_timestamp.as_ref()).and_then(|_| fitted_by(caches, self)),
            namespace_is_terminating: self.metadata.deletion_timestamp.is_some()
                && ctx.namespace_is_terminating(&namespace),
            clock_set_at: ctx.clock.set_at(),
        })
    }

    fn decide(&self, seen: &ModelSeen, settings: &Settings, now: Timestamp) -> Plan<ModelStatus> {
        decide::decide(self, seen, settings, now)
    }

    fn refused(&self, status: ModelStatus, refusals: &[Refusal], now: Timestamp) -> ModelStatus {
        decide::refused(self, status, refusals, now)
    }

    fn count(&self, status: &ModelStatus, metrics: &Metrics) {
        // The schema gives a status that somebody has wiped a generation that no object has.
        let before = (self.status.as_ref()).filter(|status| {
            status
                .observed_generation
                .is_some_and(|generation| generation > 0)
        });
        let version = |status: &ModelStatus| status.active_version;
        // A status that somebody has wiped tells nothing new when it is written again.
        if let (Some(before), Some(active)) = (before.map(version), status.active_version)
            && before != Some(active)
        {
            let is_back = before.is_some_and(|before| active < before);
            metrics.activation("activated", if is_back { "RolledBack" } else { "Activated" });
        }
        let rejected = auriga_crds::ConditionType::CandidateRejected.word();
        let of = |status: &ModelStatus| {
            let found = status
                .conditions
                .iter()
                .find(|condition| condition.kind == rejected);
            found.map(|condition| condition.reason.clone())
        };
        if let Some(reason) = of(status).filter(|_| before.is_some_and(|before| of(before).is_none())) {
            let word = auriga_crds::Reason::from_word(&reason).map_or("Unknown", auriga_crds::Reason::word);
            metrics.activation("rejected", word);
        }
    }
}

fn owned<K>(objects: Vec<Arc<Packed<K>>>) -> Vec<K>
where
    K: Kept + Serialize + DeserializeOwned,
{
    objects.iter().map(|object| object.unpacked()).collect()
}

/// Each Deployment with its pods, which are asked all at once.
async fn slots(ctx: &Context, model: &Model, ours: &str) -> Vec<SlotSeen> {
    let deployments = ctx.caches.deployments.by(ours);
    let deployments = owned(deployments);
    let pods: Vec<Vec<Arc<Pod>>> = (deployments.iter())
        .map(|deployment| pods_of(&ctx.caches, model, deployment))
        .collect();
    // A pod that answers passes at most once in the time between two polls, however often it is looked at.
    let fresh = ctx.settings.poll_rollout.mul_f64(0.8);
    let asked = ctx
        .asker
        .ask(pods.iter().flatten().cloned().collect(), fresh)
        .await;
    let mut asked = asked.into_iter();
    (deployments.into_iter().zip(pods))
        .map(|(deployment, pods)| SlotSeen {
            deployment,
            pods: asked.by_ref().take(pods.len()).collect(),
        })
        .collect()
}

/// The pods of a Deployment: those of its slot that its ReplicaSets made for this very Model. ReplicaSets are not watched,
/// but have the Deployment's name in front of theirs.
fn pods_of(caches: &Caches, model: &Model, deployment: &Deployment) -> Vec<Arc<Pod>> {
    let uid = model.uid().unwrap_or_default();
    let stem = format!("{}-", deployment.name_any());
    let labels = (deployment.spec.as_ref())
        .and_then(|spec| spec.template.metadata.as_ref())
        .and_then(|template| template.labels.as_ref());
    let Some(slot) = labels.and_then(|labels| labels.get(labels::SLOT)) else {
        return Vec::new();
    };
    let namespace = model.namespace().unwrap_or_default();
    let kept = (caches.pods).by(&slot_key(&namespace, &model.name_any(), slot));
    let mut pods: Vec<_> = kept.iter().map(|pod| Arc::new(pod.unpacked())).collect();
    pods.retain(|pod| {
        let is_of_deployment = controller(pod.as_ref())
            .is_some_and(|owner| owner.kind == "ReplicaSet" && owner.name.starts_with(&stem));
        is_of_deployment && works_for(pod.spec.as_ref(), &uid)
    });
    pods
}

/// The Job that deletes the versions of this very Model. It has no owner, or it would be deleted with it.
async fn cleanup(ctx: &Context, uid: &str) -> Option<CleanupSeen> {
    let job = ctx.caches.jobs.by(&made_for_key(uid)).into_iter().next()?;
    let pods = ctx.caches.pods.by(&controlled_by(&job.uid().unwrap_or_default()));
    let job = job.unpacked();
    Some(CleanupSeen {
        complaint: match pods.is_empty() && is_under_way(&job) {
            // Nobody must be kept from leaving the versions because it cannot be told why they are there.
            true => complaint(ctx, &job).await.unwrap_or_default(),
            false => None,
        },
        job,
        // They answer nothing; what they leave behind counts.
        pods: (pods.iter())
            .map(|pod| PodSeen {
                pod: pod.unpacked(),
                answer: Answer::NotAsked,
                passes: 0,
                silent_for: Duration::ZERO,
            })
            .collect(),
    })
}

/// A Job or a pod that fits `model` and has not ended. Its TrainingJob may be gone: who collects what that leaves may be late.
fn fitted_by(caches: &Caches, model: &Model) -> Option<String> {
    let key = fit_key(&model.namespace().unwrap_or_default(), &model.name_any());
    let job = || Some(format!("Job {}", caches.jobs.by(&key).first()?.name_any()));
    let pod = || Some(format!("pod {}", caches.pods.by(&key).first()?.name_any()));
    job().or_else(pod)
}

/// Whether requests arrive, once the kubelet has found a pod ready that is to answer them. Who is Ready, and has no pods that had
/// the traffic before, is not asked any more: the way to a Service may be closed to the operator alone.
async fn reached(ctx: &Context, model: &Model, service: Option<&Service>, slots: &[SlotSeen]) -> Reached {
    let with_traffic = service.and_then(|service| Some((service, slot_with_traffic(service)?.label())));
    let Some((service, slot)) = with_traffic else {
        return Reached::NotAsked;
    };
    let pods = slots.iter().flat_map(|slot| &slot.pods).map(|seen| &seen.pod);
    let ready: Vec<String> = pods
        .filter(|pod| pod.labels().get(labels::SLOT) == Some(&slot) && health::is_ready(pod))
        .filter_map(|pod| pod.uid())
        .collect();
    if ready.is_empty() {
        // Whatever it refused so far was right.
        ctx.asker.forget(&service.uid().unwrap_or_default());
        return Reached::NotAsked;
    }
    let all = Slots::of(slots);
    let traffic = Traffic::of(Some(service), &all);
    let has_pods_of_before = all.all.iter().any(|held| traffic.is_of_before(held));
    let is_settled = arrival::is_ready(model) && !has_pods_of_before;
    if is_settled || model.metadata.deletion_timestamp.is_some() {
        return Reached::NotAsked;
    }
    let fresh = ctx.settings.poll_rollout.mul_f64(0.8);
    ctx.asker.reach(service, &slot, ready, fresh).await
}

/// The newest versions in the store, as one of the pods lists them that have the traffic.
async fn listing(
    ctx: &Context,
    service: Option<&Service>,
    slots: &[SlotSeen],
) -> Option<Vec<VersionSummary>> {
    let slot = slot_with_traffic(service?)?.label();
    let mut pods = slots.iter().flat_map(|slot| &slot.pods);
    let answers = pods.find(|seen| {
        matches!(seen.answer, Answer::Well(_)) && seen.pod.labels().get(labels::SLOT) == Some(&slot)
    })?;
    ctx.asker
        .list(&answers.pod, ctx.settings.poll_serving.mul_f64(0.8))
        .await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_deleted_model_is_fitted_by_what_has_not_ended_and_may_begin() {
        let model: Model = serde_json::from_value(json!({
            "apiVersion": "auriga.dev/v1alpha1", "kind": "Model",
            "metadata": { "name": "iris", "namespace": "a" },
            "spec": { "dataset": { "train": { "csv": { "path": "a.csv" } }, "target": "y" }, "estimator": { "ridge": {} } },
        }))
        .unwrap();
        let check = |kind: &str, of: &str, rest: Value, expected: Option<&str>| {
            let caches = Caches::default();
            let mut object = json!({
                "metadata": {
                    "name": "one", "namespace": "a",
                    "labels": { "auriga.dev/model": of, "app.kubernetes.io/component": "fit" },
                },
            });
            json_patch::merge(&mut object, &rest);
            caches.put(kind, object);
            assert_eq!(fitted_by(&caches, &model).as_deref(), expected, "{kind} {rest}");
        };
        let ended = json!({ "status": { "conditions": [{ "type": "Complete", "status": "True" }] } });
        check("Job", "iris", json!({}), Some("Job one"));
        check(
            "Job",
            "iris",
            json!({ "spec": { "suspend": true, "template": {} } }),
            Some("Job one"),
        );
        check("Job", "iris", ended, None);
        check("Job", "rose", json!({}), None);
        check("Job", "iris", json!({ "metadata": { "namespace": "b" } }), None);
        check(
            "Pod",
            "iris",
            json!({ "status": { "phase": "Running" } }),
            Some("pod one"),
        );
        check("Pod", "iris", json!({ "status": { "phase": "Failed" } }), None);
        let serves = json!({ "metadata": { "labels": { "app.kubernetes.io/component": "runtime" } } });
        check("Pod", "iris", serves, None);
    }
}
