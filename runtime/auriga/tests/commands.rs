//! What every command prints, as text and as JSON, and how it ends.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

#[path = "support/shared.rs"]
mod support;

mod commands {
    mod given;

    mod activate;
    mod cross_validation;
    mod curl;
    mod delete;
    mod diff;
    mod export;
    mod fit;
    mod help;
    mod lint;
    mod list;
    mod new;
    mod serve;
    mod stream;
    mod test;
    mod transformers;
    mod trees;
    mod up;
    mod version;
}
