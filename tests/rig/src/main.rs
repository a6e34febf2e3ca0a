//! Breaks the operator's way to the API server on purpose, and sees whether it comes right again.
//!
//! A workload is run once without a fault; that is the reference, and its writes are numbered. Then it is run once for each
//! write and each fault, in a namespace of its own with an operator of its own, and what is left is compared with the
//! reference. Source of the method: Sieve (OSDI 2022), which crashed operators at each write.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people and scripts"
)]

mod ground;
mod leaders;
mod operator;
mod oracle;
mod proxy;
mod request;
mod sweep;
mod workload;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    ground::Ground,
    operator::Program,
    request::Fault,
    sweep::{Verdict, plans, reference, sweep},
    workload::Workload,
};

/// Breaks the operator's writes, one at a time
#[derive(Debug, Parser)]
#[command(name = "auriga-rig")]
struct Arguments {
    /// The cluster, as an administrator; its own operator is stopped
    #[arg(long)]
    kubeconfig: PathBuf,

    /// The operator's program
    #[arg(long)]
    operator: PathBuf,

    /// Where the operators' logs go
    #[arg(long)]
    logs: PathBuf,

    /// What users do
    #[arg(long, value_delimiter = ',', default_values = Workload::ALL.map(Workload::word))]
    workloads: Vec<Workload>,

    /// What is done to writes
    #[arg(long, value_delimiter = ',', default_values = Fault::ALL.map(Fault::word))]
    faults: Vec<Fault>,

    /// Changes the leader of two operators instead
    #[arg(long)]
    leaders: bool,

    /// Runs this plan alone
    #[arg(long)]
    plan: Option<usize>,

    /// How many plans run at once
    #[arg(long, default_value_t = 8)]
    at_once: usize,

    /// Prints one line of JSON for each plan
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A wait that gives up panics with what it waited for; that becomes the plan's verdict.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .context("cannot start threads")
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<bool> {
    std::fs::create_dir_all(&arguments.logs).context("cannot make the folder of the logs")?;
    let program = Program {
        path: arguments.operator.clone(),
        logs: arguments.logs.clone(),
    };
    let ground = Ground::of(&arguments.kubeconfig).await?;
    if arguments.leaders {
        let changes = leaders::changes(&ground, &program).await?;
        for change in &changes {
            println!("{}", serde_json::to_string(change).unwrap_or_default());
        }
        return Ok(changes.iter().all(leaders::Change::is_well));
    }
    let (mut references, mut all) = (BTreeMap::new(), Vec::new());
    for &workload in &arguments.workloads {
        let found = reference(&ground, &program, workload).await?;
        eprintln!("{}: {} writes", workload.word(), found.writes.len());
        all.extend(plans(workload, &found, &arguments.faults, all.len() + 1));
        references.insert(workload, found);
    }
    all.retain(|plan| arguments.plan.is_none_or(|number| plan.number == number));
    ensure!(!all.is_empty(), "there is no such plan");
    let bar = ProgressBar::new(all.len() as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} plans {elapsed}");
    bar.set_style(style.context("a template")?);
    let verdicts = sweep(
        &ground,
        &program,
        &references,
        all,
        arguments.at_once,
        |verdict| {
            bar.inc(1);
            bar.suspend(|| tell(verdict, arguments.json));
        },
    )
    .await;
    bar.finish_and_clear();
    Ok(summary(&verdicts))
}

fn tell(verdict: &Verdict, json: bool) {
    let plan = &verdict.plan;
    if json {
        println!("{}", serde_json::to_string(verdict).unwrap_or_default());
    } else if !verdict.faults.is_empty() {
        println!(
            "plan {}: {}, {} at {}:\n  {}",
            plan.number,
            plan.workload.word(),
            plan.fault.word(),
            plan.write,
            verdict.faults.join("\n  ")
        );
    }
}

/// Prints how many plans passed, by workload and fault; answers whether all did.
fn summary(verdicts: &[Verdict]) -> bool {
    let mut rows: BTreeMap<(Workload, Fault), (usize, usize, usize, f64)> = BTreeMap::new();
    for verdict in verdicts {
        let row = rows
            .entry((verdict.plan.workload, verdict.plan.fault))
            .or_default();
        row.0 += 1;
        row.1 += usize::from(verdict.faults.is_empty());
        row.2 += usize::from(!verdict.struck);
        row.3 = row.3.max(verdict.recovered_after.unwrap_or(0.0));
    }
    eprintln!(
        "{:<14} {:<12} {:>6} {:>7} {:>8} {:>10}",
        "workload", "fault", "plans", "passed", "no write", "longest"
    );
    for ((workload, fault), (plans, passed, missed, longest)) in rows {
        eprintln!(
            "{:<14} {:<12} {plans:>6} {passed:>7} {missed:>8} {longest:>8.1} s",
            workload.word(),
            fault.word()
        );
    }
    verdicts.iter().all(|verdict| verdict.faults.is_empty())
}
