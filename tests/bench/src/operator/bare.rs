//! What one would write without an operator: a Job, and once it is complete a Deployment, of the very same pods.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{api::Api, has, until};

/// The objects that are made at once, and the one that follows.
pub(crate) struct Bare {
    first: Vec<Value>,
    job: Value,
    deployment: Value,
}

impl Bare {
    /// Copies what the operator made in `space`, next to what the example brings itself.
    pub(crate) fn of(api: &Api, space: &str, example: &[Value]) -> Result<Bare> {
        let only = |path: &str, version: &str, kind: &str| -> Result<Vec<Value>> {
            let list = api.get(&format!("{path}/namespaces/{space}/{kind}"))?;
            let items = list
                .and_then(|list| list["items"].as_array().cloned())
                .unwrap_or_default();
            let kind = match kind {
                "jobs" => "Job",
                "deployments" => "Deployment",
                _ => "ConfigMap",
            };
            Ok(items.iter().map(|item| alone(item, version, kind)).collect())
        };
        let owned = example.iter().filter(|object| object["kind"] != "Model").cloned();
        let manifests = only("/api/v1", "v1", "configmaps")?.into_iter();
        let manifests = manifests.filter(|map| map["data"]["model.yaml"].is_string());
        let mut job = only("/apis/batch/v1", "batch/v1", "jobs")?
            .pop()
            .context("the operator made no Job")?;
        let spec = job["spec"].as_object_mut().context("a Job has a spec")?;
        // Written by the API server itself for each Job.
        spec.remove("selector");
        spec["template"]["metadata"] = json!({});
        let deployment = only("/apis/apps/v1", "apps/v1", "deployments")?
            .pop()
            .context("the operator made no Deployment")?;
        Ok(Bare {
            first: owned.chain(manifests).collect(),
            job,
            deployment,
        })
    }

    /// Runs the Job, then the Deployment until it is available: seconds.
    pub(crate) fn run(&self, api: &Api, space: &str) -> Result<f64> {
        let start = Instant::now();
        for object in self.first.iter().chain([&self.job]) {
            api.create(space, object)?;
        }
        let path = |group: &str, kind: &str, object: &Value| {
            format!(
                "/apis/{group}/v1/namespaces/{space}/{kind}/{}",
                object["metadata"]["name"].as_str().unwrap_or_default()
            )
        };
        let job = path("batch", "jobs", &self.job);
        until("the Job is complete", || {
            Ok(has(api.get(&job)?.as_ref(), "Complete"))
        })?;
        api.create(space, &self.deployment)?;
        let deployment = path("apps", "deployments", &self.deployment);
        until("the Deployment is available", || {
            Ok(has(api.get(&deployment)?.as_ref(), "Available"))
        })?;
        Ok(start.elapsed().as_secs_f64())
    }
}

/// An object without what ties it to its owner and its namespace.
fn alone(object: &Value, version: &str, kind: &str) -> Value {
    let mut bare = Map::new();
    bare.insert("apiVersion".to_owned(), json!(version));
    bare.insert("kind".to_owned(), json!(kind));
    bare.insert(
        "metadata".to_owned(),
        json!({ "name": object["metadata"]["name"] }),
    );
    for field in ["spec", "data", "immutable"] {
        if let Some(value) = object.get(field) {
            bare.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_no_owner_and_no_state() {
        let object = json!({
            "metadata": { "name": "a", "uid": "1", "ownerReferences": [{}] },
            "spec": { "replicas": 1 },
            "status": {},
        });
        assert_eq!(
            alone(&object, "apps/v1", "Deployment"),
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" }, "spec": { "replicas": 1 } })
        );
    }
}
