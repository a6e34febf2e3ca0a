//! The turn of a Model: fit what it describes, prove the version, move the traffic, keep the history.

mod arrival;
pub mod cleanup;
pub mod decide;
pub mod fence;
pub mod fits;
pub mod health;
mod judge;
mod observe;
pub mod rollout;
pub mod slots;
pub mod stage;
mod standing;
mod states;
mod status;
pub mod story;
pub mod traffic;
mod versions;
pub mod wish;
mod work;
