//! How far a fit has come, for `/alive`: one percentage that never falls, the time that is left, the latest metrics.

#[cfg(test)]
mod tests;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use auriga_crds::{MetricValue, Reason, contract::TrainerStatus};
use jiff::Timestamp;

/// A part of the work. They follow each other in this order; one that there is not is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Reading rows.
    Reading,
    /// Fitting and scoring parts of the rows.
    Validating,
    /// Fitting all rows.
    Fitting,
    /// Measuring the result.
    Scoring,
    /// Writing the version.
    Persisting,
}

/// Where learning begins and ends, in percent of the whole. How long reading and writing take in comparison is not known
/// beforehand; they get a little.
const LEARNING: (f64, f64) = (5.0, 95.0);

/// The most metrics that are told.
const MOST_METRICS: usize = 32;

/// Before so much time is gone, how long the rest will take is a guess.
const FIRST_ESTIMATE: Duration = Duration::from_secs(1);

/// How far one fit has come; shared between those who work and those who tell.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Fits on parts of the rows that come before the one on all of them.
    n_folds: u64,
    percent: f64,
    /// When the learning began.
    learning_since: Option<Instant>,
    metrics: Vec<MetricValue>,
    waiting_for: Option<(Reason, String)>,
    updated: Timestamp,
}

impl Progress {
    /// Nothing is done yet.
    pub(crate) fn new() -> Progress {
        Progress(Mutex::new(State {
            n_folds: 0,
            percent: 0.0,
            learning_since: None,
            metrics: Vec::new(),
            waiting_for: None,
            updated: Timestamp::now(),
        }))
    }

    /// How many fits on parts of the rows there are before the one on all of them.
    pub(crate) fn expect_folds(&self, n_folds: usize) {
        self.state().n_folds = n_folds as u64;
    }

    /// So much of a part is done.
    pub(crate) fn reach(&self, phase: Phase, done: u64, total: u64) {
        self.reach_at(Instant::now(), phase, done, total);
    }

    fn reach_at(&self, now: Instant, phase: Phase, done: u64, total: u64) {
        let mut state = self.state();
        if phase > Phase::Reading {
            state.learning_since.get_or_insert(now);
        }
        let share = match total {
            0 => 0.0,
            total => (done as f64 / total as f64).clamp(0.0, 1.0),
        };
        let percent = state.percent_at(phase, share);
        // A part may count anew, as a file does that is read twice.
        if percent > state.percent {
            state.percent = percent;
        }
        state.updated = Timestamp::now();
    }

    /// The latest metrics, most important first.
    pub(crate) fn measured(&self, metrics: Vec<MetricValue>) {
        let mut state = self.state();
        state.metrics = metrics;
        state.metrics.truncate(MOST_METRICS);
        state.updated = Timestamp::now();
    }

    /// What the work waits for, in one word and in many.
    pub(crate) fn wait_for(&self, reason: Reason, what: String) {
        let mut state = self.state();
        state.waiting_for = Some((reason, what));
        state.updated = Timestamp::now();
    }

    /// The work waits no longer.
    pub(crate) fn go_on(&self) {
        let mut state = self.state();
        if state.waiting_for.take().is_some() {
            state.updated = Timestamp::now();
        }
    }

    /// What the work waits for, in one word and in many.
    pub(crate) fn waiting_for(&self) -> Option<(Reason, String)> {
        self.state().waiting_for.clone()
    }

    /// What `/alive` says.
    pub(crate) fn status(&self) -> TrainerStatus {
        self.status_at(Instant::now())
    }

    fn status_at(&self, now: Instant) -> TrainerStatus {
        let state = self.state();
        TrainerStatus {
            progress_percentage: Some(state.percent as i32),
            estimated_remaining_seconds: state.remaining(now),
            metrics: state.metrics.clone(),
            last_updated_time: state.updated.to_string(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Progress that is lost must not cost a fit: whatever a panic left behind is good enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn percent_at(&self, phase: Phase, share: f64) -> f64 {
        let (begin, end) = LEARNING;
        let fits = self.n_folds as f64 + 1.0;
        let learned = |n_fits: f64| begin + (end - begin) * n_fits / fits;
        match phase {
            Phase::Reading => begin * share,
            Phase::Validating => learned(self.n_folds as f64 * share),
            Phase::Fitting => learned(self.n_folds as f64 + share),
            Phase::Scoring => end + 2.0 * share,
            Phase::Persisting => 97.0 + 2.0 * share,
        }
    }

    /// Seconds that are left, if the rest goes on as the learning did.
    fn remaining(&self, now: Instant) -> Option<i32> {
        let (begin, _) = LEARNING;
        let gone = now.saturating_duration_since(self.learning_since?);
        let learned = self.percent - begin;
        if gone < FIRST_ESTIMATE || learned <= 0.0 || self.waiting_for.is_some() {
            return None;
        }
        let left = gone.as_secs_f64() * (100.0 - self.percent) / learned;
        Some(left.ceil().min(f64::from(i32::MAX)) as i32)
    }
}
