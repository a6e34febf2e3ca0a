//! How a caller watches and stops a long computation.

use std::sync::atomic::{AtomicBool, Ordering};

/// How far a computation has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Units of work done, such as iterations or trees.
    pub done: u64,
    /// Units in all; an upper bound where a computation may stop early.
    pub total: u64,
}

/// A progress callback and a cancel flag, lent to a computation.
pub struct Control<'a> {
    progress: &'a (dyn Fn(Progress) + Sync),
    cancelled: &'a AtomicBool,
}

impl<'a> Control<'a> {
    /// Reports to `progress`; stops soon after `cancelled` becomes true.
    pub fn new(progress: &'a (dyn Fn(Progress) + Sync), cancelled: &'a AtomicBool) -> Control<'a> {
        Control { progress, cancelled }
    }

    /// Reports nothing and never stops.
    pub fn none() -> Control<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Control {
            progress: &|_| {},
            cancelled: &NEVER,
        }
    }

    /// Tells the caller how far the work has come.
    pub fn report(&self, done: u64, total: u64) {
        (self.progress)(Progress { done, total });
    }

    /// Whether the caller wants the work to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
