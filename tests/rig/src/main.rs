//! Breaks the operator's way to the API server on purpose, and sees whether it comes right again.
//!
//! A workload is run once without a fault; that is the reference. Then it is run once for each
//! write and each fault, in a namespace of its own with an operator of its own, and what is left is compared with the
//! reference. Source of the method: Sieve (OSDI 2022), which crashed operators at each write. Faults that are no writes are
//! rows of their own.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people and scripts"
)]

mod clients;
mod command;
mod endpoints;
mod finding;
mod fits;
mod follow;
mod ground;
mod images;
mod kept;
mod leaders;
mod ledger;
mod node;
mod objects;
mod operator;
mod oracle;
mod page;
mod plan;
mod proxy;
mod remains;
mod request;
mod rows;
mod scene;
mod serve;
mod stub;
mod sweep;
mod tree;
mod workload;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    finding::{Finding, attempt},
    ground::{Ground, Scale},
    operator::Program,
    page::Findings,
    plan::{Plan, plans},
    request::Fault,
    rows::Row,
    sweep::{Reference, Verdict, reference, sweep},
    tree::tree,
    workload::Workload,
};

/// Breaks the operator's way to the API server, and sees whether it comes right again
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask faults",
    override_usage = "cargo xtask faults [FLAGS] [COMMAND]"
)]
struct Arguments {
    /// The cluster, as an administrator; its own operator is stopped
    #[arg(long, hide = true)]
    kubeconfig: PathBuf,

    /// The operator's program
    #[arg(long, hide = true)]
    operator: PathBuf,

    /// The operator's program as it is shipped, whose speed and size are measured; without it, the other one's are
    #[arg(long, hide = true)]
    measured: Option<PathBuf>,

    /// Where the operators' logs go
    #[arg(long, hide = true)]
    logs: PathBuf,

    /// Keeps what is found, and writes docs/reliability.md
    #[arg(long, global = true, conflicts_with = "planted_bug")]
    save: bool,

    /// Gives the operators a bug that has to be found: adopt-by-name, one-check-two-writes, stale-cache
    #[arg(long, global = true)]
    planted_bug: Option<String>,

    /// Prints one line of JSON for each plan and row
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Breaks each write, one at a time
    Writes(Writes),
    /// Lets other faults happen; all of them unless some are named, such as F9
    Rows(Rows),
}

#[derive(Debug, Args)]
struct Rows {
    /// Their names
    names: Vec<String>,

    /// How many Models there are in F11
    #[arg(long, default_value_t = SCALE.models, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=2000))]
    models: usize,

    /// How many seconds the operator of F24 has nothing to do
    #[arg(long, default_value_t = SCALE.idle.as_secs(), value_name = "SECONDS")]
    idle: u64,

    /// Tries less of each other one, to see whether a row works
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Args)]
struct Writes {
    /// What users do, separated by commas
    #[arg(long, value_delimiter = ',', default_values = Workload::ALL.map(Workload::word))]
    workloads: Vec<Workload>,

    /// What is done to writes, separated by commas
    #[arg(long, value_delimiter = ',', default_values = Fault::ALL.map(Fault::word))]
    faults: Vec<Fault>,

    /// Runs this plan alone, such as 'create/patch services iris #1/kill-after', whatever else is asked for
    #[arg(long)]
    plan: Option<Plan>,

    /// How many plans run at once
    #[arg(long, default_value_t = AT_ONCE)]
    at_once: usize,
}

/// Plans wait more than they compute; two cores bear so many.
const AT_ONCE: usize = 8;
/// What is asked for unless less is.
const SCALE: Scale = Scale {
    models: 1000,
    idle: Duration::from_secs(600),
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A wait that gives up panics with what it waited for; that becomes the verdict.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .context("cannot start threads")
        .and_then(|runtime| runtime.block_on(run_until_stopped(&arguments)));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until all is done or somebody ends it; operators that still run end with it, namespaces stay.
async fn run_until_stopped(arguments: &Arguments) -> Result<bool> {
    let mut told = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    tokio::select! {
        result = run(arguments) => result,
        _ = tokio::signal::ctrl_c() => bail!("interrupted; what was in the cluster's namespaces is still there"),
        _ = told.recv() => bail!("ended; what was in the cluster's namespaces is still there"),
    }
}

async fn run(arguments: &Arguments) -> Result<bool> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::create_dir_all(&arguments.logs).context("cannot make the folder of the logs")?;
    let program = Program {
        path: arguments.operator.clone(),
        logs: arguments.logs.clone(),
        image: "docker.io/auriga/auriga:dev".to_owned(),
        environment: (arguments.planted_bug.iter())
            .map(|bug| ("AURIGA_PLANTED_BUG", bug.clone()))
            .collect(),
    };
    let all_writes = Writes {
        workloads: Workload::ALL.to_vec(),
        faults: Fault::ALL.to_vec(),
        plan: None,
        at_once: AT_ONCE,
    };
    let measured = Program {
        path: arguments.measured.clone().unwrap_or(program.path.clone()),
        ..program.clone()
    };
    let mut scale = SCALE;
    let (writes, rows) = match &arguments.command {
        None => (Some(&all_writes), rows::named(&[])?),
        Some(Command::Writes(writes)) => (Some(writes), Vec::new()),
        Some(Command::Rows(rows)) => {
            scale = Scale {
                models: rows.models,
                idle: Duration::from_secs(rows.idle),
            };
            (None, rows::named(&rows.names)?)
        }
    };
    let is_part = match &arguments.command {
        None => false,
        Some(Command::Writes(writes)) => writes.plan.is_some(),
        Some(Command::Rows(rows)) => {
            rows.quick || rows.models != SCALE.models || rows.idle != SCALE.idle.as_secs()
        }
    };
    ensure!(
        !(arguments.save && is_part),
        "--save keeps what was tried as a whole; leave out --plan, --quick, --models and --idle"
    );
    let is_quick = matches!(&arguments.command, Some(Command::Rows(rows)) if rows.quick);
    let ground = Ground::of(&arguments.kubeconfig, program, measured, scale).await?;
    let ground = ground.quick(is_quick);
    // As it is now: rows take hours, and the tree may move on meanwhile.
    let tried = tree(&root)?;
    // After each of them: who is interrupted after an hour, or runs a second one beside it, loses nothing.
    let keep = |take: &dyn Fn(&mut Findings)| {
        if !arguments.save {
            return Ok(());
        }
        let mut found = Findings::kept(&root)?.on(tried.clone());
        take(&mut found);
        found.keep(&root)
    };
    let mut is_well = true;
    if let Some(writes) = writes {
        let (verdicts, without_writes) = break_writes(&ground, writes, arguments.json).await?;
        tell_sweep(&verdicts);
        is_well &= verdicts.iter().all(|verdict| verdict.faults.is_empty());
        // A few writes come in some runs alone; where most do not come, nothing was shown.
        let struck = verdicts.iter().filter(|verdict| verdict.struck).count();
        ensure!(
            struck * 2 > verdicts.len() || verdicts.is_empty(),
            "{struck} of {} plans met their write; the others show nothing",
            verdicts.len()
        );
        keep(&|found| {
            found.take_sweep(&verdicts);
            for &workload in &without_writes {
                found.take_silence(workload, &writes.faults);
            }
        })?;
    }
    for row in rows {
        let finding = happen(&ground, row, arguments.json).await?;
        is_well &= finding.is_well();
        keep(&|found| found.take_row(row.name, finding.clone()))?;
    }
    Ok(is_well)
}

