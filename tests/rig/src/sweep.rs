//! One plan for each write of a workload and each fault, run beside each other.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use anyhow::{Result, anyhow};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    endpoints::Endpoints,
    finding::{attempt, in_words},
    ground::Ground,
    ledger,
    oracle::End,
    plan::{Plan, chains},
    remains::Remains,
    request::{Fault, Nth},
    scene::{QUIET, Scene},
    workload::Workload,
};

/// How long after its restart an operator may take until everything is as in the reference.
const RECOVERED: Duration = Duration::from_secs(30);
/// When waiting for quiet is given up.
const RESTLESS: Duration = Duration::from_secs(40);
/// How often a plan is tried whose write does not come: a few writes come in some runs alone.
const TRIES: usize = 3;

/// What came of a plan.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// The plan.
    pub(crate) plan: Plan,
    /// What is wrong; empty if nothing is.
    pub(crate) faults: Vec<String>,
    /// Whether the write came at all.
    pub(crate) struck: bool,
    /// How long it took from the fault, or the last thing that was asked for, until the last write.
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
    remains: Remains,
}

/// What a run of a workload left.
struct Run {
    writes: Vec<Nth>,
    effects: BTreeMap<String, usize>,
    careless: Vec<String>,
    exits: Vec<String>,
    is_restless: bool,
    /// How often no pod was ready where one has to be; `None`: no pod was ever seen to be.
    gaps: Option<usize>,
    struck: Option<Instant>,
    /// When the last thing was asked for: nobody recovers from what comes first without it.
    asked: Instant,
    last_write: Option<Instant>,
    end: End,
    remains: Remains,
    /// What is wrong with the versions.
    ledger: Vec<String>,
}

/// Runs a workload without a fault.
///
/// Errors: it did not come to its end.
pub(crate) async fn reference(ground: &Ground, workload: Workload) -> Result<Reference> {
    let scene = Scene::begin(ground, &ground.program).await?;
    let run = attempt(async {
        prepare(&scene, workload).await;
        run(&scene, workload, None).await
    })
    .await;
    scene.space.delete().await;
    let run = run.map_err(|words| anyhow!("without any fault, {}: {words}", workload.word()))?;
    let is_clean = run.exits.is_empty() && run.careless.is_empty() && run.ledger.is_empty();
    if run.is_restless || run.gaps != Some(0) || !is_clean {
        return Err(anyhow!(
            "without any fault, {} is restless: {}; without a ready pod: {:?} times; exits: {:?}; careless deletes: {:?}; \
             versions: {:?}",
            workload.word(),
            run.is_restless,
            run.gaps,
            run.exits,
            run.careless,
            run.ledger
        ));
    }
    Ok(Reference {
        writes: run.writes,
        effects: run.effects,
        end: run.end,
        remains: run.remains,
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
    let chains = stream::iter(chains(plans)).map(|chain| judge(ground, references, chain, &told));
    let verdicts: Vec<Vec<Verdict>> = chains.buffer_unordered(at_once).collect().await;
    let mut verdicts: Vec<Verdict> = verdicts.into_iter().flatten().collect();
    verdicts.sort_by(|one, other| one.plan.cmp(&other.plan));
    verdicts
}

/// Runs the plans of a chain in one namespace, for as long as they go well; what follows one that did not gets a new one.
async fn judge(
    ground: &Ground,
    references: &BTreeMap<Workload, Reference>,
    mut chain: VecDeque<Plan>,
    told: &impl Fn(&Verdict),
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut tries = 0;
    while let Some(first) = chain.pop_front() {
        let scene = match Scene::begin(ground, &ground.program).await {
            Ok(scene) => scene,
            Err(error) => {
                tries = 0;
                verdicts.push(Verdict::of(first, vec![in_words(error)]));
                continue;
            }
        };
        let prepared = attempt(prepare(&scene, first.workload)).await;
        let mut next = Some(first);
        while let Some(plan) = next {
            let run = match &prepared {
                Ok(()) => {
                    let fault = (plan.write.clone(), plan.fault);
                    attempt(run(&scene, plan.workload, Some(fault))).await
                }
                Err(words) => Err(words.clone()),
            };
            let verdict = match run {
                Ok(run) => Verdict::on(&run, &references[&plan.workload], plan),
                Err(words) => Verdict::of(plan, vec![words + &scene.told().await]),
            };
            let is_well = verdict.faults.is_empty();
            tries += 1;
            if is_well && !verdict.struck && tries < TRIES {
                chain.push_front(verdict.plan);
                break;
            }
            tries = 0;
            told(&verdict);
            verdicts.push(verdict);
            next = if is_well { chain.pop_front() } else { None };
        }
        scene.space.delete().await;
    }
    verdicts
}

async fn prepare(scene: &Scene<'_>, workload: Workload) {
    workload.prepare(&scene.space).await;
    scene.proxy().is_quiet(QUIET, None, RESTLESS).await;
}

async fn run(scene: &Scene<'_>, workload: Workload, fault: Option<(Nth, Fault)>) -> Run {
    let proxy = scene.proxy();
    proxy.begin(fault);
    let endpoints = workload.keeps_answering().then(|| Endpoints::watch(&scene.space));
    let asked = workload.work(&scene.space).await;
    let is_quiet = proxy.is_quiet(QUIET, None, RESTLESS).await;
    let gaps = endpoints.map_or(Some(0), Endpoints::gaps);
    let end = End::of(&scene.space).await;
    let mut ledger = ledger::faults(&scene.space).await;
    let remains = Remains::of(&scene.space, workload.store()).await;
    ledger.extend(remains.faults(workload.versions_left()));
    proxy.seen(|record| Run {
        writes: record.writes.clone(),
        effects: record.effects.clone(),
        careless: record.careless.clone(),
        exits: scene.exits(),
        is_restless: !is_quiet,
        gaps,
        struck: record.struck,
        asked,
        last_write: record.last_write,
        end,
        remains,
        ledger,
    })
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

    fn on(run: &Run, reference: &Reference, plan: Plan) -> Verdict {
        let mut faults = run.end.differences(&reference.end);
        faults.extend(run.remains.differences(&reference.remains));
        if run.effects != reference.effects {
            faults.push(format!(
                "made and deleted {:?} instead of {:?}",
                run.effects, reference.effects
            ));
        }
        faults.extend(run.ledger.iter().cloned());
        let careless = run.careless.iter();
        faults.extend(careless.map(|path| format!("deleted {path} without preconditions")));
        let exits = run.exits.iter();
        faults.extend(exits.map(|words| format!("the operator ended by itself: {words}")));
        if run.is_restless {
            faults.push(format!("still writes after {} s", RESTLESS.as_secs()));
        }
        match run.gaps {
            Some(0) => {}
            Some(gaps) => faults.push(format!("no pod was ready, {gaps} times")),
            None => faults.push("no pod was seen to be ready".to_owned()),
        }
        let took = run
            .struck
            .zip(run.last_write)
            .map(|(struck, last)| last.saturating_duration_since(struck.max(run.asked)));
        if let Some(took) = took.filter(|&took| took > RECOVERED) {
            faults.push(format!("took {:.1} s to recover", took.as_secs_f64()));
        }
        Verdict {
            struck: run.struck.is_some(),
            recovered_after: took.map(|took| took.as_secs_f64()),
            faults,
            plan,
        }
    }
}
