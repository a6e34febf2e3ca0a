//! Loads a server: as fast as it answers (wrk), or at a given rate (oha).

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::http::Request;
use crate::process::{bounded, read};

/// What one server did in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Of the closed load.
    pub(crate) requests_per_s: f64,
    /// Of the closed load, in milliseconds.
    pub(crate) p50_ms: f64,
    /// Of the open load, in milliseconds.
    pub(crate) p99_ms: f64,
    /// MiB after both.
    pub(crate) resident_mib: f64,
}

/// How servers are loaded.
pub(crate) struct Loader<'a> {
    /// The program that keeps a rate.
    pub(crate) oha: &'a Path,
    /// The processor it runs on.
    pub(crate) cpu: String,
    /// Kept open during a load.
    pub(crate) connections: u32,
}

/// What a closed load found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Closed {
    pub(crate) requests_per_s: f64,
    pub(crate) p50_ms: f64,
}

/// Beyond its own length, for a load to end.
const GRACE: Duration = Duration::from_secs(60);

impl Loader<'_> {
    /// Every connection asks again as soon as it has its answer.
    ///
    /// A slow server is asked less, so that the median says little about waiting, and the tail nothing.
    pub(crate) fn closed(&self, request: &Request, seconds: u32) -> Result<Closed> {
        let length = Duration::from_secs(seconds.into());
        let mut wrk = bounded(length + GRACE, &self.cpu, Path::new("wrk"));
        wrk.args(["--threads", "1", "--connections", &self.connections.to_string()]);
        wrk.args([
            "--duration",
            &format!("{seconds}s"),
            "--script",
            "tests/bench/load.lua",
        ]);
        wrk.arg(request.url());
        if let Some(body) = request.body {
            wrk.args(["--", body]);
        }
        closed(&read("wrk", &mut wrk)?)
    }

    /// Asks at a fixed rate, whatever the answers; the 99th percentile in milliseconds.
    ///
    /// Time counts from when a request is due and wakes the generator, not from when a connection is free for it. So
    /// waiting behind a slow answer counts, and the generator's own timer, which ticks in milliseconds, does not.
    pub(crate) fn open(&self, request: &Request, rate: u32, seconds: u32) -> Result<f64> {
        let length = Duration::from_secs(seconds.into());
        let n_requests = u64::from(rate) * u64::from(seconds);
        let mut oha = bounded(length + GRACE, &self.cpu, self.oha);
        oha.args(["--no-tui", "--output-format", "json", "--latency-correction"]);
        oha.args(["--worker-threads", "1", "-c", &self.connections.to_string()]);
        oha.args(["-q", &rate.to_string(), "-n", &n_requests.to_string()]);
        if let Some(body) = request.body {
            oha.args(["-m", "POST", "-T", "application/json", "-d", body]);
        }
        open(&read("oha", oha.arg(request.url()))?, n_requests)
    }
}

/// The version of wrk on the search path.
pub(crate) fn wrk_version() -> Result<String> {
    // It says so in the first line, and then fails for want of an address.
    let output = Command::new("wrk").arg("--version").output();
    let output = output.context("wrk is missing; install it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split_whitespace().nth(1).unwrap_or_default().to_owned())
}

/// Reads the line that `load.lua` prints.
fn closed(printed: &str) -> Result<Closed> {
    #[derive(Deserialize)]
    struct Printed {
        requests: f64,
        duration_us: f64,
        p50_us: f64,
        failed: u64,
    }
    let line = printed.lines().find(|line| line.starts_with('{'));
    let printed: Printed = serde_json::from_str(line.context("wrk printed no figures")?)
        .context("wrk printed other figures than load.lua writes")?;
    ensure!(printed.failed == 0, "{} requests failed", printed.failed);
    ensure!(printed.requests > 0.0, "no request was answered");
    Ok(Closed {
        requests_per_s: printed.requests / (printed.duration_us / 1e6),
        p50_ms: printed.p50_us / 1e3,
    })
}

/// Reads what oha prints; every request must have been answered with success.
fn open(printed: &str, n_requests: u64) -> Result<f64> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Printed {
        /// Seconds.
        latency_percentiles: BTreeMap<String, Option<f64>>,
        status_code_distribution: BTreeMap<String, u64>,
    }
    let printed: Printed =
        serde_json::from_str(printed).context("oha printed other figures than expected")?;
    let answered = printed.status_code_distribution.get("200").copied().unwrap_or(0);
    ensure!(
        answered == n_requests,
        "{answered} of {n_requests} requests were answered with success"
    );
    let p99 = printed.latency_percentiles.get("p99").copied().flatten();
    Ok(p99.context("oha printed no p99")? * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_load_is_read_from_among_what_wrk_says() {
        let text = |failed| {
            format!(
                "Running 2s test\n{{\"requests\": 3000, \"duration_us\": 2000000, \"p50_us\": 125, \"failed\": {failed}}}\nRequests/sec: 9\n"
            )
        };
        let expected = Closed {
            requests_per_s: 1500.0,
            p50_ms: 0.125,
        };
        assert_eq!(closed(&text(0)).unwrap(), expected);
        assert_eq!(closed(&text(2)).unwrap_err().to_string(), "2 requests failed");
        assert_eq!(
            closed("unable to connect").unwrap_err().to_string(),
            "wrk printed no figures"
        );
    }

    #[test]
    fn an_open_load_counts_only_if_every_request_was_answered() {
        let text = r#"{"latencyPercentiles": {"p50": 0.0001, "p99": 0.0005}, "statusCodeDistribution": {"200": 10}, "errorDistribution": {}}"#;
        assert!((open(text, 10).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(
            open(text, 11).unwrap_err().to_string(),
            "10 of 11 requests were answered with success"
        );
        let refused = r#"{"latencyPercentiles": {"p99": null}, "statusCodeDistribution": {}}"#;
        assert!(open(refused, 1).is_err());
    }
}
