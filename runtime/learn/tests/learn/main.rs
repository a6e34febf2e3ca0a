//! Tests of the crate through its public interface.

mod conformance;
mod files;
mod fit_errors;
mod fixtures;
mod golden;
mod metrics;
mod predictions;
mod properties;
mod reference;
