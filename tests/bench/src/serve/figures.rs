//! What the serve bench found, and what it aims at.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{
    report::chart::{Bar, Chart},
    run::Run,
    spread::Spread,
    target::{Bound, Target},
};

/// Everything the serve bench found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServeResult {
    bench: String,
    /// The circumstances.
    pub(crate) run: Run,
    /// How it was measured.
    pub(crate) settings: ServeSettings,
    /// One per server.
    pub(crate) servers: Vec<ServerFigures>,
    /// Of Auriga, alone and beside the others.
    pub(crate) targets: Vec<Target>,
}

/// How servers were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServeSettings {
    /// Every server was started once in each.
    pub(crate) rounds: u32,
    /// Length of each load.
    pub(crate) seconds: u32,
    /// Length of the load before them.
    pub(crate) warm_up_seconds: u32,
    /// Of both loads.
    pub(crate) connections: u32,
    /// Requests per second of the open load.
    pub(crate) rate: u32,
    /// Processes of Palladium that answer.
    pub(crate) palladium_workers: u32,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerFigures {
    /// Such as `palladium`.
    pub(crate) server: String,
    /// What it was asked.
    pub(crate) request: String,
    /// Of the closed load.
    pub(crate) requests_per_s: Spread,
    /// Of the closed load, in milliseconds.
    pub(crate) p50_ms: Spread,
    /// Of the open load, in milliseconds.
    pub(crate) p99_ms: Spread,
    /// MiB after the loads, workers summed.
    pub(crate) resident_mib: Spread,
}

const OURS: &str = "auriga";

/// What is aimed at, in requests per second of Auriga over those of the others.
const RATIOS: [(&str, f64); 3] = [("palladium", 40.0), ("mlserver", 60.0), ("bare axum", 0.7)];

impl ServeResult {
    /// Its name, and that of its file.
    pub(crate) const BENCH: &'static str = "serve";

    /// Judges the figures.
    pub(crate) fn new(run: Run, settings: ServeSettings, servers: Vec<ServerFigures>) -> ServeResult {
        let targets = targets(&settings, &servers);
        ServeResult {
            bench: ServeResult::BENCH.to_owned(),
            run,
            settings,
            servers,
            targets,
        }
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut table = format!(
            "| server | request | requests/s | p50, ms | p99 at {} requests/s, ms | memory, MiB |\n\
             |---|---|---:|---:|---:|---:|\n",
            self.settings.rate
        );
        for server in &self.servers {
            let _ = writeln!(
                table,
                "| {} | `{}` | {} | {} | {} | {} |",
                server.server,
                server.request,
                server.requests_per_s.shown(),
                server.p50_ms.shown(),
                server.p99_ms.shown(),
                server.resident_mib.shown(),
            );
        }
        table
    }

    /// Requests per second as a picture.
    pub(crate) fn chart(&self) -> Chart {
        let bars = self.servers.iter().map(|server| Bar {
            label: server.server.clone(),
            length: server.requests_per_s.median,
            ours: server.server == OURS,
        });
        Chart {
            title: "Requests per second (more is better)".to_owned(),
            bars: bars.collect(),
        }
    }
}

fn targets(settings: &ServeSettings, servers: &[ServerFigures]) -> Vec<Target> {
    let Some(ours) = servers.iter().find(|server| server.server == OURS) else {
        return Vec::new();
    };
    let mut targets = Vec::new();
    for (name, least) in RATIOS {
        if let Some(theirs) = servers.iter().find(|server| server.server == name) {
            let ratio = ours.requests_per_s.median / theirs.requests_per_s.median;
            let what = format!("requests per second of Auriga / of {name}");
            targets.push(Target::new(what, ratio, Bound::AtLeast(least), ""));
        }
    }
    targets.push(Target::new(
        format!("p99 at {} requests per second", settings.rate),
        ours.p99_ms.median,
        Bound::Below(1.0),
        "ms",
    ));
    targets.push(Target::new(
        "resident memory after the loads",
        ours.resident_mib.median,
        Bound::Below(20.0),
        "MiB",
    ));
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, requests_per_s: f64) -> ServerFigures {
        ServerFigures {
            server: name.to_owned(),
            request: "GET /predict?…".to_owned(),
            requests_per_s: Spread::of([requests_per_s]),
            p50_ms: Spread::of([0.1]),
            p99_ms: Spread::of([0.4]),
            resident_mib: Spread::of([21.0]),
        }
    }

    #[test]
    fn targets_compare_with_every_other_server_and_look_at_auriga_alone() {
        let settings = ServeSettings {
            rounds: 5,
            seconds: 6,
            warm_up_seconds: 2,
            connections: 10,
            rate: 500,
            palladium_workers: 2,
        };
        let servers = [
            server("auriga", 60_000.0),
            server("bare axum", 80_000.0),
            server("palladium", 1_200.0),
            server("mlserver", 1_200.0),
        ];
        let found: Vec<(f64, bool)> = targets(&settings, &servers)
            .iter()
            .map(|target| (target.figure, target.met))
            .collect();
        assert_eq!(
            found,
            [
                (50.0, true),
                (50.0, false),
                (0.75, true),
                (0.4, true),
                (21.0, false)
            ]
        );
    }
}
