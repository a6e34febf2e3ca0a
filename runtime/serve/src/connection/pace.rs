//! How long a client may take for what it is at: sending a head, waiting for an answer, pausing.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::Limits;

/// How long the client may still take for what it is at.
pub(super) struct Pace {
    started: Instant,
    /// Milliseconds after `started` when the connection is closed.
    deadline: AtomicU64,
    /// Whether the next byte begins a request.
    idle: AtomicBool,
    /// Whether any request came so far.
    used: AtomicBool,
    /// Whether a request was answered before its body was read to the end.
    left_body: AtomicBool,
    header_timeout: Duration,
    idle_timeout: Duration,
    request_timeout: Duration,
}

impl Pace {
    /// The client may take `header_timeout` for its first request's head.
    pub(super) fn new(limits: &Limits) -> Pace {
        let pace = Pace {
            started: Instant::now(),
            deadline: AtomicU64::new(0),
            idle: AtomicBool::new(false),
            used: AtomicBool::new(false),
            left_body: AtomicBool::new(false),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            // The route itself answers at its timeout; what comes on top is for a client that does not take the answer.
            request_timeout: limits.request_timeout + limits.header_timeout,
        };
        pace.allow(pace.header_timeout);
        pace
    }

    /// The client sent something.
    pub(super) fn bytes_came(&self) {
        if self.idle.swap(false, Ordering::Relaxed) {
            self.allow(self.header_timeout);
        }
    }

    /// A request's head is complete.
    pub(super) fn request_began(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.idle.store(false, Ordering::Relaxed);
        self.allow(self.request_timeout);
    }

    /// Whether any request came so far.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// A request's answer is ready to be written.
    pub(super) fn answered(&self) {
        self.idle.store(true, Ordering::Relaxed);
        self.allow(self.idle_timeout);
    }

    /// A request was answered without its body having been read to the end.
    pub(super) fn body_was_left(&self) {
        self.left_body.store(true, Ordering::Relaxed);
    }

    /// Whether closing at once could lose an answer.
    pub(super) fn has_left_body(&self) -> bool {
        self.left_body.load(Ordering::Relaxed)
    }

    fn allow(&self, timeout: Duration) {
        let deadline = self.started.elapsed() + timeout;
        self.deadline
            .store(deadline.as_millis() as u64, Ordering::Relaxed);
    }

    /// Ends when the deadline has passed. It moves with every request, so instead of setting a timer each time this
    /// looks again after the shortest of the timeouts: no deadline set in between can be earlier.
    pub(super) async fn too_slow(&self) {
        let shortest = self
            .header_timeout
            .min(self.idle_timeout)
            .min(self.request_timeout);
        loop {
            let deadline = self.started + Duration::from_millis(self.deadline.load(Ordering::Relaxed));
            let now = Instant::now();
            if now >= deadline {
                return;
            }
            // The timer counts in milliseconds; asking for less than one would spin.
            sleep_until(deadline.min(now + shortest.max(Duration::from_millis(1)))).await;
        }
    }
}
