//! The Kubernetes operator of Auriga.
//!
//! ```text
//! a change ──► observe ──► decide ──► apply ──► status ──► events
//!              reads all   a Plan     the only   once, last,
//!              at once     of data    writer     if it differs
//! ```
//!
//! One loop for every kind. `decide` and `build` are pure: no clock, no client, nothing that waits. A Model's plan makes
//! TrainingJobs, Deployments and a Service; a TrainingJob's plan makes a ConfigMap and a batch Job.

pub mod alive;
pub mod apply;
pub mod build;
pub mod cache;
pub mod caches;
mod call;
pub mod clock;
mod complaint;
pub mod context;
pub mod controller;
pub mod deadline;
mod ended;
pub mod error;
pub mod events;
pub mod health;
pub mod kept;
pub mod kind;
pub mod labels;
pub mod lease;
pub mod listing;
pub mod metrics;
pub mod model;
pub mod names;
pub mod patience;
pub mod plan;
pub mod planted;
pub mod runnable;
pub mod seen;
pub mod settings;
pub mod start;
pub mod term;
pub mod texts;
pub mod time;
pub mod training_job;
pub mod triggers;
pub mod trouble;
pub mod unstarted;
pub mod watch;
mod works_for;
