//! The turn of a Model: fit what it describes, prove the version, move the traffic, keep the history.

pub mod decide;
pub mod fits;
pub mod health;
pub mod rollout;
pub mod slots;
pub mod wish;
