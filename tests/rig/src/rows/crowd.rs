//! Many Models on a stub, with an operator that can be measured.

use std::{ops::Range, time::Duration};

use anyhow::{Context as _, Result, ensure};
use auriga_e2e::{Manifest, Space, get, iris_rows};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

use crate::{
    ground::Ground,
    node::signal,
    operator::Start,
    proxy::{Asked, Proxy},
    stub::Stub,
};

/// How many Models are made at once.
const MAKERS: usize = 8;
/// How long nothing is written once all is done.
const QUIET: Duration = Duration::from_secs(15);
/// How long an operator has to end.
const LAST_LOOKS: Duration = Duration::from_secs(30);
/// How long it may take until a namespace with all that is in it is gone.
const GONE: Duration = Duration::from_secs(900);

/// A namespace full of Models, all of whose pods run on a stub, and an operator behind a proxy.
pub(super) struct Crowd {
    pub(super) space: Space,
    pub(super) stub: Stub,
    pub(super) proxy: Proxy,
    start: Start,
    child: Child,
}

impl Crowd {
    /// The namespace, the stub and an operator that orders so many fits at once; no Models yet.
    ///
    /// Errors: one of them does not start.
    pub(super) async fn gather(ground: &Ground, fits_at_once: u32) -> Result<Crowd> {
        let space = ground.space().await?;
        let proxy = Proxy::start(ground.client_of_operator(&space).await?).await?;
        let stub = Stub::start(space.cluster.client.clone()).await?;
        let most = [("AURIGA_MAX_FITS", fits_at_once.to_string())];
        let program = ground.measured.with_environment(most);
        let start = program.start(&space.name, "rig", proxy.address)?;
        Ok(Crowd {
            child: start.once()?,
            space,
            stub,
            proxy,
            start,
        })
    }

    /// The name of a Model.
    pub(super) fn name(number: usize) -> String {
        format!("iris-{number:04}")
    }

    /// Makes the Models of these numbers, each with rows of its own and one replica.
    pub(super) async fn make(&self, models: Range<usize>) {
        let rows = iris_rows();
        let make = async |number: usize| {
            let name = Crowd::name(number);
            self.space.rows(&name, &rows).await;
            let manifest = Manifest::iris(&name)
                .with(
                    "/spec/persister",
                    json!({ "uri": "postgres://postgres/auriga", "secretRef": { "name": "postgres" } }),
                )
                .with("/spec/pod", self.stub.wish());
            self.space.apply(&manifest).await;
        };
        stream::iter(models).for_each_concurrent(MAKERS, make).await;
    }

    /// Waits until so many Models are ready by the operator's metrics, and nothing is written any more; answers when the
    /// last of them was.
    ///
    /// Errors: it takes too long.
    pub(super) async fn settled(&self, models: usize, limit: Duration) -> Result<Instant> {
        let began = Instant::now();
        let mut ready = 0;
        while ready < models {
            ensure!(
                began.elapsed() < limit,
                "{ready} of {models} Models are ready after {limit:?}"
            );
            sleep(Duration::from_millis(500)).await;
            ready = whole(
                self.metric("auriga_model_condition", &["type=\"Ready\"", "status=\"True\""])
                    .await,
            );
        }
        let last = Instant::now();
        loop {
            let rest = self.proxy.seen(|record| record.last_write);
            let rest = QUIET.saturating_sub(rest.unwrap_or(began).elapsed());
            if rest.is_zero() {
                return Ok(last);
            }
            ensure!(
                began.elapsed() < limit,
                "there is no end of writes after {limit:?}"
            );
            sleep(rest).await;
        }
    }

    /// Ends the operator as a kubelet does, and starts it anew; answers when, and counts requests from then on.
    ///
    /// Errors: it does not start.
    pub(super) async fn restart(&mut self) -> Result<Instant> {
        let id = self.child.id().context("it runs")?;
        signal("TERM", &id.to_string()).await?;
        let ended = timeout(LAST_LOOKS, self.child.wait()).await;
        ended.context("the operator does not end")??;
        self.proxy.begin(None);
        let began = Instant::now();
        self.child = self.start.once()?;
        Ok(began)
    }

