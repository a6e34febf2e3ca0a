//! Golden plans: what the operator decides in situations named by their tests, as YAML beside them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

mod cluster;
#[allow(dead_code, unused_imports, reason = "each area uses its part of them")]
mod given;
mod golden;
mod model;
mod simulation;
mod training_job;
