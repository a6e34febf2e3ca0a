//! What is printed of a namespace whose test failed.
#![allow(clippy::print_stderr, reason = "a failed test has to tell what it found")]

use serde_json::Value;

use crate::{install::OPERATOR, install::OPERATOR_NAMESPACE, space::Space};

const KINDS: [(&str, &str); 7] = [
    ("auriga.dev/v1alpha1", "Model"),
    ("auriga.dev/v1alpha1", "TrainingJob"),
    ("batch/v1", "Job"),
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
];

impl Space {
    /// Prints objects, events and logs: what one would look at by hand.
    pub(crate) async fn story(&self) {
        eprintln!("===== what is in namespace {}", self.name);
        for (version, kind) in KINDS {
            for object in self.list(version, kind).await {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                let annotations = &object["metadata"]["annotations"];
                eprintln!("{kind} {name} {annotations}\n  {}", object["status"]);
                if kind == "Service" {
                    eprintln!("  {}", object["spec"]["selector"]);
                }
            }
        }
        eprintln!("===== events");
        let mut events = self.list("v1", "Event").await;
        events.sort_by_key(|event| event["metadata"]["creationTimestamp"].to_string());
        for event in &events {
            let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            eprintln!(
                "{} {}/{} {}: {}",
                text("/metadata/creationTimestamp"),
                text("/involvedObject/kind"),
                text("/involvedObject/name"),
                text("/reason"),
                text("/message")
            );
        }
        eprintln!("===== logs of the pods");
        for pod in self.list("v1", "Pod").await {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let (_, log) = self
                .cluster
                .try_run(&["logs", "-n", &self.name, name, "--tail=15"])
                .await;
            eprintln!("--- {name}\n{log}");
        }
        eprintln!("===== the operator on this namespace");
        let deployment = format!("deployment/{OPERATOR}");
        let (_, log) = self
            .cluster
            .try_run(&["logs", "-n", OPERATOR_NAMESPACE, &deployment, "--tail=2000"])
            .await;
        let about: Vec<&str> = log.lines().filter(|line| line.contains(&self.name)).collect();
        eprintln!("{}", about[about.len().saturating_sub(60)..].join("\n"));
    }
}
