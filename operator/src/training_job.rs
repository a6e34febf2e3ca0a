//! The turn of a TrainingJob: one batch Job, and a record of what came of it.

pub mod decide;
mod observe;
