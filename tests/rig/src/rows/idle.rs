//! Leaves an operator alone with a hundred Models, then lets five hundred be fitted at once, and counts what it writes.

use std::{collections::BTreeMap, ops::Range, time::Duration};

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
/// How many there are when all are fitted.
const FITS: usize = 500;
/// How many of them are fitted first: the most that are asked as often as a few are.
const AT_FULL_PACE: usize = 20;
/// How long they may take to come to rest.
const SETTLED: Duration = Duration::from_secs(600);
/// How long a fit takes: longer than until all have begun and were watched.
const FITS_LAST: Duration = Duration::from_secs(900);
/// How long fits are watched once all of them run.
const WATCHED: Duration = Duration::from_secs(120);
/// The least time between two writes of one status, on average over a while.
const APART: Duration = Duration::from_secs(2);
const WHILE: Duration = Duration::from_secs(10);

/// Does both.
///
/// Errors: the cluster does not answer, or the Models do not come to rest.
pub(super) async fn rest(ground: &Ground) -> Result<Finding> {
    let crowd = Crowd::gather(ground, 512).await?;
    let counted = attempt(count(&crowd, ground.scale.idle)).await;
    crowd.leave().await;
    counted.map_err(anyhow::Error::msg)?
}

async fn count(crowd: &Crowd, idle: Duration) -> Result<Finding> {
    crowd.make(0..MODELS).await;
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
    crowd.make(MODELS..FITS).await;
    crowd.settled(FITS, SETTLED).await?;
    crowd.stub.fits_last(FITS_LAST);
    // As many as are asked at the shortest pace, and then all.
    let mut begun = 0;
    for fits in [AT_FULL_PACE, FITS] {
        begin(crowd, begun..fits).await?;
        begun = fits;
        watched(crowd, fits, finding).await?;
    }
    Ok(())
}

/// Begins a fit of each of these Models, and waits until all that were begun so far are asked.
async fn begin(crowd: &Crowd, models: Range<usize>) -> Result<()> {
    let fits = models.end;
    let again = async |number: usize| crowd.space.refit(&Crowd::name(number), "1").await;
    stream::iter(models).for_each_concurrent(4, again).await;
    let since = Instant::now();
    while crowd.stub.fits_asked_since(since) < fits {
        ensure!(
            since.elapsed() < SETTLED,
            "{} of {fits} fits run after {SETTLED:?}",
            crowd.stub.fits_asked_since(since)
        );
        sleep(APART).await;
    }
    Ok(())
}

/// Counts what is written while so many fits run.
async fn watched(crowd: &Crowd, fits: usize, finding: &mut Finding) -> Result<()> {
    crowd.proxy.begin(None);
    sleep(WATCHED).await;
    let requests = crowd.proxy.seen(|record| record.requests.clone());
    let most = usize::try_from(WHILE.as_secs() / APART.as_secs()).unwrap_or(usize::MAX) + 1;
    for kind in ["trainingjobs", "models"] {
        let writes = writes_of_status(&requests, kind);
        let busiest = writes.values().map(|times| within_a_while(times)).max();
        let busiest = busiest.unwrap_or(0);
        let result = match writes.len() {
            written if written != fits => Err(format!("the status of {written} of {fits} was written")),
            _ if busiest > most => Err(format!("{busiest} writes of one status in {} s", WHILE.as_secs())),
            _ => Ok(()),
        };
        finding.count(&format!("{kind} while {fits} are fitted"), result);
        finding.figures.push(format!(
            "{} fits at once: at most {busiest} writes of the status of one of the {kind} within {} s",
            writes.len(),
            WHILE.as_secs(),
        ));
    }
    Ok(())
}

/// The most of these times, which are in order, that lie within a while of each other.
fn within_a_while(times: &[Instant]) -> usize {
    let from = |at: usize| times[at..].partition_point(|time| *time < times[at] + WHILE);
    (0..times.len()).map(from).max().unwrap_or(0)
}

/// When the status of each object of a kind was written.
fn writes_of_status<'a>(requests: &'a [Asked], kind: &str) -> BTreeMap<&'a str, Vec<Instant>> {
    let part = format!("/{kind}/");
    let mut writes: BTreeMap<_, Vec<Instant>> = BTreeMap::new();
    for request in requests {
        let is_status = request.method == Method::PATCH && request.path.ends_with("/status");
        if is_status && request.path.contains(&part) {
            let times = writes.entry(request.path.as_str()).or_default();
            times.push(request.at);
        }
    }
    writes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_while_of_a_status_is_found() {
        let start = Instant::now();
        let at = |seconds: &[u64]| -> Vec<Instant> {
            let times = seconds
                .iter()
                .map(|seconds| start + Duration::from_secs(*seconds));
            times.collect()
        };
        assert_eq!(within_a_while(&at(&[])), 0);
        assert_eq!(within_a_while(&at(&[0, 10, 20])), 1);
        assert_eq!(within_a_while(&at(&[0, 9, 18, 19, 30])), 2);
        assert_eq!(within_a_while(&at(&[0, 20, 21, 22, 29, 30])), 4);
    }
}
