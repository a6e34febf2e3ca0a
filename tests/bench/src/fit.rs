//! Fits and predictions, beside other libraries in the same run.

mod contender;
pub(crate) mod figures;
pub(crate) mod worker;

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use self::{
    contender::{Contender, Data, Library},
    figures::{FitFigures, FitResult, FitSettings},
};
use crate::{
    conclusion::Conclusion,
    process::read,
    run::{Run, pinned_versions, second_word},
};

/// Measure fits and predictions beside scikit-learn, XGBoost and LightGBM
#[derive(Args)]
pub(crate) struct Fit {
    /// The interpreter of an environment with the other libraries
    #[arg(long, hide = true)]
    python: PathBuf,
    /// Rounds that count; one more goes before them
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=25))]
    rounds: u32,
    /// Threads of each library, on as many processors
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// Rows that are predicted one by one
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5000))]
    single_rows: u32,
    /// Measure these alone
    #[arg(long, value_name = "ESTIMATOR", num_args = 1.., conflicts_with = "save")]
    only: Vec<Kind>,
    #[command(flatten)]
    conclusion: Conclusion,
}

/// What is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// C 1, at most 200 iterations
    #[value(name = "logisticRegression")]
    LogisticRegression,
    /// 100 trees of any depth
    #[value(name = "randomForestClassifier")]
    RandomForestClassifier,
    /// 100 rounds, by the other libraries alone
    #[value(name = "gradientBoosting")]
    GradientBoosting,
}

/// The rows, as the project's recipe makes them.
const TRAIN_ROWS: usize = 15_000;
const TEST_ROWS: usize = 5_000;
const FEATURES: usize = 20;
const CLASSES: usize = 3;

impl Fit {
    /// Measures, round by round, so that what disturbs the machine for a while disturbs all alike.
    pub(crate) fn run(self) -> Result<()> {
        let run = Run::here(self.versions()?)?;
        ensure!(
            run.machine.cores >= self.threads as usize,
            "there are {} processors and --threads is {}; give no more threads than processors",
            run.machine.cores,
            self.threads
        );
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let file = folder.path().join("rows.csv");
        let mut make = Command::new(&self.python);
        make.arg("tests/bench/make_data.py").arg(&file);
        make.args([TRAIN_ROWS + TEST_ROWS, FEATURES, CLASSES].map(|number| number.to_string()));
        read("tests/bench/make_data.py", &mut make)?;
        let data = Data {
            file,
            train_rows: TRAIN_ROWS,
            threads: self.threads,
            single_rows: self.single_rows,
        };

        let mut fits = Vec::new();
        for kind in Kind::value_variants() {
            if self.only.is_empty() || self.only.contains(kind) {
                fits.extend(self.measured(*kind, &data)?);
            }
        }
        let settings = FitSettings {
            rounds: self.rounds,
            threads: self.threads,
            train_rows: TRAIN_ROWS,
            test_rows: TEST_ROWS,
            features: FEATURES,
            classes: CLASSES,
            single_rows: self.single_rows,
        };
        let result = FitResult::new(run, settings, fits);
        let (table, targets) = (result.table(), &result.targets);
        self.conclusion.draw(&result, FitResult::BENCH, &table, targets)
    }

    fn measured(&self, kind: Kind, data: &Data) -> Result<Vec<FitFigures>> {
        let mut contenders = Vec::new();
        for library in Library::of(kind) {
            contenders.push(Contender::start(*library, kind, data, &self.python)?);
        }
        for round in 0..=self.rounds {
            for contender in &mut contenders {
                let measured = contender.round()?;
                let (of, fit_s) = (contender.name(), measured.fit_s);
                if round == 0 {
                    eprintln!("warm-up  {of}: fit {fit_s:.3} s");
                } else {
                    eprintln!("{round:>3} of {}  {of}: fit {fit_s:.3} s", self.rounds);
                    contender.keep(measured);
                }
            }
        }
        contenders.iter().map(Contender::figures).collect()
    }

    fn versions(&self) -> Result<BTreeMap<String, String>> {
        let names = ["scikit-learn", "numpy", "scipy", "xgboost-cpu", "lightgbm"];
        let mut versions = pinned_versions("tests/bench/requirements/fit.txt".as_ref(), &names)?;
        let python = read("python", Command::new(&self.python).arg("--version"))?;
        versions.insert("python".to_owned(), second_word(&python).to_owned());
        Ok(versions)
    }
}

impl Kind {
    /// As in a manifest.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::LogisticRegression => "logisticRegression",
            Kind::RandomForestClassifier => "randomForestClassifier",
            Kind::GradientBoosting => "gradientBoosting",
        }
    }
}
