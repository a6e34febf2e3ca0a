//! Estimators, transformers, metrics and the model container: pure computing on tables.
//!
//! Nothing here opens a file or a socket, waits, reads a clock or knows Kubernetes. A [`Steps`] (hyperparameters)
//! becomes a [`Fitted`] (learned numbers) only by [`Steps::fit`]; a `Fitted` becomes bytes and comes back from them
//! bit for bit.

mod column;
mod container;
mod control;
mod error;
mod estimator;
mod fitted;
mod golden;
mod lbfgs;
mod matrix;
mod metric;
mod near;
mod signature;
mod steps;
mod table;
mod target;
mod transformer;

pub use column::{Cell, Column, ColumnKind};
pub use container::envelope::FORMAT_VERSION;
pub use control::{Control, Progress};
pub use error::{FitError, LoadError, PredictError, TableError};
pub use estimator::{
    ClassWeight, Convergence, Estimator, FittedEstimator, FittedLinearRegression, FittedLogisticRegression,
    FittedRidge, LinearRegression, LogisticRegression, Ridge,
};
pub use fitted::Fitted;
pub use golden::{GoldenCell, GoldenMismatch, GoldenRequests};
pub use metric::{Metric, MetricNameError, ScoreError};
pub use signature::{Field, Signature, Task};
pub use steps::{Step, Steps};
pub use table::{Table, TableBuilder};
pub use transformer::{
    Categories, Fill, FittedOneHotEncoder, FittedSimpleImputer, FittedStandardScaler, FittedTransformer,
    HandleUnknown, ImputeStrategy, OneHotEncoder, SimpleImputer, StandardScaler, Transformer,
};
