//! A namespace of one test: applies, reads and waits in it.

use std::net::SocketAddr;

use auriga_crds::{Model, TrainingJob};
use k8s_openapi::NamespaceResourceScope;
use kube::{
    Api, Resource, ResourceExt as _,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    http::{self, Answer},
    manifests::{Manifest, iris_rows},
    until::{until, within},
};

/// Who applies: what it has set before and leaves out now is gone.
const MANAGER: &str = "e2e";

/// A namespace that enforces the restricted Pod Security Standard.
pub struct Space {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub cluster: &'static Cluster,
}

impl Cluster {
    pub(crate) fn api(&self, namespace: Option<&str>, api_version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let is_namespaced = ![
            "Namespace",
            "CustomResourceDefinition",
            "ClusterRole",
            "ClusterRoleBinding",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ]
        .contains(&kind);
        match namespace.filter(|_| is_namespaced) {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// The object as JSON; `None` if there is none.
    pub async fn get(&self, namespace: Option<&str>, version: &str, kind: &str, name: &str) -> Option<Value> {
        let found = self.api(namespace, version, kind).get_opt(name).await;
        let found = found.unwrap_or_else(|error| panic!("cannot read {kind} {name}: {error}"));
        found.map(|object| serde_json::to_value(object).expect("objects are JSON"))
    }

    /// All objects of a kind in a namespace, as JSON.
    pub async fn list(&self, namespace: &str, version: &str, kind: &str) -> Vec<Value> {
        let found = self
            .api(Some(namespace), version, kind)
            .list(&ListParams::default())
            .await;
        let found = found.unwrap_or_else(|error| panic!("cannot list {kind}: {error}"));
        let object = |object| {
            // A list names its kind once, for all that is in it.
            let mut object = serde_json::to_value(object).expect("objects are JSON");
            object["apiVersion"] = json!(version);
            object["kind"] = json!(kind);
            object
        };
        found.items.into_iter().map(object).collect()
    }

    /// Applies one object; what the API server answers.
    ///
    /// Errors: its words.
    pub(crate) async fn try_apply(&self, namespace: Option<&str>, object: &Value) -> Result<Value, String> {
        self.patch(namespace, object, &PatchParams::apply(MANAGER).force())
            .await
    }

    /// What the API server would answer to an object that is applied; nothing is changed.
    ///
    /// Errors: its words.
    pub(crate) async fn would_take(&self, namespace: Option<&str>, object: &Value) -> Result<Value, String> {
        let mut parameters = PatchParams::apply(MANAGER).force();
        parameters.dry_run = true;
        self.patch(namespace, object, &parameters).await
    }

    async fn patch(
        &self,
        namespace: Option<&str>,
        object: &Value,
        parameters: &PatchParams,
    ) -> Result<Value, String> {
        let own = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let version = object["apiVersion"]
            .as_str()
            .expect("an object has an apiVersion");
        let api = self.api(own.or(namespace), version, kind_of(object));
        match api
            .patch(name_of(object), parameters, &Patch::Apply(object))
            .await
        {
            Ok(applied) => Ok(serde_json::to_value(applied).expect("objects are JSON")),
            Err(kube::Error::Api(status)) => Err(status.message.clone()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Space {
    /// Makes it.
    pub(crate) async fn new(cluster: &'static Cluster) -> Space {
        let name = cluster.namespace_name();
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": name, "labels": { "pod-security.kubernetes.io/enforce": "restricted" } },
        });
        cluster
            .try_apply(None, &namespace)
            .await
            .expect("a namespace can be made");
        let space = Space { name, cluster };
        // Pods are refused until it is there.
        until(within(20), "the default service account is there", async || {
            space.get("v1", "ServiceAccount", "default").await
        })
        .await;
        space
    }

    /// Another one, for a test about two; whoever asked for it deletes it.
    pub async fn another(&self) -> Space {
        self.cluster.space().await
    }

    /// Deletes it with all that is in it, and waits for nothing.
    pub async fn delete(self) {
        let api = self.cluster.api(None, "v1", "Namespace");
        let _ = api.delete(&self.name, &DeleteParams::background()).await;
    }

    /// Objects of a type in this namespace.
    pub fn typed<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.cluster.client.clone(), &self.name)
    }

    /// Applies a Model.
    pub async fn apply(&self, manifest: &Manifest) {
        self.apply_object(manifest.value()).await;
    }

    /// Applies an object.
    pub async fn apply_object(&self, object: &Value) -> Value {
        let applied = self.cluster.try_apply(Some(&self.name), object).await;
        applied.unwrap_or_else(|words| panic!("{} {}: {words}", kind_of(object), name_of(object)))
    }

    /// Applies all objects of a file of this tree.
    pub async fn apply_file(&self, path: &str) {
        let text = std::fs::read_to_string(Cluster::root().join(path)).expect("the tree has this file");
        for document in documents(&text) {
            self.apply_object(&document).await;
        }
    }

    /// What the API server says to an object that it does not take; nothing is changed.
    pub async fn refused(&self, object: &Value) -> String {
        match self.cluster.would_take(Some(&self.name), object).await {
            Err(words) => words,
            Ok(_) => panic!("taken: {object}"),
        }
    }

    /// The ConfigMap and the claim that [`Manifest::iris`] of this name needs.
    pub async fn iris_data(&self, name: &str) {
        self.rows(name, &iris_rows()).await;
        self.claim(name).await;
    }

    /// The ConfigMap `name` with these rows.
    pub async fn rows(&self, name: &str, rows: &str) {
        self.apply_object(&json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": name },
            "data": { "iris.csv": rows },
        }))
        .await;
    }

