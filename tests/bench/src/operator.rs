//! From apply to Ready on a cluster, beside a bare Job followed by a bare Deployment.

mod bare;
mod cluster;
mod example;
pub(crate) mod figures;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use self::{
    bare::Bare,
    cluster::{Cluster, Space},
    figures::{OperatorResult, OperatorSettings, Times, Way},
};
use crate::{conclusion::Conclusion, run::Run};

/// Measure the time from the apply of a Model to Ready beside a bare Job followed by a bare Deployment
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

impl Operator {
    /// Measures in turns, so that what disturbs the machine for a while disturbs both alike.
    ///
    /// Errors: a cluster that does not answer; something that is not ready within two minutes; an operator that runs
    /// another image than the pods it makes.
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        let result = runtime.block_on(self.measured())?;
        let (table, targets) = (result.table(), &result.targets);
        self.conclusion
            .draw(&result, OperatorResult::BENCH, &table, targets)
    }

    async fn measured(&self) -> Result<OperatorResult> {
        let cluster = Cluster::connect(&self.kubeconfig).await?;
        let run = Run::here([("kubernetes".to_owned(), cluster.version().await?)].into())?;
        let kubectl = example::Kubectl {
            program: &self.kubectl,
            kubeconfig: &self.kubeconfig,
        };
        if !cluster.has_operator().await? {
            kubectl.install()?;
        }
        let example = kubectl.example()?;

        // It does not count, and shows what the operator makes.
        let space = cluster.space("operator-0").await?;
        let seen = async {
            let times = by_operator(&space, &example).await?;
            anyhow::Ok((times, Bare::of(&space, &example).await?, space.image().await?))
        };
        let seen = seen.await;
        space.delete().await?;
        let (times, bare, image) = seen?;
        told("warm-up", Way::Operator, times);
        let runs = cluster.image_of_operator().await?;
        ensure!(
            runs == image,
            "the operator runs the image {runs} and its pods run {image}; delete the operator's pod, so that both are the same"
        );
        let space = cluster.space("bare-0").await?;
        let times = alone(&space, &bare).await;
        space.delete().await?;
        told("warm-up", Way::Bare, times?);

        let (mut operators, mut bares) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            let label = format!("{round:>3} of {}", self.rounds);
            let space = cluster.space(&format!("operator-{round}")).await?;
            let times = by_operator(&space, &example).await;
            space.delete().await?;
            operators.push(told(&label, Way::Operator, times?));
            let space = cluster.space(&format!("bare-{round}")).await?;
            let times = alone(&space, &bare).await;
            space.delete().await?;
            bares.push(told(&label, Way::Bare, times?));
        }
        let settings = OperatorSettings {
            rounds: self.rounds,
            image,
        };
        Ok(OperatorResult::new(run, settings, &operators, &bares))
    }
}

/// Applies the example, and waits until its Model is ready.
async fn by_operator(space: &Space<'_>, example: &[Value]) -> Result<Times> {
    let start = Instant::now();
    for object in example {
        space.apply(object).await?;
    }
    let model = example
        .iter()
        .find(|object| object["kind"] == "Model")
        .with_context(|| format!("{} has no Model", example::FOLDER))?;
    let (fitted, available, ready) = tokio::try_join!(
        space.when("batch/v1", "Job", "Complete"),
        space.when("apps/v1", "Deployment", "Available"),
        space.when(text(model, "apiVersion")?, "Model", "Ready"),
    )?;
    Ok(Times::since(start, [fitted, available, ready]))
}

/// Makes the Job, then the Deployment, and waits until that is available.
async fn alone(space: &Space<'_>, bare: &Bare) -> Result<Times> {
    let start = Instant::now();
    for object in bare.first.iter().chain([&bare.job]) {
        space.apply(object).await?;
    }
    let fitted = space.when("batch/v1", "Job", "Complete").await?;
    space.apply(&bare.deployment).await?;
    let available = space.when("apps/v1", "Deployment", "Available").await?;
    Ok(Times::since(start, [fitted, available, available]))
}

fn told(label: &str, way: Way, times: Times) -> Times {
    let Times {
        fitted_s,
        available_s,
        ready_s,
    } = times;
    let way = way.name();
    eprintln!("{label}  {way}: fitted {fitted_s:.3} s, available {available_s:.3} s, ready {ready_s:.3} s");
    times
}

fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    object[field]
        .as_str()
        .with_context(|| format!("an object has no {field}"))
}

/// Whether a condition of this type is true.
fn has(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|one| one["type"] == condition && one["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_that_is_not_true_does_not_count() {
        let object =
            |status: &str| json!({ "status": { "conditions": [{ "type": "Ready", "status": status }] } });
        assert!(has(&object("True"), "Ready"));
        assert!(!has(&object("Unknown"), "Ready"));
        assert!(!has(&object("True"), "Complete"));
        assert!(!has(&json!({}), "Ready"));
    }
}
