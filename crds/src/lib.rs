//! The kinds of Auriga and the words that operator and pods share; no client, no async, no IO.

pub mod contract;
mod names;

pub use names::{Digest, ModelKey, ModelName, NameError, Namespace, VersionNumber};
