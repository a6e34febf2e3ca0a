//! What people and programs see: results on stdout, messages and progress on stderr.

use std::{
    fmt::Display,
    io::{ErrorKind, Write as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use auriga_crds::MetricValue;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::{
    failure::Failure,
    progress::{Phase, Progress},
};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document, or one a line where a command goes on.
    Json,
}

/// Where a command speaks.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    format: Format,
    goes_on: bool,
    /// Who else is told how far the work is.
    progress: Option<Arc<Progress>>,
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

impl Console {
    /// A console for a command that ends with one result, or that `goes_on` and tells one event after another.
    pub(crate) fn new(format: Format, goes_on: bool) -> Console {
        Console {
            format,
            goes_on,
            progress: None,
        }
    }

    /// The same, which tells `progress` as well how far the work is.
    pub(crate) fn telling(&self, progress: Arc<Progress>) -> Console {
        Console {
            progress: Some(progress),
            ..self.clone()
        }
    }

    /// Who is told how far the work is, beside people.
    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.progress.as_deref()
    }

    /// Tells the latest metrics, most important first, to those who ask for them while the work goes on.
    pub(crate) fn measured(&self, metrics: Vec<MetricValue>) {
        if let Some(progress) = self.progress() {
            progress.measured(metrics);
        }
    }

    /// Prints the result of a command.
    ///
    /// Errors: nobody could read it. That a reader has gone away, as `head` does, is none.
    pub(crate) fn result(&self, text: impl Display, json: Value) -> Result<(), Failure> {
        let mut out = anstream::stdout();
        let written = match self.format {
            Format::Text => writeln!(out, "{text}"),
            Format::Json => writeln!(out, "{json}"),
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::trouble(format!(
                "the result could not be printed: {error}"
            ))),
            _ => Ok(()),
        }
    }

    /// Tells what a command is doing; `event` is the word that programs look for.
    pub(crate) fn tell(&self, event: &str, text: impl Display, mut json: Value) {
        match self.format {
            Format::Text => say(format_args!("{GOOD}{event:>10}{GOOD:#} {text}")),
            // The one JSON document of a command that ends must not be preceded by others.
            Format::Json if !self.goes_on => {}
            Format::Json => {
                json["event"] = event.into();
                pass_on(&json);
            }
        }
    }

    /// Tells what went wrong where a command goes on nevertheless.
    pub(crate) fn warn(&self, failure: &Failure) {
        match self.format {
            Format::Text => say(format_args!(
                "{BAD}{:>10}{BAD:#} {}",
                "problem",
                indented(failure)
            )),
            Format::Json if !self.goes_on => say(failure.to_json()),
            Format::Json => {
                let mut json = failure.to_json();
                json["event"] = "problem".into();
                pass_on(&json);
            }
        }
    }

    /// Tells on stderr, also programs, where stdout holds nothing but the lines that a command makes.
    pub(crate) fn aside(&self, event: &str, text: impl Display, mut json: Value) {
        match self.format {
            Format::Text => self.tell(event, text, json),
            Format::Json => {
                json["event"] = event.into();
                say(json);
            }
        }
    }

    /// Asks the user at the terminal; the answer is read from the same line.
    pub(crate) fn ask(&self, question: &str) {
        let mut err = anstream::stderr();
        let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    }

    /// Prints why a command ends, and gives its exit code.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        match self.format {
            Format::Text => say(format_args!("{BAD}error{BAD:#}: {failure}")),
            Format::Json => say(failure.to_json()),
        }
        ExitCode::from(failure.exit_code())
    }

    /// A counter of rows on a terminal, for work of unknown length; nothing elsewhere.
    pub(crate) fn counter(&self, what: &'static str) -> ProgressBar {
        let bar = self.bar(what, Unit::Steps);
        bar.set_style(
            ProgressStyle::with_template("{prefix:>10.cyan.bold} {human_pos} rows, {per_sec}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar
    }

    /// A bar for a part of a fit.
    pub(crate) fn part(&self, phase: Phase, unit: Unit) -> Part {
        let what = match phase {
            Phase::Reading => "reading",
            Phase::Validating => "validating",
            Phase::Fitting => "fitting",
            Phase::Scoring => "scoring",
            Phase::Persisting => "persisting",
        };
        let part = Part {
            bar: self.bar(what, unit),
            phase,
            progress: self.progress.clone(),
        };
        if let Some(progress) = &part.progress {
            progress.reach(phase, 0, 1);
        }
        part
    }

    /// A bar on a terminal, nothing elsewhere. It shows up after a moment, so that short work leaves no trace.
    pub(crate) fn bar(&self, what: &'static str, unit: Unit) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if self.format == Format::Json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let count = match unit {
            Unit::Bytes => "{bytes}/{total_bytes}",
            Unit::Steps => "{pos}/{len}",
            Unit::Percent => "{percent}%",
        };
        let template = format!("{{prefix:>10.cyan.bold}} [{{bar:30}}] {count} {{eta}}");
        // A template that indicatif cannot read falls back to its own default.
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// A part of a fit, with its bar.
#[derive(Clone)]
pub(crate) struct Part {
    bar: ProgressBar,
    phase: Phase,
    progress: Option<Arc<Progress>>,
}

impl Part {
    /// So much of it is done.
    pub(crate) fn reach(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        if let Some(progress) = &self.progress {
            progress.reach(self.phase, done, total);
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// What a bar counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Bytes read.
    Bytes,
    /// Iterations, trees, versions and the like.
    Steps,
    /// Parts of a whole that nobody would count.
    Percent,
}

/// A line on stderr. Work must not end because nobody listens to what is said about it.
fn say(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// An event on stdout; as with [`say`], a server must not end with the reader of its events.
fn pass_on(event: &Value) {
    let _ = writeln!(std::io::stdout(), "{event}");
}

/// Further lines stand below the first one's text.
fn indented(failure: &Failure) -> String {
    failure.to_string().replace('\n', "\n           ")
}
