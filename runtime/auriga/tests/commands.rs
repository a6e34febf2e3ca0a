//! What every command prints, as text and as JSON, and how it ends.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

mod support;

mod commands {
    mod given;

    mod curl;
    mod fit;
    mod help;
    mod lint;
    mod list;
    mod serve;
    mod trees;
    mod up;
    mod version;
}
