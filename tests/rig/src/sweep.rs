//! One plan for each write of a workload and each fault, numbered and run beside each other.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, anyhow};
use auriga_e2e::Space;
use futures_util::{StreamExt as _, stream};
use kube::Client;
use serde::Serialize;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    finding::attempt,
    ground::Ground,
    operator::{Operator, Program},
    oracle::End,
    proxy::Proxy,
    request::{Fault, Nth},
    workload::Workload,
};

/// How long after its restart an operator may take until everything is as in the reference.
const RECOVERED: Duration = Duration::from_secs(30);
/// How long nothing may be written before a workload counts as over.
const QUIET: Duration = Duration::from_secs(3);
/// When waiting for quiet is given up.
const RESTLESS: Duration = Duration::from_secs(40);

/// A fault that strikes one write of one workload.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Plan {
    /// Counted from 1, over all workloads of a sweep.
    pub(crate) number: usize,
    /// What users do.
    pub(crate) workload: Workload,
    /// Which write.
    pub(crate) write: Nth,
    /// What is done to it.
    pub(crate) fault: Fault,
}

/// What came of a plan.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// The plan.
    pub(crate) plan: Plan,
    /// What is wrong; empty if nothing is.
    pub(crate) faults: Vec<String>,
    /// Whether the write came at all.
    pub(crate) struck: bool,
    /// How long it took from the fault until the last write.
    pub(crate) recovered_after: Option<f64>,
}

/// A workload without a fault.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// Its writes, in order.
    pub(crate) writes: Vec<Nth>,
    effects: BTreeMap<String, usize>,
    /// What it left.
    pub(crate) end: End,
}

/// What a run of a workload left.
struct Run {
    writes: Vec<Nth>,
    effects: BTreeMap<String, usize>,
    careless: Vec<String>,
    exits: Vec<String>,
    is_restless: bool,
    struck: Option<Instant>,
    last_write: Option<Instant>,
    end: End,
}

/// The plans of a workload, one for each write and fault.
pub(crate) fn plans(
    workload: Workload,
    reference: &Reference,
    faults: &[Fault],
    numbers_from: usize,
) -> Vec<Plan> {
    let pairs = reference
        .writes
        .iter()
        .flat_map(|write| faults.iter().map(move |fault| (write, *fault)));
    let plan = |(at, (write, fault)): (usize, (&Nth, Fault))| Plan {
        number: numbers_from + at,
        workload,
        write: write.clone(),
        fault,
    };
    pairs.enumerate().map(plan).collect()
}

/// Runs a workload without a fault.
///
/// Errors: it did not come to its end.
pub(crate) async fn reference(ground: &Ground, workload: Workload) -> Result<Reference> {
    let run = run(ground, workload, None).await?;
    if run.is_restless || !run.exits.is_empty() || !run.careless.is_empty() {
        return Err(anyhow!(
            "without any fault, {} is restless: {}; exits: {:?}; careless deletes: {:?}",
            workload.word(),
            run.is_restless,
            run.exits,
            run.careless
        ));
    }
    Ok(Reference {
        writes: run.writes,
        effects: run.effects,
        end: run.end,
    })
}

/// Runs plans, so many at once, and calls `told` as each ends.
pub(crate) async fn sweep(
    ground: &Ground,
    references: &BTreeMap<Workload, Reference>,
    plans: Vec<Plan>,
    at_once: usize,
    told: impl Fn(&Verdict),
) -> Vec<Verdict> {
    let verdicts = stream::iter(plans).map(|plan| async move {
        let reference = &references[&plan.workload];
        judge(ground, reference, plan).await
    });
    let mut verdicts: Vec<Verdict> = verdicts.buffer_unordered(at_once).inspect(told).collect().await;
    verdicts.sort_by_key(|verdict| verdict.plan.number);
    verdicts
}

async fn judge(ground: &Ground, reference: &Reference, plan: Plan) -> Verdict {
    let fault = Some((plan.write.clone(), plan.fault));
    let run = match attempt(run(ground, plan.workload, fault)).await {
        Ok(Ok(run)) => run,
        Ok(Err(error)) => return Verdict::of(plan, vec![format!("{error:#}")]),
        Err(words) => return Verdict::of(plan, vec![words]),
    };
    let mut faults = run.end.differences(&reference.end);
    if run.effects != reference.effects {
        faults.push(format!(
            "made and deleted {:?} instead of {:?}",
            run.effects, reference.effects
        ));
    }
    faults.extend(
        run.careless
            .iter()
            .map(|path| format!("deleted {path} without preconditions")),
    );
    faults.extend(
        run.exits
            .iter()
            .map(|words| format!("the operator ended by itself: {words}")),
    );
    if run.is_restless {
        faults.push(format!("still writes after {} s", RESTLESS.as_secs()));
    }
    let took = run
        .struck
        .zip(run.last_write)
        .map(|(struck, last)| last.saturating_duration_since(struck));
    if took.is_some_and(|took| took > RECOVERED) {
        faults.push(format!("took {took:?} to recover"));
    }
    Verdict {
        struck: run.struck.is_some(),
        recovered_after: took.map(|took| took.as_secs_f64()),
        faults,
        plan,
    }
}

async fn run(ground: &Ground, workload: Workload, fault: Option<(Nth, Fault)>) -> Result<Run> {
    let space = ground.space().await?;
    let client = ground.client_of_operator(&space).await?;
    let ended = run_in(&space, client, &ground.program, workload, fault).await;
    space.delete().await;
    ended
}

async fn run_in(
    space: &Space,
    client: Client,
    program: &Program,
    workload: Workload,
    fault: Option<(Nth, Fault)>,
) -> Result<Run> {
    let (kill, killed) = mpsc::unbounded_channel();
    let proxy = Proxy::start(client, kill).await?;
    let start = program.start(&space.name, "rig", proxy.address)?;
    let operator = Operator::start(start, killed)?;
    workload.prepare(space).await;
    quiet(&proxy).await;
    proxy.begin(fault);
    workload.work(space).await;
    let is_quiet = quiet(&proxy).await;
    let end = End::of(space).await;
    Ok(proxy.seen(|record| Run {
        writes: record.writes.clone(),
        effects: record.effects.clone(),
        careless: record.careless.clone(),
        exits: operator.exits(),
        is_restless: !is_quiet,
        struck: record.struck,
        last_write: record.last_write,
        end,
    }))
}

/// Waits until nothing was written for a while; `false`: there was no end of it.
pub(crate) async fn quiet(proxy: &Proxy) -> bool {
    let start = Instant::now();
    loop {
        let last = proxy.seen(|record| record.last_write).unwrap_or(start);
        let rest = QUIET.saturating_sub(last.elapsed());
        if rest.is_zero() {
            return true;
        }
        if start.elapsed() > RESTLESS {
            return false;
        }
        tokio::time::sleep(rest).await;
    }
}

impl Verdict {
    fn of(plan: Plan, faults: Vec<String>) -> Verdict {
        Verdict {
            plan,
            faults,
            struck: true,
            recovered_after: None,
        }
    }
}
