//! What is watched, and what each kind of it is found by.

use auriga_crds::{Model, TrainingJob};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod, Service},
    policy::v1::PodDisruptionBudget,
};
use kube::{Resource, ResourceExt as _, core::PartialObjectMeta};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    cache::{Cache, controlled_by, controller_uid, key},
    ended::{end_of_job, has_pod_ended},
    kept::{Kept, Packed},
    labels,
    model::fits,
};

/// The key of TrainingJobs that are unfinished and not suspended.
pub const IN_LINE: &str = "in line";
/// The key of those of them that nothing but their turn keeps from beginning.
pub const AWAITS_ITS_TURN: &str = "awaits its turn";
/// The key of Jobs that are unfinished and not suspended.
pub const UNDER_WAY: &str = "under way";
/// The key of Jobs that wait in a queue of Kueue's.
pub const IN_A_QUEUE: &str = "in a queue";

/// One cache for each kind that is watched.
#[derive(Clone)]
pub struct Caches {
    /// All Models.
    pub models: Cache<Packed<Model>>,
    /// All TrainingJobs.
    pub training_jobs: Cache<Packed<TrainingJob>>,
    /// Jobs of Auriga's.
    pub jobs: Cache<Packed<Job>>,
    /// Deployments of Auriga's.
    pub deployments: Cache<Packed<Deployment>>,
    /// Services of Auriga's.
    pub services: Cache<Packed<Service>>,
    /// ConfigMaps of Auriga's.
    pub config_maps: Cache<Packed<ConfigMap>>,
    /// PodDisruptionBudgets of Auriga's.
    pub budgets: Cache<Packed<PodDisruptionBudget>>,
    /// Pods of Auriga's.
    pub pods: Cache<Packed<Pod>>,
    /// Name, UID and version of every ConfigMap: a Model may name any.
    pub sources: Cache<PartialObjectMeta<ConfigMap>>,
}

/// What is known of an object without asking.
#[derive(Debug, PartialEq)]
pub enum Stored {
    /// It was seen last like this.
    Seen(Value),
    /// Its kind is watched, and it is not there; one that is not labeled as Auriga's may be.
    Absent,
    /// Its kind is not watched.
    Unwatched,
}

impl Default for Caches {
    fn default() -> Caches {
        Caches {
            models: Cache::new(keys_of_model),
            training_jobs: Cache::new(keys_of_training_job),
            jobs: Cache::new(keys_of_job),
            deployments: Cache::new(keys_of_child),
            services: Cache::new(keys_of_child),
            config_maps: Cache::new(keys_of_child),
            budgets: Cache::new(keys_of_child),
            pods: Cache::new(keys_of_pod),
            sources: Cache::new(|_| Vec::new()),
        }
    }
}

impl Caches {
    /// The object of this kind and name, as last seen.
    pub fn stored(&self, kind: &str, namespace: &str, name: &str) -> Stored {
        match kind {
            "Model" => stored(&self.models, namespace, name),
            "TrainingJob" => stored(&self.training_jobs, namespace, name),
            "Job" => stored(&self.jobs, namespace, name),
            "Deployment" => stored(&self.deployments, namespace, name),
            "Service" => stored(&self.services, namespace, name),
            "ConfigMap" => stored(&self.config_maps, namespace, name),
            "PodDisruptionBudget" => stored(&self.budgets, namespace, name),
            "Pod" => stored(&self.pods, namespace, name),
            _ => Stored::Unwatched,
        }
    }

    /// Takes in the API server's answer to a write.
    pub fn put(&self, kind: &str, object: Value) {
        match kind {
            "Model" => put(&self.models, object),
            "TrainingJob" => put(&self.training_jobs, object),
            "Job" => put(&self.jobs, object),
            "Deployment" => put(&self.deployments, object),
            "Service" => put(&self.services, object),
            "ConfigMap" => put(&self.config_maps, object),
            "PodDisruptionBudget" => put(&self.budgets, object),
            "Pod" => put(&self.pods, object),
            _ => {}
        }
    }
}

fn stored<K>(cache: &Cache<K>, namespace: &str, name: &str) -> Stored
where
    K: Resource<DynamicType = ()> + Clone + Serialize + 'static,
{
    match cache.get(namespace, name) {
        Some(object) => serde_json::to_value(object.as_ref()).map_or(Stored::Unwatched, Stored::Seen),
        None => Stored::Absent,
    }
}

fn put<K>(cache: &Cache<K>, object: Value)
where
    K: Kept + Resource<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    // What cannot be read is left to the watch, which says so.
    if let Ok(mut object) = serde_json::from_value::<K>(object)
        && object.meta().name.is_some()
    {
        object.reduce();
        cache.put(object);
    }
}

