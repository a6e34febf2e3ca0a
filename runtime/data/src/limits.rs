//! How much a load may read, how long it may take, and where it may connect to.

use std::time::Duration;

use crate::AddressPolicy;

/// Bounds of one load; whatever passes one of them is an error, never a cut table.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes read from the place; default 2 GiB.
    pub max_bytes: u64,
    /// Data rows; default 100 million.
    pub max_rows: u64,
    /// Columns of the file, also of those not used; default 100,000.
    pub max_columns: usize,
    /// Time to resolve a host's name and, again, to connect to it; default 10 s.
    pub connect: Duration,
    /// Time from a request until its answer begins, connecting included; default 60 s.
    pub first_byte: Duration,
    /// Longest silence within an answer; default 30 s.
    pub idle: Duration,
    /// Time for the whole load, redirects and parsing included; default 1 h.
    pub total: Duration,
    /// Which addresses may be connected to.
    pub addresses: AddressPolicy,
}

impl Limits {
    /// The defaults, with the one choice that has none.
    pub fn new(addresses: AddressPolicy) -> Limits {
        Limits {
            max_bytes: 2 << 30,
            max_rows: 100_000_000,
            max_columns: 100_000,
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(3600),
            addresses,
        }
    }
}

/// How far a load has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read and parsed.
    pub bytes: u64,
    /// Bytes in all; `None` if the place does not say. With `nrows` the load may end before.
    pub total: Option<u64>,
}
