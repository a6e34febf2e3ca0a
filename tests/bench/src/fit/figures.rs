//! What the fit bench found, and what it aims at.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{
    number::figure,
    report::chart::{Bar, Chart},
    run::Run,
    spread::Spread,
    target::{Bound, Target},
};

/// Everything the fit bench found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FitResult {
    bench: String,
    /// The circumstances.
    pub(crate) run: Run,
    /// How it was measured.
    pub(crate) settings: FitSettings,
    /// One per library and estimator.
    pub(crate) fits: Vec<FitFigures>,
    /// Those whose figures were measured.
    pub(crate) targets: Vec<Target>,
}

/// How fits were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FitSettings {
    /// Rounds that counted, after one that did not.
    pub(crate) rounds: u32,
    /// Threads of each library.
    pub(crate) threads: u32,
    /// Rows to fit.
    pub(crate) train_rows: usize,
    /// Rows to predict.
    pub(crate) test_rows: usize,
    /// Columns to learn from.
    pub(crate) features: usize,
    /// Values of the target.
    pub(crate) classes: usize,
    /// Rows to predict one by one.
    pub(crate) single_rows: u32,
}

/// One library with one estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FitFigures {
    /// Such as `scikit-learn`.
    pub(crate) library: String,
    /// Such as `logisticRegression`.
    pub(crate) estimator: String,
    /// Seconds of a fit.
    pub(crate) fit_s: Spread,
    /// Milliseconds of the prediction of all test rows at once.
    pub(crate) predict_ms: Spread,
    /// Microseconds of the prediction of one row.
    pub(crate) single_row_us: Spread,
    /// Share of the test rows that were predicted right.
    pub(crate) accuracy: f64,
    /// MiB in memory with the rows read and nothing fitted.
    pub(crate) before_mib: f64,
    /// MiB in memory at the most, in any round.
    pub(crate) peak_mib: f64,
}

/// Whose fits those of Auriga are compared with.
const PEER: &str = "scikit-learn";

impl FitResult {
    /// Its name, and that of its file.
    pub(crate) const BENCH: &'static str = "fit";

    /// Judges the figures.
    pub(crate) fn new(run: Run, settings: FitSettings, fits: Vec<FitFigures>) -> FitResult {
        let targets = targets(&fits);
        FitResult {
            bench: FitResult::BENCH.to_owned(),
            run,
            settings,
            fits,
            targets,
        }
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| estimator | library | fit, s | predict all, ms | predict one row, µs | accuracy | memory before and at most, MiB |\n\
             |---|---|---:|---:|---:|---:|---:|\n",
        );
        for fit in &self.fits {
            let memory = format!("{}, {}", figure(fit.before_mib), figure(fit.peak_mib));
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} | {} | {:.4} | {memory} |",
                fit.estimator,
                fit.library,
                fit.fit_s.shown(),
                fit.predict_ms.shown(),
                fit.single_row_us.shown(),
                fit.accuracy,
            );
        }
        table
    }

    /// Fit times as a picture.
    pub(crate) fn chart(&self) -> Chart {
        let bars = self.fits.iter().map(|fit| Bar {
            label: format!("{}, {}", fit.estimator, fit.library),
            length: fit.fit_s.median,
            ours: fit.library == "auriga",
        });
        Chart {
            title: "Seconds of a fit (less is better)".to_owned(),
            bars: bars.collect(),
        }
    }
}

fn targets(fits: &[FitFigures]) -> Vec<Target> {
    let mut targets = Vec::new();
    for ours in fits.iter().filter(|fit| fit.library == "auriga") {
        let name = &ours.estimator;
        let Some(theirs) = fits
            .iter()
            .find(|fit| fit.library == PEER && fit.estimator == *name)
        else {
            continue;
        };
        targets.push(Target::new(
            format!("{name}: fit time of {PEER} / of Auriga"),
            theirs.fit_s.median / ours.fit_s.median,
            Bound::AtLeast(1.0),
            "",
        ));
        targets.push(Target::new(
            format!("{name}: accuracy of Auriga - of {PEER}"),
            ours.accuracy - theirs.accuracy,
            Bound::AtLeast(-0.005),
            "",
        ));
        // One linear form per class leaves nothing to win but the way to it.
        if name == "randomForestClassifier" {
            targets.push(Target::new(
                format!("{name}: time of {PEER} / of Auriga to predict one row"),
                theirs.single_row_us.median / ours.single_row_us.median,
                Bound::AtLeast(100.0),
                "",
            ));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(library: &str, estimator: &str, fit_s: f64, accuracy: f64) -> FitFigures {
        FitFigures {
            library: library.to_owned(),
            estimator: estimator.to_owned(),
            fit_s: Spread::of([fit_s]),
            predict_ms: Spread::of([2.0]),
            single_row_us: Spread::of([fit_s * 1000.0]),
            accuracy,
            before_mib: 12.0,
            peak_mib: 34.0,
        }
    }

    #[test]
    fn targets_compare_the_same_estimator_of_both_libraries() {
        let fits = [
            fit("auriga", "logisticRegression", 0.05, 0.79),
            fit("scikit-learn", "logisticRegression", 0.1, 0.796),
            fit("auriga", "randomForestClassifier", 0.02, 0.94),
            fit("scikit-learn", "randomForestClassifier", 3.0, 0.944),
            fit("scikit-learn", "histGradientBoosting", 1.0, 0.95),
        ];
        let found: Vec<(f64, bool)> = targets(&fits)
            .iter()
            .map(|target| (target.figure, target.met))
            .collect();
        assert_eq!(
            found,
            [
                (2.0, true),
                (-0.006, false),
                (150.0, true),
                (-0.004, true),
                (150.0, true)
            ]
        );
    }

    #[test]
    fn an_estimator_that_was_not_compared_has_no_target() {
        assert!(targets(&[fit("auriga", "logisticRegression", 0.1, 0.8)]).is_empty());
    }
}
