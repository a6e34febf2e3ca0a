//! One library with one estimator: a process that fits whenever it is told to.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{Kind, figures::FitFigures};
use crate::{
    memory,
    number::significant,
    process::{Process, pinned},
    spread::Spread,
};

/// Rows, and how they are used.
pub(crate) struct Data {
    /// A CSV file with a header, the target last.
    pub(crate) file: PathBuf,
    /// That many rows are fitted, all others predicted.
    pub(crate) train_rows: usize,
    /// Threads, on as many processors.
    pub(crate) threads: u32,
    /// Rows that are predicted one by one.
    pub(crate) single_rows: u32,
}

/// Who fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// This project.
    Auriga,
    /// As `fit_peer.py` calls it: library and estimator.
    Other(&'static str, &'static str),
}

/// What one round took, in seconds, and how good it was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The fit.
    pub(crate) fit_s: f64,
    /// The prediction of all test rows at once.
    pub(crate) predict_s: f64,
    /// The median of the predictions of single rows.
    pub(crate) single_row_s: f64,
    /// Share of the test rows that were predicted right.
    pub(crate) accuracy: f64,
}

/// A library at work.
pub(crate) struct Contender {
    library: &'static str,
    estimator: &'static str,
    process: Process,
    asks: ChildStdin,
    answers: Receiver<String>,
    before_mib: f64,
    kept: Vec<Measured>,
}

/// For one answer; a forest takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

impl Library {
    /// Those that have this estimator, this project first.
    pub(crate) fn of(kind: Kind) -> &'static [Library] {
        use Library::{Auriga, Other};
        match kind {
            Kind::LogisticRegression => &[Auriga, Other("scikit-learn", "logisticRegression")],
            Kind::RandomForestClassifier => &[Auriga, Other("scikit-learn", "randomForestClassifier")],
            Kind::GradientBoosting => &[
                Other("scikit-learn", "histGradientBoosting"),
                Other("xgboost", "gradientBoosting"),
                Other("lightgbm", "gradientBoosting"),
            ],
        }
    }
}

impl Contender {
    /// Starts it and waits until it has read the rows.
    pub(crate) fn start(library: Library, kind: Kind, data: &Data, python: &Path) -> Result<Contender> {
        let cpus: Vec<String> = (0..data.threads).map(|cpu| cpu.to_string()).collect();
        let cpus = cpus.join(",");
        let (name, estimator, mut command) = match library {
            Library::Auriga => {
                let here = env::current_exe().context("cannot find this program")?;
                let mut command = pinned(&cpus, &here);
                command.arg("fit-worker");
                command.env("RAYON_NUM_THREADS", data.threads.to_string());
                ("auriga", kind.name(), command)
            }
            Library::Other(name, estimator) => {
                let mut command = pinned(&cpus, python);
                command.arg("tests/bench/fit_peer.py");
                for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
                    command.env(variable, data.threads.to_string());
                }
                (name, estimator, command)
            }
        };
        command.arg(&data.file).arg(data.train_rows.to_string());
        match library {
            Library::Auriga => command.arg(estimator),
            Library::Other(..) => command
                .arg(format!("{name}/{estimator}"))
                .arg(data.threads.to_string()),
        };
        command.arg(data.single_rows.to_string());
        let mut process = Process::start(name, command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let asks = process.child().stdin.take().expect("it was piped above");
        let says = process.child().stdout.take().expect("it was piped above");
        let (sender, answers) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(says).lines().map_while(Result::ok);
            // Nobody listens any more once the contender is gone.
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let mut contender = Contender {
            library: name,
            estimator,
            process,
            asks,
            answers,
            before_mib: 0.0,
            kept: Vec::new(),
        };
        contender.answer()?;
        contender.before_mib = memory::resident(contender.process.id())?;
        Ok(contender)
    }

    /// What is measured, for messages.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.library, self.estimator)
    }

    /// One fit with its predictions.
    pub(crate) fn round(&mut self) -> Result<Measured> {
        // If it cannot listen, waiting for its answer tells why.
        let _ = self.asks.write_all(b"round\n");
        let line = self.answer()?;
        serde_json::from_str(&line).with_context(|| format!("{} answered no figures", self.name()))
    }

    /// Counts a round.
    pub(crate) fn keep(&mut self, measured: Measured) {
        self.kept.push(measured);
    }

    /// What the rounds that count came to; at least one.
    pub(crate) fn figures(&self) -> Result<FitFigures> {
        let spread = |figure: fn(&Measured) -> f64, unit: f64| {
            Spread::of(self.kept.iter().map(|one| figure(one) * unit))
        };
        Ok(FitFigures {
            library: self.library.to_owned(),
            estimator: self.estimator.to_owned(),
            fit_s: spread(|one| one.fit_s, 1.0),
            predict_ms: spread(|one| one.predict_s, 1e3),
            single_row_us: spread(|one| one.single_row_s, 1e6),
            accuracy: spread(|one| one.accuracy, 1.0).median,
            before_mib: significant(self.before_mib, 4),
            // Linux brings the highest up to date in steps, and may tell less of it than was there before.
            peak_mib: significant(memory::peak(self.process.id())?.max(self.before_mib), 4),
        })
    }

    fn answer(&mut self) -> Result<String> {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{} did not answer within {} s", self.name(), PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => bail!("{} ended before its time", self.name()),
        }
    }
}
