//! Leaves an operator alone with a hundred Models, then lets all of them be fitted at once, and counts what it writes.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, stream};
use hyper::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::crowd::Crowd;
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    proxy::Asked,
};

/// How many Models there are, and how many of them have pods.
const MODELS: usize = 100;
const SERVING: usize = 10;
/// How long they may take to come to rest.
const SETTLED: Duration = Duration::from_secs(600);
/// How long a fit takes: longer than until all have begun and were watched.
const FITS_LAST: Duration = Duration::from_secs(900);
/// How long fits are watched once all of them run.
const WATCHED: Duration = Duration::from_secs(60);
/// The least time between two writes of one status.
const APART: Duration = Duration::from_secs(2);

/// Does both.
///
/// Errors: the cluster does not answer, or the Models do not come to rest.
pub(super) async fn rest(ground: &Ground) -> Result<Finding> {
    let crowd = Crowd::gather(ground, 128).await?;
    let counted = attempt(count(&crowd, ground.scale.idle)).await;
    crowd.leave().await;
    counted.map_err(anyhow::Error::msg)?
}

async fn count(crowd: &Crowd, idle: Duration) -> Result<Finding> {
    crowd.make(MODELS).await;
    crowd.settled(MODELS, SETTLED).await?;
    let to_zero = async |number: usize| {
        let none = json!({ "spec": { "replicas": 0 } });
        crowd.space.change("Model", &Crowd::name(number), none).await;
    };
    stream::iter(SERVING..MODELS)
        .for_each_concurrent(4, to_zero)
        .await;
    // The first sign of the change takes a moment.
    sleep(APART).await;
    crowd.settled(MODELS, SETTLED).await?;
    let mut finding = Finding::default();
    left_alone(crowd, idle, &mut finding).await?;
    fitted(crowd, &mut finding).await?;
    Ok(finding)
}

async fn left_alone(crowd: &Crowd, idle: Duration, finding: &mut Finding) -> Result<()> {
    let (before, since) = (crowd.cost()?, Instant::now());
    crowd.proxy.begin(None);
    sleep(idle).await;
    let (writes, requests) = crowd
        .proxy
        .seen(|record| (record.writes.clone(), record.requests.clone()));
    let of = |what: &str| requests.iter().filter(|one| one.path.contains(what)).count();
    let asked = crowd.stub.asked_since(since);
    let first = writes.first().map(ToString::to_string).unwrap_or_default();
    let result = match (writes.len(), asked) {
        (0, SERVING) => Ok(()),
        (0, _) => Err(format!("{asked} of {SERVING} pods were asked")),
        (count, _) => Err(format!("{count} writes, such as {first}")),
    };
    finding.count("left alone", result);
    finding.figures.push(format!(
        "{} writes in {} s, besides {} requests for the Lease, {} for events, {} to watch; {:.1} % of a core",
        writes.len(),
        idle.as_secs(),
        of("/leases"),
        of("/events"),
        requests.len() - of("/leases") - of("/events"),
        (crowd.cost()?.cpu - before.cpu) / idle.as_secs_f64() * 100.0,
    ));
    Ok(())
}

async fn fitted(crowd: &Crowd, finding: &mut Finding) -> Result<()> {
    crowd.stub.fits_last(FITS_LAST);
    let again = async |number: usize| crowd.space.refit(&Crowd::name(number), "1").await;
    stream::iter(0..MODELS).for_each_concurrent(4, again).await;
    let since = Instant::now();
    while crowd.stub.fits_asked_since(since) < MODELS {
        ensure!(
            since.elapsed() < SETTLED,
            "{} of {MODELS} fits run after {SETTLED:?}",
            crowd.stub.fits_asked_since(since)
        );
        sleep(APART).await;
    }
    crowd.proxy.begin(None);
    sleep(WATCHED).await;
    let requests = crowd.proxy.seen(|record| record.requests.clone());
    let most = usize::try_from(WATCHED.as_secs() / APART.as_secs()).unwrap_or(usize::MAX) + 1;
    for kind in ["trainingjobs", "models"] {
        let counts = writes_of_status(&requests, kind);
        let busiest = counts.values().copied().max().unwrap_or(0);
        let result = match counts.len() {
            MODELS if busiest <= most => Ok(()),
            MODELS => Err(format!(
                "{busiest} writes of one status in {} s",
                WATCHED.as_secs()
            )),
            written => Err(format!("the status of {written} of {MODELS} was written")),
        };
        finding.count(&format!("{kind} while all are fitted"), result);
        finding.figures.push(format!(
            "{} fits at once: at most {busiest} writes of the status of one of the {kind} in {} s",
            counts.len(),
            WATCHED.as_secs(),
        ));
    }
    Ok(())
}

/// How often the status of each object of a kind was written.
fn writes_of_status<'a>(requests: &'a [Asked], kind: &str) -> BTreeMap<&'a str, usize> {
    let part = format!("/{kind}/");
    let mut counts = BTreeMap::new();
    for request in requests {
        let is_status = request.method == Method::PATCH && request.path.ends_with("/status");
        if is_status && request.path.contains(&part) {
            *counts.entry(request.path.as_str()).or_default() += 1;
        }
    }
    counts
}
