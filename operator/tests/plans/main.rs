//! Golden plans: what the operator decides in situations named by their tests, as YAML beside them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

/// That of the operator: stories copy what they look at, and spend half of their time here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod cluster;
#[allow(dead_code, unused_imports, reason = "each area uses its part of them")]
mod given;
mod golden;
mod model;
mod simulation;
mod training_job;
