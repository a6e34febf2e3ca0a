//! What the bench of the operator found, and what it aims at.

use std::{fmt::Write, time::Instant};

use serde::{Deserialize, Serialize};

use crate::{
    report::chart::{Bar, Chart},
    run::Run,
    spread::Spread,
    target::{Bound, Target},
};

/// Everything the bench of the operator found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperatorResult {
    bench: String,
    /// The circumstances.
    pub(crate) run: Run,
    /// How it was measured.
    pub(crate) settings: OperatorSettings,
    /// One per way.
    pub(crate) ways: Vec<WayFigures>,
    /// The ratio.
    pub(crate) targets: Vec<Target>,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperatorSettings {
    /// Rounds that counted, after one that did not.
    pub(crate) rounds: u32,
    /// The digest of the image that all pods ran.
    pub(crate) image: String,
}

/// A way from a manifest to a served model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Way {
    /// The apply of a Model.
    Operator,
    /// A Job, then a Deployment.
    Bare,
}

/// One way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WayFigures {
    /// Which.
    pub(crate) way: Way,
    /// Seconds until the Job was complete.
    pub(crate) fitted_s: Spread,
    /// Seconds until the Deployment was available.
    pub(crate) available_s: Spread,
    /// Seconds until all was done.
    pub(crate) ready_s: Spread,
}

/// Seconds of one measurement, all from its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    /// Until the Job was complete.
    pub(crate) fitted_s: f64,
    /// Until the Deployment was available.
    pub(crate) available_s: f64,
    /// Until all was done.
    pub(crate) ready_s: f64,
}

/// How much longer the operator may take, which has a version prove itself before it activates it and moves the traffic.
const MOST: f64 = 1.25;

impl Way {
    /// As people read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Operator => "a Model, by the operator",
            Way::Bare => "a bare Job, then a bare Deployment",
        }
    }
}

impl Times {
    /// From `start` to when the Job was complete, the Deployment available, and all done.
    pub(crate) fn since(start: Instant, [fitted, available, ready]: [Instant; 3]) -> Times {
        let seconds = |end: Instant| end.duration_since(start).as_secs_f64();
        Times {
            fitted_s: seconds(fitted),
            available_s: seconds(available),
            ready_s: seconds(ready),
        }
    }
}

impl WayFigures {
    fn of(way: Way, all: &[Times]) -> WayFigures {
        let spread = |figure: fn(&Times) -> f64| Spread::of(all.iter().map(figure));
        WayFigures {
            way,
            fitted_s: spread(|times| times.fitted_s),
            available_s: spread(|times| times.available_s),
            ready_s: spread(|times| times.ready_s),
        }
    }
}

impl OperatorResult {
    /// Its name, and that of its file.
    pub(crate) const BENCH: &'static str = "operator";

    /// Judges the times of all rounds, at least one of each.
    pub(crate) fn new(
        run: Run,
        settings: OperatorSettings,
        operator: &[Times],
        bare: &[Times],
    ) -> OperatorResult {
        let operator = WayFigures::of(Way::Operator, operator);
        let bare = WayFigures::of(Way::Bare, bare);
        OperatorResult {
            bench: OperatorResult::BENCH.to_owned(),
            run,
            settings,
            targets: vec![target(&operator, &bare)],
            ways: vec![operator, bare],
        }
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| | Job complete, s | Deployment available, s | ready, s |\n|---|---:|---:|---:|\n",
        );
        for figures in &self.ways {
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} |",
                figures.way.name(),
                figures.fitted_s.shown(),
                figures.available_s.shown(),
                figures.ready_s.shown()
            );
        }
        table
    }

    /// Both ways as a picture.
    pub(crate) fn chart(&self) -> Chart {
        let bars = self.ways.iter().map(|figures| Bar {
            label: figures.way.name().to_owned(),
            length: figures.ready_s.median,
            ours: figures.way == Way::Operator,
        });
        Chart {
            title: "Seconds from apply to ready (less is better)".to_owned(),
            bars: bars.collect(),
        }
    }
}

fn target(operator: &WayFigures, bare: &WayFigures) -> Target {
    Target::new(
        "time from apply to Ready with the operator / of a bare Job and Deployment",
        operator.ready_s.median / bare.ready_s.median,
        Bound::AtMost(MOST),
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(way: Way, ready_s: [f64; 3]) -> WayFigures {
        let times = ready_s.map(|ready_s| Times {
            fitted_s: 1.0,
            available_s: 2.0,
            ready_s,
        });
        WayFigures::of(way, &times)
    }

    #[test]
    fn the_medians_until_ready_are_compared() {
        let check = |operator, figure, met| {
            let (operator, bare) = (
                figures(Way::Operator, operator),
                figures(Way::Bare, [4.0, 3.0, 9.0]),
            );
            let target = target(&operator, &bare);
            assert_eq!((target.figure, target.met), (figure, met));
        };
        check([5.0, 1.0, 30.0], 1.25, true);
        check([6.0, 5.2, 1.0], 1.3, false);
    }
}
