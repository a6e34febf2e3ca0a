//! What is applied, as kubectl renders it.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::read;

/// The kustomization of the example.
pub(super) const FOLDER: &str = "examples/iris/cluster";

/// kubectl and the cluster it is for.
pub(super) struct Kubectl<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// How it reaches the cluster.
    pub(super) kubeconfig: &'a Path,
}

impl Kubectl<'_> {
    /// Installs the operator as a user would, and waits for it.
    pub(super) fn install(&self) -> Result<()> {
        self.read(&["apply", "--server-side", "--filename=manifests/install.yaml"])?;
        let wait = ["rollout", "status", "--timeout=120s", "--namespace=auriga-system"];
        self.read(&[&wait[..], &["deployment/auriga-operator"]].concat())?;
        Ok(())
    }

    /// The objects of the example, in the order in which they are applied.
    pub(super) fn example(&self) -> Result<Vec<Value>> {
        let rendered = self.read(&[
            "create",
            "--dry-run=client",
            "--output=json",
            "--kustomize",
            FOLDER,
        ])?;
        objects(&rendered)
    }

    fn read(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(self.program);
        command.env("KUBECONFIG", self.kubeconfig);
        read("kubectl", command.args(arguments))
    }
}

/// Objects that kubectl printed, one after the other or as a list.
fn objects(text: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.context("kubectl printed no JSON")?;
        match value["items"].as_array() {
            Some(items) => found.extend(items.iter().cloned()),
            None => found.push(value),
        }
    }
    ensure!(!found.is_empty(), "{FOLDER} has no objects");
    for object in &mut found {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            // It goes where it is measured.
            metadata.remove("namespace");
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_read_one_by_one_and_from_lists_without_their_namespace() {
        let check = |text: &str, expected: &[Value]| assert_eq!(objects(text).unwrap(), expected);
        let (a, b) = (json!({ "kind": "A" }), json!({ "kind": "B" }));
        check("{\"kind\":\"A\"}\n{\"kind\":\"B\"}", &[a.clone(), b.clone()]);
        check("{\"items\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}", &[a, b]);
        check(
            "{\"metadata\":{\"name\":\"a\",\"namespace\":\"default\"}}",
            &[json!({ "metadata": { "name": "a" } })],
        );
        assert!(objects("").is_err());
        assert!(objects("error").is_err());
    }
}
