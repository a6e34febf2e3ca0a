//! Starts an operator where a thousand Models serve, and sees how long it takes, and what it takes.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, sleep};

use super::crowd::{Cost, Crowd, busiest_second, whole};
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    proxy::Asked,
    request::Nth,
};

/// What is asked for.
const SECONDS: f64 = 60.0;
const MEBIBYTES: f64 = 100.0;
const REQUESTS: usize = 50;
/// How long a Model may take to be ready on average, all of them made at once: the cluster has two cores for all its parts.
const EACH: Duration = Duration::from_secs(2);
/// How long the operator is watched once it has looked at all.
const STEADY: Duration = Duration::from_secs(30);
/// When the start has failed in any case.
const TOO_LONG: Duration = Duration::from_secs(300);

/// Makes the Models, restarts the operator, and measures.
///
/// Errors: the cluster does not answer, or the Models do not become ready.
pub(super) async fn cold_start(ground: &Ground) -> Result<Finding> {
    let models = ground.scale.models;
    let mut crowd = Crowd::gather(ground, 32).await?;
    let measured = attempt(measure(&mut crowd, models)).await;
    crowd.leave().await;
    let measured = measured.map_err(anyhow::Error::msg)??;
    let mut finding = Finding::default();
    let mut count = |what: &str, holds: bool, found: String| {
        finding.count(what, if holds { Ok(()) } else { Err(found.clone()) });
        finding.figures.push(found);
    };
    let Start {
        seconds,
        cost,
        requests,
        writes,
    } = &measured.start;
    let (busiest, mean) = (busiest_second(requests), rate(requests.len(), *seconds));
    count(
        "the time",
        *seconds <= SECONDS,
        format!("{models} Models looked at after {seconds:.1} s"),
    );
    count(
        "the memory",
        cost.peak <= MEBIBYTES,
        format!("at most {:.0} MiB", cost.peak),
    );
    count(
        "the requests",
        busiest <= REQUESTS,
        format!("{busiest} requests in the busiest second, {mean:.1} on average"),
    );
    count(
        "the writes",
        writes.is_empty(),
        format!("{} writes", writes.len()),
    );
    finding.broken.extend(writes.iter().take(5).map(Nth::to_string));
    finding.figures.push(format!(
        "{:.1} s of computing for the start, {:.0} % of a core afterwards, with {:.0} MiB and {:.1} requests per second",
        cost.cpu,
        (measured.later.cpu - cost.cpu) / STEADY.as_secs_f64() * 100.0,
        measured.later.now,
        rate(measured.later_requests, STEADY.as_secs_f64()),
    ));
    finding.figures.push(format!(
        "before that, made ready from nothing within {:.0} s, by an operator of at most {:.0} MiB",
        measured.made.as_secs_f64(),
        measured.maker.peak,
    ));
    Ok(finding)
}

struct Measured {
    /// How long it took until all Models were ready that were made at once.
    made: Duration,
    /// What the operator took meanwhile.
    maker: Cost,
    start: Start,
    /// What the one that was started anew took in all, a while later.
    later: Cost,
    /// Its requests since it had looked at everything.
    later_requests: usize,
}

struct Start {
    /// Seconds until it had looked at everything once.
    seconds: f64,
    cost: Cost,
    requests: Vec<Asked>,
    writes: Vec<Nth>,
}

async fn measure(crowd: &mut Crowd, models: usize) -> Result<Measured> {
    let began = Instant::now();
    crowd.make(0..models).await;
    let limit = EACH.mul_f64(f64::from(u32::try_from(models)?)).max(TOO_LONG);
    let last = crowd.settled(models, limit).await?;
    let maker = crowd.cost()?;
    let start = start(crowd, models).await?;
    crowd.proxy.begin(None);
    sleep(STEADY).await;
    Ok(Measured {
        made: last - began,
        maker,
        start,
        later: crowd.cost()?,
        later_requests: crowd.proxy.seen(|record| record.requests.len()),
    })
}

async fn start(crowd: &mut Crowd, models: usize) -> Result<Start> {
    let began = crowd.restart().await?;
    // Every Model has a pod that serves, which is asked by a look at that Model alone; the looks are counted once they are
    // over. Each Model has one TrainingJob.
    while crowd.stub.asked_since(began) < models || !crowd.is_ready().await {
        ensure!(
            began.elapsed() < TOO_LONG,
            "not started after {TOO_LONG:?}: {} of {models} pods were asked",
            crowd.stub.asked_since(began)
        );
        sleep(Duration::from_millis(50)).await;
    }
    for kind in ["Model", "TrainingJob"] {
        let of_kind = format!("controller=\"{kind}\"");
        while whole(
            crowd
                .metric("controller_runtime_reconcile_total", &[&of_kind])
                .await,
        ) < models
        {
            ensure!(
                began.elapsed() < TOO_LONG,
                "not every {kind} was looked at after {TOO_LONG:?}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let failed = crowd
        .metric("controller_runtime_reconcile_errors_total", &[])
        .await;
    ensure!(failed == 0.0, "{failed} looks failed");
    Ok(Start {
        seconds,
        cost: crowd.cost()?,
        requests: crowd.proxy.seen(|record| record.requests.clone()),
        writes: crowd.proxy.seen(|record| record.writes.clone()),
    })
}

fn rate(count: usize, seconds: f64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from) / seconds
}