    /// The claim `name`.
    pub async fn claim(&self, name: &str) {
        self.apply_object(&json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": { "name": name },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
        }))
        .await;
    }

    /// The PostgreSQL of this namespace, ready.
    pub async fn postgres(&self) {
        self.apply_file("tests/cluster/postgres.yaml").await;
        self.rolled_out("postgres").await;
    }

    /// Waits for a Deployment.
    pub async fn rolled_out(&self, deployment: &str) {
        crate::install::rolled_out(self.cluster, &self.name, deployment).await;
    }

    /// The object as JSON; `None` if there is none.
    pub async fn get(&self, version: &str, kind: &str, name: &str) -> Option<Value> {
        self.cluster.get(Some(&self.name), version, kind, name).await
    }

    /// All objects of a kind, as JSON.
    pub async fn list(&self, version: &str, kind: &str) -> Vec<Value> {
        self.cluster.list(&self.name, version, kind).await
    }

    /// Changes fields of a Model or another object of ours; null removes one.
    pub async fn change(&self, kind: &str, name: &str, fields: Value) {
        let version = if kind == "Deployment" {
            "apps/v1"
        } else {
            "auriga.dev/v1alpha1"
        };
        let api = self.cluster.api(Some(&self.name), version, kind);
        let changed = api
            .patch(name, &PatchParams::default(), &Patch::Merge(fields))
            .await;
        changed.unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
    }

    /// Asks for another fit.
    pub async fn refit(&self, model: &str, at: &str) {
        let fields = json!({ "metadata": { "annotations": { "auriga.dev/refit-at": at } } });
        self.change("Model", model, fields).await;
    }

    /// Deletes an object, and does not wait until it is gone.
    pub async fn remove(&self, version: &str, kind: &str, name: &str) {
        let api = self.cluster.api(Some(&self.name), version, kind);
        let removed = api.delete(name, &DeleteParams::background()).await;
        removed.unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
    }

    /// [`Space::remove`] of an object as it was applied.
    pub async fn remove_object(&self, object: &Value) {
        let version = object["apiVersion"]
            .as_str()
            .expect("an object has an apiVersion");
        self.remove(version, kind_of(object), name_of(object)).await;
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, version: &str, kind: &str, name: &str) {
        until(within(60), &format!("{kind} {name} is gone"), async || {
            self.get(version, kind, name).await.is_none().then_some(())
        })
        .await;
    }

    /// A Model as it is now.
    pub async fn model(&self, name: &str) -> Model {
        self.typed::<Model>()
            .get(name)
            .await
            .unwrap_or_else(|error| panic!("Model {name}: {error}"))
    }

    /// The TrainingJobs, oldest first.
    pub async fn training_jobs(&self) -> Vec<TrainingJob> {
        let mut jobs = self
            .typed::<TrainingJob>()
            .list(&ListParams::default())
            .await
            .expect("a list")
            .items;
        jobs.sort_by_key(|job| (job.creation_timestamp(), job.name_any()));
        jobs
    }

    /// Where the Service of a Model answers, as seen from this machine.
    pub async fn address(&self, service: &str) -> SocketAddr {
        let found = self
            .get("v1", "Service", service)
            .await
            .expect("the Service is there");
        let ip = found
            .pointer("/spec/clusterIP")
            .and_then(Value::as_str)
            .expect("it has an address");
        SocketAddr::new(ip.parse().expect("an IP address"), 80)
    }

    /// `GET path` of a Model's Service, once.
    pub async fn ask(&self, model: &str, path: &str) -> Result<Answer, String> {
        http::get(self.address(model).await, path).await
    }
}

/// The documents of a YAML file.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let parts = text.split("\n---");
    let read = |part| serde_saphyr::from_str::<Value>(part).expect("the tree's manifests are YAML");
    parts.map(read).filter(Value::is_object).collect()
}

pub(crate) fn kind_of(object: &Value) -> &str {
    object["kind"].as_str().expect("an object has a kind")
}

pub(crate) fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("an object has a name")
}
