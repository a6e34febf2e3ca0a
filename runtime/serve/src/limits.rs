//! How much of everything the front lets a client have.

use std::time::Duration;

/// Bounds on time, memory and parallelism; each protects the process from its clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// From the first byte of a request to the end of its head; then the connection is closed. Default 10 s.
    pub header_timeout: Duration,
    /// How long a connection may lie between two requests. Default 60 s.
    pub idle_timeout: Duration,
    /// From the end of a request's head to its answer; then 408 while the body is awaited, 503 while the model
    /// computes. Default 30 s.
    pub request_timeout: Duration,
    /// Open connections; further ones wait in the listener's backlog. At least 1. Default 4,096: more than the slow
    /// clients that a small attack brings, so that a good client still gets in beside them.
    pub max_connections: u32,
    /// Predict requests that compute at the same time; one more is refused with 503 and `Retry-After`. At least 1.
    /// Default 256.
    pub max_in_flight: u32,
    /// Listings of the store that run at the same time; one more is refused with 503 and `Retry-After`. At least 1.
    /// Default 4: each holds the manifests of all versions in memory, golden requests included.
    pub max_listings: u32,
    /// Versions that `/list` shows, the newest ones. Default 100.
    pub max_listed_versions: usize,
    /// Bytes of one request's body. Default 2 MiB.
    pub max_body_bytes: usize,
    /// Bytes of all bodies being read or decoded at the same time; a request that does not fit is refused with 503.
    /// Never less than `max_body_bytes`. Default 16 MiB, which take at most twice as much memory while they grow.
    pub max_buffered_bytes: usize,
    /// Rows of one request. Default 10,000.
    pub max_rows: usize,
    /// How long the listener still accepts after the shutdown began and `/alive` turned 503, so that load balancers
    /// learn of it first. Default 0, right for a laptop.
    pub drain_delay: Duration,
    /// How long requests in flight may take to finish after the listener closed. Default 20 s, below the 30 s that
    /// Kubernetes waits before it kills.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            max_connections: 4096,
            max_in_flight: 256,
            max_listings: 4,
            max_listed_versions: 100,
            max_body_bytes: 2 << 20,
            max_buffered_bytes: 16 << 20,
            max_rows: 10_000,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
