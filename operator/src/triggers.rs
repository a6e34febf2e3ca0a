//! Who has to be looked at when something changes.

use auriga_crds::{Model, TrainingJob};
use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{ConfigMap, Pod},
};
use kube::{Resource, ResourceExt as _, core::PartialObjectMeta, runtime::reflector::ObjectRef};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    cache::{Change, controller, key},
    caches::{Caches, IN_LINE, awaits_its_turn, is_over, is_under_way},
    kept::{Kept, Packed},
    labels,
};

/// Where it is told who has to be looked at. Telling never waits; the controllers make one of many for one object.
#[derive(Clone)]
pub struct Triggers {
    /// Models.
    pub models: UnboundedSender<ObjectRef<Packed<Model>>>,
    /// TrainingJobs.
    pub training_jobs: UnboundedSender<ObjectRef<Packed<TrainingJob>>>,
}

impl Triggers {
    /// A Model changed: it, and the TrainingJobs that wait for it.
    pub fn model(&self, caches: &Caches, change: &Change<Packed<Model>>) {
        if let Some(model) = change.states().last() {
            let namespace = model.namespace().unwrap_or_default();
            self.look_at_model(&namespace, &model.name_any());
            for job in caches
                .training_jobs
                .by(&key("model", &namespace, model.name_any()))
            {
                if !is_over(&job.unpacked()) {
                    self.look_at_training_job(&namespace, &job.name_any());
                }
            }
        }
    }

    /// A TrainingJob changed: it, its Model, and once it leaves its place in the line all that wait in it.
    pub fn training_job(&self, caches: &Caches, change: &Change<Packed<TrainingJob>>) {
        if let Some(job) = change.states().last() {
            let namespace = job.namespace().unwrap_or_default();
            self.look_at_training_job(&namespace, &job.name_any());
            self.look_at_model(&namespace, &job.unpacked().spec.model_ref.name);
        }
        if ended(change, |job| awaits_its_turn(&job.unpacked())) {
            self.line(caches);
        }
    }

    /// A Job changed: whose it is, and once it gives up its place all that wait for one.
    pub fn job(&self, caches: &Caches, change: &Change<Packed<Job>>) {
        self.child(change);
        if ended(change, |job| is_under_way(&job.unpacked())) {
            self.line(caches);
        }
    }

    /// Everything has to be looked at: nobody has while another operator worked.
    pub fn all(&self, caches: &Caches) {
        for model in caches.models.all() {
            self.look_at_model(&model.namespace().unwrap_or_default(), &model.name_any());
        }
        for job in caches.training_jobs.all() {
            self.look_at_training_job(&job.namespace().unwrap_or_default(), &job.name_any());
        }
    }

    fn line(&self, caches: &Caches) {
        for waiting in caches.training_jobs.by(IN_LINE) {
            self.look_at_training_job(&waiting.namespace().unwrap_or_default(), &waiting.name_any());
        }
    }

    /// A pod changed: what its Job belongs to, or the Model it answers for.
    pub fn pod(&self, caches: &Caches, change: &Change<Packed<Pod>>) {
        let Some(pod) = change.states().last() else {
            return;
        };
        let namespace = pod.namespace().unwrap_or_default();
        match controller(pod) {
            Some(owner) if owner.kind == "Job" => {
                // The label of a TrainingJob may be cut, its Job's reference is not.
                if let Some(job) = caches.jobs.get(&namespace, &owner.name) {
                    self.owner_of(job.as_ref());
                }
            }
            _ => {
                if let Some(model) = pod.unpacked().labels().get(labels::MODEL) {
                    self.look_at_model(&namespace, model);
                }
            }
        }
    }

    /// Something else of ours changed: whose it is.
    pub fn child<K>(&self, change: &Change<Packed<K>>)
    where
        K: Kept + Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        change.states().for_each(|child| self.owner_of(child));
    }

    /// A ConfigMap changed, whosever it is: the Models whose rows are in it, and their fits.
    pub fn source(&self, caches: &Caches, change: &Change<PartialObjectMeta<ConfigMap>>) {
        let version = |object: &PartialObjectMeta<ConfigMap>| {
            (
                object.metadata.uid.clone(),
                object.metadata.resource_version.clone(),
            )
        };
        let [before, after] = [&change.before, &change.after].map(|state| state.as_deref().map(version));
        let Some(source) = change.states().last().filter(|_| before != after) else {
            return;
        };
        let namespace = source.namespace().unwrap_or_default();
        for model in caches.models.by(&key("source", &namespace, source.name_any())) {
            let model = Change {
                before: None,
                after: Some(model),
            };
            self.model(caches, &model);
        }
    }

    fn owner_of<K>(&self, child: &Packed<K>)
    where
        K: Kept + Serialize + DeserializeOwned,
    {
        let namespace = child.meta().namespace.clone().unwrap_or_default();
        match controller(child) {
            Some(owner) if owner.kind == Model::kind(&()) => self.look_at_model(&namespace, &owner.name),
            Some(owner) if owner.kind == TrainingJob::kind(&()) => {
                self.look_at_training_job(&namespace, &owner.name);
            }
            Some(_) => {}
            // What is to outlive its Model has no owner.
            None => {
                if let Some(model) = child.unpacked().labels().get(labels::MODEL) {
                    self.look_at_model(&namespace, model);
                }
            }
        }
    }

    fn look_at_model(&self, namespace: &str, name: &str) {
        // Nobody listens only while the program ends.
        let _ = self.models.send(ObjectRef::new(name).within(namespace));
    }

    fn look_at_training_job(&self, namespace: &str, name: &str) {
        let _ = self.training_jobs.send(ObjectRef::new(name).within(namespace));
    }
}

/// Whether something held for the object before, and no longer does.
fn ended<K>(change: &Change<K>, holds: impl Fn(&K) -> bool) -> bool {
    let held = |state: &Option<std::sync::Arc<K>>| state.as_ref().is_some_and(|state| holds(state));
    held(&change.before) && !held(&change.after)
}

#[cfg(test)]
mod tests;
