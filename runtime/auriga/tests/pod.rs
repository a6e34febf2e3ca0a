//! The program as pods run it: told by its environment, asked at `/alive`, judged by what it leaves behind.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

#[path = "support/shared.rs"]
mod support;

mod pod {
    mod bench;

    mod config_maps;
    mod drain;
    mod fence;
    mod fit;
    mod forget;
    mod outcome;
    mod progress;
    mod secret;
    mod serve;
}
