//! From apply to ready on a cluster, beside a bare Job followed by a bare Deployment.

mod api;
mod bare;
pub(crate) mod figures;

use std::{
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use self::{
    api::Api,
    bare::Bare,
    figures::{OperatorResult, OperatorSettings},
};
use crate::{
    conclusion::Conclusion,
    process::{PAUSE, read},
    run::Run,
};

/// Measure the time from the apply of a Model to its readiness beside a bare Job followed by a bare Deployment
#[derive(Args)]
pub(crate) struct Operator {
    /// kubectl
    #[arg(long, hide = true)]
    kubectl: PathBuf,
    /// How to reach a cluster with all images
    #[arg(long, hide = true)]
    kubeconfig: PathBuf,
    /// Rounds that count; one more goes before them
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    #[command(flatten)]
    conclusion: Conclusion,
}

const EXAMPLE: &str = "examples/iris/cluster";
const MODEL: &str = "iris";
/// Nothing that is measured takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

impl Operator {
    /// Measures in turns, so that what disturbs the machine for a while disturbs both alike.
    pub(crate) fn run(self) -> Result<()> {
        let version = self.read(&["version", "--output=json"])?;
        let version: Value = serde_json::from_str(&version).context("kubectl tells no version")?;
        let server = version["serverVersion"]["gitVersion"]
            .as_str()
            .unwrap_or_default();
        let run = Run::here([("kubernetes".to_owned(), server.to_owned())].into())?;
        self.read(&[
            "apply",
            "--server-side",
            "--force-conflicts",
            "-f",
            "manifests/install.yaml",
        ])?;
        self.read(&[
            "rollout",
            "status",
            "--timeout=120s",
            "-n",
            "auriga-system",
            "deployment/auriga-operator",
        ])?;
        let rendered = self.read(&["create", "--dry-run=client", "--output=json", "-k", EXAMPLE])?;
        let example = documents(&rendered)?;

        let api = Api::start(&self.kubectl, &self.kubeconfig)?;
        let mut bare = None;
        let (mut operator_s, mut bare_s) = (Vec::new(), Vec::new());
        for round in 0..=self.rounds {
            let namespace = format!("bench-{}-{round}", std::process::id());
            let with_operator = in_namespace(&api, &format!("{namespace}-operator"), |space| {
                let seconds = applied(&api, space, &example)?;
                // The very pods that the operator has made, without their owner.
                bare = Some(Bare::of(&api, space, &example)?);
                Ok(seconds)
            })?;
            let pods = bare.as_ref().context("the first round has none")?;
            let alone = in_namespace(&api, &format!("{namespace}-bare"), |space| pods.run(&api, space))?;
            let what = if round == 0 {
                "warm-up".to_owned()
            } else {
                format!("{round:>3} of {}", self.rounds)
            };
            eprintln!("{what}  operator: {with_operator:.2} s, bare: {alone:.2} s");
            if round > 0 {
                operator_s.push(with_operator);
                bare_s.push(alone);
            }
        }
        let settings = OperatorSettings { rounds: self.rounds };
        let result = OperatorResult::new(run, settings, &operator_s, &bare_s);
        let (table, targets) = (result.table(), &result.targets);
        self.conclusion
            .draw(&result, OperatorResult::BENCH, &table, targets)
    }

    fn read(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.kubectl);
        read(
            "kubectl",
            command.env("KUBECONFIG", &self.kubeconfig).args(arguments),
        )
    }
}

/// Objects that kubectl printed, one after the other or as a list.
fn documents(text: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.context("kubectl printed no JSON")?;
        match value["items"].as_array() {
            Some(items) => found.extend(items.iter().cloned()),
            None => found.push(value),
        }
    }
    ensure!(!found.is_empty(), "{EXAMPLE} has no objects");
    Ok(found)
}

/// Makes a namespace, measures in it, and deletes it; both are not measured.
fn in_namespace(api: &Api, name: &str, measure: impl FnOnce(&str) -> Result<f64>) -> Result<f64> {
    let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
    api.create(
        "",
        &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } }),
    )?;
    // Pods are refused until it is there.
    until("the default service account", || {
        Ok(api
            .get(&format!("/api/v1/namespaces/{name}/serviceaccounts/default"))?
            .is_some())
    })?;
    let measured = measure(name);
    api.delete_and_wait(&format!("/api/v1/namespaces/{name}"))?;
    measured
}

/// Applies the example and waits until its Model is ready: seconds.
fn applied(api: &Api, space: &str, example: &[Value]) -> Result<f64> {
    let start = Instant::now();
    for object in example {
        api.create(space, object)?;
    }
    let path = format!("/apis/auriga.dev/v1alpha1/namespaces/{space}/models/{MODEL}");
    until("the Model is ready", || {
        Ok(has(api.get(&path)?.as_ref(), "Ready"))
    })?;
    Ok(start.elapsed().as_secs_f64())
}

/// Whether a condition of this type is true.
fn has(object: Option<&Value>, condition: &str) -> bool {
    let conditions = object.and_then(|object| object["status"]["conditions"].as_array());
    conditions
        .into_iter()
        .flatten()
        .any(|one| one["type"] == condition && one["status"] == "True")
}

/// Looks again and again.
fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        if start.elapsed() > PATIENCE {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_one_by_one_and_from_lists() {
        let check = |text: &str, expected: usize| {
            assert_eq!(
                documents(text).map(|found| found.len()).unwrap_or(0),
                expected,
                "{text}"
            );
        };
        check("{\"kind\":\"A\"}\n{\"kind\":\"B\"}", 2);
        check("{\"items\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}", 2);
        check("", 0);
    }

    #[test]
    fn a_condition_that_is_not_true_does_not_count() {
        let object =
            |status: &str| json!({ "status": { "conditions": [{ "type": "Ready", "status": status }] } });
        assert!(has(Some(&object("True")), "Ready"));
        assert!(!has(Some(&object("Unknown")), "Ready"));
        assert!(!has(Some(&object("True")), "Complete"));
        assert!(!has(None, "Ready"));
    }
}
