//! How a caller watches and stops a long computation.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{FitError, size::BYTES_MAX};

/// How far a computation has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Units of work done, such as iterations or trees.
    pub done: u64,
    /// Units in all; an upper bound where a computation may stop early.
    pub total: u64,
}

/// A progress callback and a cancel flag, lent to a computation, and how much memory it may take.
pub struct Control<'a> {
    progress: &'a (dyn Fn(Progress) + Sync),
    cancelled: &'a AtomicBool,
    memory: u64,
}

impl<'a> Control<'a> {
    /// Reports to `progress`; stops soon after `cancelled` becomes true: at the next iteration of an iterative fit, at
    /// the next stage of a least squares fit, of which one decomposition is the longest, at the next column of a node of
    /// a tree, or at the next step.
    pub fn new(progress: &'a (dyn Fn(Progress) + Sync), cancelled: &'a AtomicBool) -> Control<'a> {
        Control {
            progress,
            cancelled,
            memory: BYTES_MAX,
        }
    }

    /// Lets one matrix, or the trees of a fit with the work on them, take at most so many bytes, and never more than
    /// 4 GiB: what would take more is refused before it begins.
    pub fn within(self, bytes: u64) -> Control<'a> {
        Control {
            memory: bytes.min(BYTES_MAX),
            ..self
        }
    }

    /// Reports nothing and never stops.
    pub fn none() -> Control<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Control {
            progress: &|_| {},
            cancelled: &NEVER,
            memory: BYTES_MAX,
        }
    }

    /// The same cancel flag and memory with another progress callback, for one part of a longer work.
    pub(crate) fn reporting_to<'b>(&'b self, progress: &'b (dyn Fn(Progress) + Sync)) -> Control<'b> {
        Control {
            progress,
            cancelled: self.cancelled,
            memory: self.memory,
        }
    }

    /// The most bytes of one matrix, or of the trees of a fit with the work on them.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// Tells the caller how far the work has come.
    pub fn report(&self, done: u64, total: u64) {
        (self.progress)(Progress { done, total });
    }

    /// Tells the caller how far the work has come, and stops it if the caller wants that.
    ///
    /// Errors: `Cancelled`.
    pub(crate) fn reach(&self, done: u64, total: u64) -> Result<(), FitError> {
        self.report(done, total);
        match self.is_cancelled() {
            true => Err(FitError::Cancelled),
            false => Ok(()),
        }
    }

    /// Whether the caller wants the work to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
