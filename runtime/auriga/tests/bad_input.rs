//! What users get wrong and what breaks around them: every case with its whole message and its exit code or status.

#[path = "support/shared.rs"]
mod support;

mod bad_input {
    mod given;

    mod addresses;
    mod commands;
    mod data;
    mod entry_points;
    mod manifests;
    mod requests;
    mod stores;
    mod training;
    mod transformers;
}
