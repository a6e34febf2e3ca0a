//! Estimators, transformers, metrics and the model container: pure computing on tables.
//!
//! Nothing here opens a file or a socket, waits, reads a clock or knows Kubernetes. A [`Steps`] (hyperparameters)
//! becomes a [`Fitted`] (learned numbers) only by [`Steps::fit`]; a `Fitted` becomes bytes and comes back from them
//! bit for bit.

mod control;
mod error;
mod fitted;
mod golden;
mod signature;
mod steps;
mod table;

pub use control::{Control, Progress};
pub use error::{FitError, LoadError, PredictError, TableError};
pub use fitted::Fitted;
pub use golden::{GoldenCell, GoldenMismatch, GoldenRequests};
pub use signature::{Field, Signature, Task};
pub use steps::{Step, Steps};
pub use table::{Cell, Column, ColumnKind, Table};
