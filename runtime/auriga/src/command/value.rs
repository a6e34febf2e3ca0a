//! Reads the values of flags, and says what to write where one cannot be read.

use std::net::SocketAddr;

use auriga_crds::ModelKey;
use jiff::Timestamp;

/// Where to listen.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write an IP address and a port, such as 127.0.0.1:8080")
}

/// A bar for scores: NaN would be a bar that nothing passes.
pub(super) fn score(text: &str) -> Result<f64, &'static str> {
    let score = text.parse().ok().filter(|score: &f64| score.is_finite());
    score.ok_or("write a finite number, such as 0.9")
}

/// A moment.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "write a time with its zone, such as 2026-01-31T12:00:00Z")
}

/// A model: its name, with its namespace in front unless that is `default`.
pub(super) fn model(text: &str) -> Result<ModelKey, String> {
    let key = if text.contains('/') {
        text.parse()
    } else {
        format!("default/{text}").parse()
    };
    key.map_err(|error: auriga_crds::NameError| error.to_string())
}

/// Why something is done: a short line, since ledgers and lists carry it.
pub(super) fn reason(text: &str) -> Result<String, &'static str> {
    const LONGEST: usize = 253;
    if text.chars().any(char::is_control) {
        Err("write one line, without control characters")
    } else if text.chars().count() > LONGEST {
        Err("write at most 253 characters")
    } else {
        Ok(text.to_owned())
    }
}