/// The names of the ConfigMaps that a Model's dataset is in.
pub fn sources_of(model: &Model) -> impl Iterator<Item = &auriga_crds::ConfigMapKey> {
    let dataset = &model.spec.dataset;
    let sources = [Some(&dataset.train), dataset.test.as_ref()];
    (sources.into_iter().flatten()).filter_map(|source| source.csv.as_ref()?.config_map.as_ref())
}

/// Whether a TrainingJob is over.
pub fn is_over(job: &TrainingJob) -> bool {
    fits::end(job).is_some()
}

/// Whether a Job is to have a pod: it is neither over nor suspended, be it by us or by a queue.
pub fn is_under_way(job: &Job) -> bool {
    !is_suspended(job) && end_of_job(job).is_none()
}

fn is_suspended(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true)
}

/// Whether nothing but its turn keeps a TrainingJob without a Job from beginning, as far as is known: it is in line, and
/// waits for nobody to mend something.
pub fn awaits_its_turn(job: &TrainingJob) -> bool {
    let is_stalled = (job.status.as_ref())
        .is_some_and(|status| auriga_crds::ConditionType::Stalled.holds_in(&status.conditions));
    !is_over(job) && !job.spec.suspend && !is_stalled
}

fn keys_of_model(model: &Packed<Model>) -> Vec<String> {
    let model = model.unpacked();
    let namespace = model.namespace().unwrap_or_default();
    (sources_of(&model))
        .map(|source| key("source", &namespace, &source.name))
        .collect()
}

fn keys_of_training_job(job: &Packed<TrainingJob>) -> Vec<String> {
    let job = job.unpacked();
    let mut keys = vec![key(
        "model",
        &job.namespace().unwrap_or_default(),
        &job.spec.model_ref.name,
    )];
    if !is_over(&job) && !job.spec.suspend {
        keys.push(IN_LINE.to_owned());
    }
    if awaits_its_turn(&job) {
        keys.push(AWAITS_ITS_TURN.to_owned());
    }
    keys
}

fn keys_of_job(job: &Packed<Job>) -> Vec<String> {
    let job = job.unpacked();
    let mut keys = keys_of(&job);
    if is_under_way(&job) {
        keys.push(UNDER_WAY.to_owned());
    }
    if is_suspended(&job) && job.labels().contains_key(labels::QUEUE_NAME) {
        keys.push(IN_A_QUEUE.to_owned());
    }
    keys.extend(fitted(&job).filter(|_| end_of_job(&job).is_none()));
    keys
}

fn keys_of_pod(pod: &Packed<Pod>) -> Vec<String> {
    let pod = pod.unpacked();
    let mut keys = keys_of(&pod);
    if let (Some(model), Some(slot)) = (pod.labels().get(labels::MODEL), pod.labels().get(labels::SLOT)) {
        keys.push(slot_key(&pod.namespace().unwrap_or_default(), model, slot));
    }
    keys.extend(fitted(&pod).filter(|_| !has_pod_ended(&pod)));
    keys
}

/// The key of what fits the Model that `object`, a Job or a pod, fits; `None`: it does something else.
fn fitted<K: Resource>(object: &K) -> Option<String> {
    let fits = object.labels().get(labels::COMPONENT).map(String::as_str) == Some(labels::FIT);
    let model = object.labels().get(labels::MODEL).filter(|_| fits)?;
    Some(fit_key(&object.namespace().unwrap_or_default(), model))
}

/// The key of the Jobs and pods that fit a Model and have not ended, be they suspended.
pub fn fit_key(namespace: &str, model: &str) -> String {
    key("fits", namespace, model)
}

/// The key of the pods of one slot of a Model.
pub fn slot_key(namespace: &str, model: &str, slot: &str) -> String {
    key("slot", namespace, format_args!("{model}/{slot}"))
}

fn keys_of_child<K>(object: &Packed<K>) -> Vec<String>
where
    K: Kept + Serialize + DeserializeOwned,
{
    keys_of(&object.unpacked())
}

fn keys_of<K: Resource>(object: &K) -> Vec<String> {
    let made_for = object.labels().get(labels::MODEL_UID);
    let controller = controller_uid(object).map(controlled_by);
    controller
        .into_iter()
        .chain(made_for.map(|uid| made_for_key(uid)))
        .collect()
}

/// The key of what was made for the Model of this UID, and is to outlive it.
pub fn made_for_key(uid: &str) -> String {
    format!("made for:{uid}")
}
