//! Tests of the crate through its public interface.

// The lint's exception for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

mod conformance;
mod files;
mod fit_errors;
mod fixtures;
mod golden;
mod metrics;
mod predictions;
mod properties;
mod reference;
mod tree_files;
mod tree_reference;
mod trees;
