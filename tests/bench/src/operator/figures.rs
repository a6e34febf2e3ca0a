//! What the bench of the operator found, and what it aims at.

use serde::{Deserialize, Serialize};

use crate::{
    run::Run,
    spread::Spread,
    target::{Bound, Target},
};

/// Everything the bench of the operator found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperatorResult {
    bench: String,
    /// The circumstances.
    pub(crate) run: Run,
    /// How it was measured.
    pub(crate) settings: OperatorSettings,
    /// Seconds from the apply of the Model to its readiness.
    pub(crate) operator_s: Spread,
    /// Seconds of the bare Job and the bare Deployment.
    pub(crate) bare_s: Spread,
    /// The ratio.
    pub(crate) targets: Vec<Target>,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperatorSettings {
    /// Rounds that counted, after one that did not.
    pub(crate) rounds: u32,
}

/// How much longer the operator may take: it also proves, activates and moves the traffic.
const MOST: f64 = 1.25;

impl OperatorResult {
    /// Its name, and that of its file.
    pub(crate) const BENCH: &'static str = "operator";

    /// Judges the seconds of all rounds.
    pub(crate) fn new(
        run: Run,
        settings: OperatorSettings,
        operator_s: &[f64],
        bare_s: &[f64],
    ) -> OperatorResult {
        let spread = |seconds: &[f64]| Spread::of(seconds.iter().copied());
        let (operator_s, bare_s) = (spread(operator_s), spread(bare_s));
        let what = "time from apply to Ready, relative to a bare Job and Deployment";
        let target = Target::new(what, operator_s.median / bare_s.median, Bound::Below(MOST), "");
        OperatorResult {
            bench: OperatorResult::BENCH.to_owned(),
            run,
            settings,
            operator_s,
            bare_s,
            targets: vec![target],
        }
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        format!(
            "| | from apply to ready, s |\n|---|---:|\n| a Model, by the operator | {} |\n| a bare Job, then a bare Deployment | {} |\n",
            self.operator_s.shown(),
            self.bare_s.shown()
        )
    }
}