/// What came of each plan, and the workloads for which the operator writes nothing, so that nothing can be broken.
///
/// Errors: another one than those that are known for it is among these; the cluster does not answer.
async fn break_writes(ground: &Ground, writes: &Writes, json: bool) -> Result<(Vec<Verdict>, Vec<Workload>)> {
    let workloads = match &writes.plan {
        Some(plan) => vec![plan.workload],
        None => writes.workloads.clone(),
    };
    let found = workloads.iter().map(|&workload| reference(ground, workload));
    // Not too many of them: whatever goes wrong here has no fault to be blamed on.
    let found: Vec<Reference> = stream::iter(found).buffered(2).try_collect().await?;
    let (mut references, mut all) = (BTreeMap::new(), Vec::new());
    for (&workload, found) in workloads.iter().zip(found) {
        eprintln!("{}: {} writes", workload.word(), found.writes.len());
        ensure!(
            !found.writes.is_empty() || workload == Workload::Retain,
            "{} made the operator write nothing",
            workload.word()
        );
        all.extend(plans(workload, &found.writes, &writes.faults));
        references.insert(workload, found);
    }
    let without_writes = (references.iter())
        .filter(|(_, found)| found.writes.is_empty())
        .map(|(&workload, _)| workload)
        .collect();
    if let Some(plan) = &writes.plan {
        // Also one whose write the reference does not have: a few come in some runs alone.
        all = vec![plan.clone()];
    }
    let bar = ProgressBar::new(all.len() as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} plans {elapsed}");
    bar.set_style(style.context("a template")?);
    let verdicts = sweep(ground, &references, all, writes.at_once, |verdict| {
        bar.inc(1);
        bar.suspend(|| tell_plan(verdict, json));
    });
    let verdicts = verdicts.await;
    bar.finish_and_clear();
    Ok((verdicts, without_writes))
}

fn tell_plan(verdict: &Verdict, json: bool) {
    if json {
        println!("{}", serde_json::to_string(verdict).unwrap_or_default());
    } else if !verdict.faults.is_empty() {
        println!("plan '{}':\n  {}", verdict.plan, verdict.faults.join("\n  "));
    }
}

/// Prints how many plans passed, by workload and fault.
fn tell_sweep(verdicts: &[Verdict]) {
    eprintln!(
        "{:<14} {:<12} {:>6} {:>7} {:>8} {:>10}",
        "workload", "fault", "plans", "passed", "no write", "longest"
    );
    for ((workload, fault), swept) in page::count(verdicts) {
        eprintln!(
            "{:<14} {:<12} {:>6} {:>7} {:>8} {:>8.1} s",
            workload.word(),
            fault.word(),
            swept.plans,
            swept.passed,
            swept.missed,
            swept.longest
        );
    }
}

/// Lets a row happen, and tells what came of it.
async fn happen(ground: &Ground, row: &Row, json: bool) -> Result<Finding> {
    eprintln!("{}: {}", row.name, row.happens);
    let finding = match attempt((row.run)(ground)).await {
        Ok(finding) => finding.with_context(|| row.name.to_owned())?,
        Err(words) => {
            let mut finding = Finding::default();
            finding.count(row.happens, Err(words));
            finding
        }
    };
    if json {
        let line = serde_json::json!({ "row": row.name, "finding": &finding });
        println!("{line}");
    } else {
        let (held, tries) = (finding.held, finding.tries);
        println!("{}: {held} of {tries}; {}", row.name, finding.figures.join("; "));
        for words in &finding.broken {
            println!("  {words}");
        }
    }
    Ok(finding)
}
