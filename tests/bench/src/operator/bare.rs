//! What one would write without an operator: a Job, and once it is complete a Deployment, with the operator's very pods.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::cluster::Space;

/// The objects of the bare way.
pub(super) struct Bare {
    /// What the pods mount.
    pub(super) first: Vec<Value>,
    /// Fits version 1 and activates it.
    pub(super) job: Value,
    /// Serves version 1.
    pub(super) deployment: Value,
}

impl Bare {
    /// Copies what the operator made in `space`, beside what the example brings itself.
    pub(super) async fn of(space: &Space<'_>, example: &[Value]) -> Result<Bare> {
        let of_example = example.iter().filter(|object| object["kind"] != "Model").cloned();
        let maps = space.list("v1", "ConfigMap").await?;
        let manifests = maps.iter().filter(|map| map["data"]["model.yaml"].is_string());
        let jobs = space.list("batch/v1", "Job").await?;
        let deployments = space.list("apps/v1", "Deployment").await?;
        let made = "the operator made none";
        Ok(Bare {
            first: of_example
                .chain(manifests.map(|map| alone(map, "v1", "ConfigMap")))
                .collect(),
            job: bare_job(jobs.first().with_context(|| format!("a Job: {made}"))?),
            deployment: bare_deployment(
                deployments
                    .first()
                    .with_context(|| format!("a Deployment: {made}"))?,
            ),
        })
    }
}

/// Nobody hands out a fence: the fit activates what it has kept.
fn bare_job(made: &Value) -> Value {
    let mut job = alone(made, "batch/v1", "Job");
    let spec = &mut job["spec"];
    drop_arguments(spec, &["--no-activate"]);
    // The API server gives each Job a selector of its own, and its pods labels to match.
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("selector");
    }
    if let Some(labels) = spec["template"]["metadata"]["labels"].as_object_mut() {
        labels.retain(|key, _| {
            !key.starts_with("batch.kubernetes.io/")
                && !["controller-uid", "job-name"].contains(&key.as_str())
        });
    }
    job
}

fn bare_deployment(made: &Value) -> Value {
    let mut deployment = alone(made, "apps/v1", "Deployment");
    let spec = &mut deployment["spec"];
    let arguments = spec["template"]["spec"]["containers"][0]["args"].as_array();
    let fence = arguments.and_then(|all| all.iter().skip_while(|word| *word != "--fence").nth(1));
    let fence = fence.and_then(Value::as_str).unwrap_or_default().to_owned();
    drop_arguments(spec, &["--fence", &fence]);
    deployment
}

fn drop_arguments(spec: &mut Value, dropped: &[&str]) {
    if let Some(arguments) = spec["template"]["spec"]["containers"][0]["args"].as_array_mut() {
        arguments.retain(|word| !dropped.iter().any(|dropped| word == dropped));
    }
}

/// An object without what ties it to its owner and its namespace.
fn alone(object: &Value, version: &str, kind: &str) -> Value {
    let mut bare = Map::new();
    let name = &object["metadata"]["name"];
    bare.insert("apiVersion".to_owned(), json!(version));
    bare.insert("kind".to_owned(), json!(kind));
    bare.insert("metadata".to_owned(), json!({ "name": name }));
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

    fn made(labels: Value, arguments: Value) -> Value {
        let pod =
            json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "args": arguments }] } });
        json!({
            "metadata": { "name": "a", "uid": "1", "ownerReferences": [{}] },
            "spec": { "selector": {}, "template": pod },
            "status": {},
        })
    }

    #[test]
    fn a_copied_job_has_no_owner_no_state_and_no_selector_and_activates() {
        let labels = json!({
            "batch.kubernetes.io/job-name": "a", "controller-uid": "1", "job-name": "a", "auriga.dev/claim": "iris",
        });
        let job = bare_job(&made(
            labels,
            json!(["fit", "--no-activate", "--alive", "0.0.0.0:8080"]),
        ));
        let pod = json!({
            "metadata": { "labels": { "auriga.dev/claim": "iris" } },
            "spec": { "containers": [{ "args": ["fit", "--alive", "0.0.0.0:8080"] }] },
        });
        assert_eq!(
            job,
            json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "a" }, "spec": { "template": pod } })
        );
    }

    #[test]
    fn a_copied_deployment_waits_for_no_fence() {
        let deployment = bare_deployment(&made(
            json!({}),
            json!([
                "serve",
                "--version",
                "1",
                "--fence",
                "/fence",
                "--cache",
                "/cache"
            ]),
        ));
        assert_eq!(
            deployment["spec"]["template"]["spec"]["containers"][0]["args"],
            json!(["serve", "--version", "1", "--cache", "/cache"])
        );
        assert!(deployment["spec"]["selector"].is_object() && deployment["status"].is_null());
    }
}