    /// Whether `/readyz` says yes.
    pub(super) async fn is_ready(&self) -> bool {
        let answer = get(self.start.metrics, "/readyz").await;
        answer.is_ok_and(|answer| answer.code == 200)
    }

    /// The sum of a metric's samples that have all these labels; 0 while the operator does not answer.
    pub(super) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        match get(self.start.metrics, "/metrics").await {
            Ok(answer) => sum(&answer.body, name, labels),
            Err(_) => 0.0,
        }
    }

    /// What the operator's process takes now.
    ///
    /// Errors: it has ended.
    pub(super) fn cost(&self) -> Result<Cost> {
        let id = self.child.id().context("the operator has ended")?;
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{id}/{file}"));
        let status = read("status").context("cannot read what the operator takes")?;
        let stat = read("stat").context("cannot read what the operator takes")?;
        let mebibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            number.map_or(f64::INFINITY, |kibibytes| kibibytes / 1024.0)
        };
        // Fields 14 and 15 of proc(5), in ticks of a hundredth of a second; the name before them may have spaces.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks: f64 = (after_name.split_whitespace().skip(11).take(2))
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(Cost {
            peak: mebibytes("VmHWM:"),
            now: mebibytes("VmRSS:"),
            cpu: ticks / 100.0,
        })
    }

    /// Ends the operator, deletes everything, and takes the node away once that is gone.
    pub(super) async fn leave(mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill().await;
        let (name, cluster) = (self.space.name.clone(), self.space.cluster);
        self.space.delete().await;
        let began = Instant::now();
        while began.elapsed() < GONE && cluster.get(None, "v1", "Namespace", &name).await.is_some() {
            sleep(Duration::from_secs(1)).await;
        }
        self.stub.end().await;
    }
}

/// What a process takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// The most memory that it had, in MiB.
    pub(super) peak: f64,
    /// The memory that it has, in MiB.
    pub(super) now: f64,
    /// The time that it computed, in seconds.
    pub(super) cpu: f64,
}

/// The most requests that came within a second.
pub(super) fn busiest_second(requests: &[Asked]) -> usize {
    let within = |first: usize| {
        let end = requests[first].at + Duration::from_secs(1);
        requests[first..].partition_point(|one| one.at < end)
    };
    (0..requests.len()).map(within).max().unwrap_or(0)
}

/// The samples of a metric in the text of a scrape that have all these labels, added up.
fn sum(text: &str, name: &str, labels: &[&str]) -> f64 {
    let sample = |line: &str| {
        let rest = line.strip_prefix(name)?.strip_prefix('{')?;
        let (found, value) = rest.rsplit_once("} ")?;
        let has_all = labels.iter().all(|label| found.contains(label));
        if has_all {
            value.trim().parse::<f64>().ok()
        } else {
            None
        }
    };
    text.lines().filter_map(sample).sum()
}

/// A count that a metric tells.
pub(super) fn whole(count: f64) -> usize {
    format!("{count:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::*;

    #[test]
    fn samples_with_all_labels_are_added_up() {
        let text = "# HELP looks Looks\nlooks_total{kind=\"A\",result=\"ok\"} 2\nlooks_total{kind=\"A\",result=\"no\"} 1\n\
                    looks_total{kind=\"B\",result=\"ok\"} 5\n";
        let check = |labels: &[&str], expected: usize| {
            assert_eq!(whole(sum(text, "looks_total", labels)), expected);
        };
        check(&["kind=\"A\""], 3);
        check(&["kind=\"B\"", "result=\"ok\""], 5);
        check(&["kind=\"C\""], 0);
    }

    #[test]
    fn the_busiest_second_may_begin_at_any_request() {
        let start = Instant::now();
        let requests: Vec<Asked> = [0, 900, 1000, 1800, 1899, 5000]
            .map(|after| Asked {
                at: start + Duration::from_millis(after),
                method: Method::GET,
                path: String::new(),
            })
            .into();
        assert_eq!(busiest_second(&requests), 4);
        assert_eq!(busiest_second(&[]), 0);
    }
}
