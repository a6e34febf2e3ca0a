//! The turn of a TrainingJob: one batch Job, and a record of what came of it.

mod begin;
pub mod decide;
mod ending;
mod fixed;
mod follow;
mod look;
mod observe;
mod progress;
mod runs;
mod stand;
