//! `/alive` of a fit.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use auriga_crds::contract::Alive;

use super::bench::{Bench, OWNER, alive};
use crate::support::{Connection, DEADLINE, get, post};

/// A fit that answers at `/alive`, on a port of its own.
pub(super) const FIT: [&str; 6] = [
    "fit",
    "-f",
    "model.yaml",
    "--no-activate",
    "--alive",
    "127.0.0.1:0",
];

/// A fit that tells how far it is, killed when dropped.
pub(super) struct Fit {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Fit {
    fn start(bench: &Bench) -> Fit {
        Fit::begin(bench.pod("fit-a", &FIT))
    }

    /// Starts a command such as [`FIT`].
    pub(super) fn begin(mut command: Command) -> Fit {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.find_map(|line| {
            let line = line.unwrap();
            Some(
                line.split_once("http://")?
                    .1
                    .strip_suffix("/alive")?
                    .parse()
                    .unwrap(),
            )
        });
        // Somebody has to read what else it says.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Fit {
            child,
            address: told.expect("it tells where it answers"),
        }
    }

    /// Waits for its end, and gives its exit code.
    pub(super) fn ended(mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(ended) = self.child.try_wait().unwrap() {
                return ended.code();
            }
            assert!(Instant::now() < deadline, "the fit does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Fit {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_fit_that_waits_for_its_rows_is_alive_and_says_whose_it_is() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::new();
    let rows = format!("url: http://{}/rows.csv", silent.local_addr().unwrap());
    bench.edit("path: flowers.csv", &rows);
    let fit = Fit::start(&bench);
    let (status, said) = alive(fit.address);
    assert_eq!((status, &said.message, said.active), (200, &None, false));
    assert_eq!(said.owner_uid.as_deref(), Some(OWNER));
    assert_eq!(said.pod_uid.as_deref(), Some("uid-of-fit-a"));
    let told = said.trainer_status.unwrap();
    assert_eq!(
        (told.progress_percentage, told.estimated_remaining_seconds),
        (Some(0), None)
    );
    assert!(!told.last_updated_time.is_empty());
    assert_eq!(get(fit.address, "/livez").status, 200);
    assert_eq!(get(fit.address, "/predict").status, 404);
    assert_eq!(post(fit.address, "/alive", "{}").status, 405);
}

#[test]
fn the_progress_never_falls_and_ends_with_metrics() {
    let bench = Bench::new();
    let row = |at: u32| {
        format!(
            "{}.5,{}\n",
            at * 7919 % 1009,
            ["setosa", "virginica"][at as usize % 2]
        )
    };
    let rows: String = (0..3_000).map(row).collect();
    bench.write("flowers.csv", &format!("width,species\n{rows}"));
    let estimator = "randomForestClassifier:\n      nEstimators: 200";
    bench.edit("logisticRegression:\n      c: 1", estimator);
    bench.edit(
        "  estimator:",
        "  training:\n    crossValidation:\n      stratifiedKFold: {nSplits: 3}\n  estimator:",
    );
    let fit = Fit::start(&bench);
    let mut connection = Connection::open(fit.address);
    let deadline = Instant::now() + DEADLINE;
    let mut seen = Vec::new();
    let mut metrics = Vec::new();
    // The connection ends with the fit.
    while let Ok(answer) = connection.request("GET", "/alive", b"") {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let said: Alive = serde_json::from_str(&answer.text).unwrap();
        let told = said.trainer_status.unwrap();
        seen.push(told.progress_percentage.unwrap());
        if !told.metrics.is_empty() {
            metrics = told.metrics;
        }
        assert!(told.estimated_remaining_seconds.is_none_or(|left| left >= 0));
        assert!(Instant::now() < deadline, "{seen:?}");
    }
    assert!(
        seen.is_sorted() && seen.iter().all(|percent| (0..=100).contains(percent)),
        "{seen:?}"
    );
    seen.dedup();
    assert!(seen.len() > 10, "{seen:?}");
    assert_eq!(metrics[0].name, "accuracy_cross_validation");
    assert!(bench.outcome("fit-a").unwrap().version.is_some());
}

#[test]
fn a_fit_whose_progress_nobody_can_ask_for_goes_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::new();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["fit", "-f", "model.yaml", "--no-activate", "--alive", &address];
    let (ended, outcome) = bench.ended("fit-a", &arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("the progress is told to nobody"),
        "{ended:?}"
    );
    assert!(outcome.version.is_some());
}
