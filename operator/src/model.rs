//! The turn of a Model: fit what it describes, prove the version, move the traffic, keep the history.

pub mod decide;
mod observe;
