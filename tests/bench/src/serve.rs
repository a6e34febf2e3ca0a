//! Serving one small model, beside other servers in the same run.

pub(crate) mod figures;
mod http;
mod load;
mod server;

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use clap::Args;

use self::{
    figures::{ServeResult, ServeSettings, ServerFigures},
    load::{Load, Loader},
    server::{SERVERS, Server, Site},
};
use crate::{
    conclusion::Conclusion,
    memory,
    process::read,
    run::{Run, pinned_versions, second_word},
    spread::Spread,
};

/// Measure serving beside Palladium, MLServer and a handler that only parses the query
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    tools: Tools,
    /// Rounds; each starts every server anew
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10))]
    rounds: u32,
    /// Length of a measurement
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Length of the load before the measurements
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=60))]
    warm_up_seconds: u32,
    /// Requests per second of the open load
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: u32,
    /// The processor of the servers
    #[arg(long, default_value_t = 0)]
    server_cpu: u32,
    /// The processor of the load
    #[arg(long, default_value_t = 1)]
    client_cpu: u32,
    #[command(flatten)]
    conclusion: Conclusion,
}

/// What has to be there.
#[derive(Args)]
pub(crate) struct Tools {
    /// The auriga program
    #[arg(long, hide = true)]
    auriga: PathBuf,
    /// The example side_by_side of auriga-serve
    #[arg(long, hide = true)]
    bare: PathBuf,
    /// The programs of an environment with Palladium
    #[arg(long, hide = true)]
    palladium: PathBuf,
    /// The programs of an environment with MLServer
    #[arg(long, hide = true)]
    mlserver: PathBuf,
    /// The load generator
    #[arg(long, hide = true)]
    oha: PathBuf,
}

/// Connections of both loads.
const CONNECTIONS: u32 = 10;
const PALLADIUM_WORKERS: u32 = 2;

impl Serve {
    /// Measures one server at a time, round by round, so that what disturbs the machine for a while disturbs all alike.
    ///
    /// Errors: a server that cannot be started, gives a wrong answer, or fails under the load.
    pub(crate) fn run(self) -> Result<()> {
        ensure!(
            self.server_cpu != self.client_cpu,
            "--server-cpu and --client-cpu are the same; servers and load would take turns"
        );
        let run = Run::here(self.versions()?)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let site = Site {
            tools: &self.tools,
            folder: folder.path(),
            cpu: self.server_cpu.to_string(),
        };
        let loader = Loader {
            oha: &self.tools.oha,
            cpu: self.client_cpu.to_string(),
            connections: CONNECTIONS,
        };
        for server in SERVERS {
            server.prepare(&site)?;
        }
        let mut loads: Vec<Vec<Load>> = SERVERS.iter().map(|_| Vec::new()).collect();
        for round in 1..=self.rounds {
            for (server, loads) in SERVERS.iter().zip(&mut loads) {
                let load = self.measured(*server, &site, &loader)?;
                eprintln!(
                    "{round:>3} of {}  {}: {:.0} requests/s, p99 {:.3} ms at {}/s, {:.1} MiB",
                    self.rounds,
                    server.name(),
                    load.requests_per_s,
                    load.p99_ms,
                    self.rate,
                    load.resident_mib
                );
                loads.push(load);
            }
        }
        let settings = ServeSettings {
            rounds: self.rounds,
            seconds: self.seconds,
            warm_up_seconds: self.warm_up_seconds,
            connections: CONNECTIONS,
            rate: self.rate,
            palladium_workers: PALLADIUM_WORKERS,
        };
        let figures = |(server, loads): (&Server, &Vec<Load>)| {
            let spread = |figure: fn(&Load) -> f64| Spread::of(loads.iter().map(figure));
            ServerFigures {
                server: server.name().to_owned(),
                request: server.request_line().to_owned(),
                requests_per_s: spread(|load| load.requests_per_s),
                p50_ms: spread(|load| load.p50_ms),
                p99_ms: spread(|load| load.p99_ms),
                resident_mib: spread(|load| load.resident_mib),
            }
        };
        let servers = SERVERS.iter().zip(&loads).map(figures).collect();
        let result = ServeResult::new(run, settings, servers);
        let (table, targets) = (result.table(), &result.targets);
        self.conclusion.draw(&result, ServeResult::BENCH, &table, targets)
    }

    fn measured(&self, server: Server, site: &Site<'_>, loader: &Loader<'_>) -> Result<Load> {
        let started = server.start(site)?;
        let request = &started.request;
        let of = || format!("{} was not measured", server.name());
        loader.closed(request, self.warm_up_seconds).with_context(of)?;
        let closed = loader.closed(request, self.seconds).with_context(of)?;
        let p99_ms = loader.open(request, self.rate, self.seconds).with_context(of)?;
        Ok(Load {
            requests_per_s: closed.requests_per_s,
            p50_ms: closed.p50_ms,
            p99_ms,
            resident_mib: memory::resident(started.process.id())?,
        })
    }

    fn versions(&self) -> Result<BTreeMap<String, String>> {
        let of = |file: &str, names: &[&str]| pinned_versions(file.as_ref(), names);
        let mut versions = of(
            "tests/bench/requirements/palladium.txt",
            &["palladium", "gunicorn", "Flask"],
        )?;
        versions.extend(of(
            "tests/bench/requirements/mlserver.txt",
            &["mlserver", "uvloop"],
        )?);
        let python = read(
            "python",
            Command::new(self.tools.mlserver.join("python")).arg("--version"),
        )?;
        versions.insert("python".to_owned(), second_word(&python).to_owned());
        let oha = read("oha", Command::new(&self.tools.oha).arg("--version"))?;
        versions.insert("oha".to_owned(), second_word(&oha).to_owned());
        versions.insert("wrk".to_owned(), load::wrk_version()?);
        let lock = fs::read_to_string("Cargo.lock").context("cannot read Cargo.lock")?;
        versions.insert("axum".to_owned(), locked(&lock, "axum")?);
        Ok(versions)
    }
}

/// The version of a crate in a lock file.
fn locked(lock: &str, name: &str) -> Result<String> {
    let version = lock
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .and_then(|(_, rest)| rest.split('"').next());
    Ok(version
        .with_context(|| format!("Cargo.lock has no {name}"))?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_that_of_the_very_crate() {
        let lock = "name = \"axum-core\"\nversion = \"0.5.1\"\n\nname = \"axum\"\nversion = \"0.8.4\"\n";
        assert_eq!(locked(lock, "axum").unwrap(), "0.8.4");
        assert!(locked(lock, "tokio").is_err());
    }
}
