//! The operator on a real cluster, from the first manifest to the last deletion.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accepts;
mod bad_input;
mod history;
mod journey;
mod postgres;
mod rights;
mod rules;
mod serving;
mod status;
mod whole;
