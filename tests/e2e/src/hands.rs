//! What somebody does to objects by hand, beside whoever looks after them.

use k8s_openapi::api::core::v1::Pod;
use kube::{
    api::{DeleteParams, EvictParams, Patch, PatchParams, PostParams},
    core::DynamicObject,
};
use serde_json::{Value, json};

use crate::space::{Space, kind_of, name_of};

/// As whom objects are edited.
const SOMEBODY: &str = "somebody";

impl Space {
    /// Reads an object, changes it and writes it back, as `kubectl edit` does; what the API server made of it.
    ///
    /// Errors: its words, if it does not take the change.
    pub async fn edit(
        &self,
        version: &str,
        kind: &str,
        name: &str,
        change: impl Fn(&mut Value),
    ) -> Result<Value, String> {
        let api = self.cluster.api(Some(&self.name), version, kind);
        let parameters = PostParams {
            field_manager: Some(SOMEBODY.to_owned()),
            ..PostParams::default()
        };
        loop {
            let mut object = self
                .get(version, kind, name)
                .await
                .ok_or_else(|| format!("{kind} {name} is not there"))?;
            change(&mut object);
            let object: DynamicObject =
                serde_json::from_value(object).map_err(|error| format!("{kind} {name}: {error}"))?;
            match api.replace(name, &parameters, &object).await {
                Ok(written) => return Ok(serde_json::to_value(written).expect("objects are JSON")),
                // Somebody else has changed it in between.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(kube::Error::Api(status)) => return Err(status.message.clone()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Applies an object that may be refused.
    ///
    /// Errors: the API server's words.
    pub async fn try_apply(&self, object: &Value) -> Result<Value, String> {
        self.cluster.try_apply(Some(&self.name), object).await
    }

    /// What the API server would make of an object; nothing is changed.
    ///
    /// Errors: its words, if it would not take it.
    pub async fn would_take(&self, object: &Value) -> Result<Value, String> {
        self.cluster.would_take(Some(&self.name), object).await
    }

    /// Makes an object that is not there, and answers it as it is once nobody changes it any more.
    pub async fn make(&self, object: &Value) -> Value {
        let (version, kind, name) = (text(object, "apiVersion"), kind_of(object), name_of(object));
        let api = self.cluster.api(Some(&self.name), version, kind);
        let made: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
        let made = api.create(&PostParams::default(), &made).await;
        made.unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
        self.settled(version, kind, name).await
    }

    /// Waits until nobody has changed an object for two seconds, and answers it.
    pub async fn settled(&self, version: &str, kind: &str, name: &str) -> Value {
        let mut before = Value::Null;
        loop {
            let found = self.get(version, kind, name).await;
            let found = found.unwrap_or_else(|| panic!("{kind} {name} is not there"));
            if found == before {
                return found;
            }
            before = found;
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    }

    /// Sets how many pods a Model is to have, as `kubectl scale` and autoscalers do.
    pub async fn scale_model(&self, model: &str, replicas: u32) {
        let patch = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
        let models = self.typed::<auriga_crds::Model>();
        let scaled = models.patch_scale(model, &PatchParams::default(), &patch).await;
        scaled.unwrap_or_else(|error| panic!("Model {model} cannot be scaled: {error}"));
    }

    /// Asks for a pod's eviction, as a drain of its node does.
    ///
    /// Errors: the API server's words, if a budget does not allow it now.
    pub async fn evict(&self, pod: &str) -> Result<(), String> {
        let evicted = self.typed::<Pod>().evict(pod, &EvictParams::default()).await;
        evicted.map(|_| ()).map_err(|error| match error {
            kube::Error::Api(status) => status.message.clone(),
            error => error.to_string(),
        })
    }

    /// Ends a pod without letting it finish.
    pub async fn end_at_once(&self, pod: &str) {
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            ..DeleteParams::default()
        };
        let ended = self.typed::<Pod>().delete(pod, &parameters).await;
        ended.unwrap_or_else(|error| panic!("pod {pod}: {error}"));
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}
