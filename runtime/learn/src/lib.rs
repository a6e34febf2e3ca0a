//! Estimators, transformers, metrics and the model container: pure computing on tables.
//!
//! Nothing here opens a file or a socket, waits, reads a clock or knows Kubernetes. A [`Steps`] (hyperparameters)
//! becomes a [`Fitted`] (learned numbers) only by [`Steps::fit`]; a `Fitted` becomes bytes and comes back from them
//! bit for bit.
//!
//! ```text
//! Table ─┬─> Step ─> Step ─> … ─> Estimator      Steps: what a user chooses
//!        │  fit│     fit│            fit│
//!        └─> FittedStep ─> … ─> FittedEstimator   Fitted: what is stored, served and replayed
//! ```
//!
//! ```
//! use auriga_learn::*;
//!
//! let features = Table::new(vec![("size".to_owned(), Column::Number(vec![50.0, 80.0, 110.0]))])?;
//! let rent = Column::Number(vec![700.0, 1000.0, 1300.0]);
//! let scale = Step {
//!     name: "scale".to_owned(),
//!     columns: None,
//!     transformer: Transformer::StandardScaler(StandardScaler::default()),
//! };
//! let steps = Steps {
//!     transformers: vec![scale],
//!     estimator: Estimator::LinearRegression(LinearRegression::default()),
//! };
//! let fitted = steps.fit(&features, ("rent", &rent), &Control::none())?;
//! let loaded = Fitted::from_bytes(&fitted.to_bytes())?;
//! assert_eq!(loaded, fitted);
//! assert_eq!(Metric::R2.score(&loaded, &features, &rent)?, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod container;
mod control;
mod cross_validation;
mod distinct;
mod error;
mod estimator;
mod fitted;
mod golden;
mod lbfgs;
mod matrix;
mod metric;
mod near;
mod predict_options;
mod random;
mod signature;
mod size;
mod splitter;
mod steps;
mod table;
mod target;
mod transformer;
mod wording;

pub use column::{Cell, Column, ColumnKind};
pub use container::envelope::FORMAT_VERSION;
pub use control::{Control, Progress};
pub use cross_validation::{
    Average, CrossValidation, CrossValidationError, Fold, FoldFault, PARTS_PER_FOLD, cross_validate,
};
pub use error::{FitError, LoadError, PredictError, TableError};
pub use estimator::{
    ClassCriterion, ClassWeight, Convergence, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    FittedClassTrees, FittedEstimator, FittedLinearRegression, FittedLogisticRegression, FittedNumberTrees,
    FittedRidge, LinearRegression, LogisticRegression, MaxFeatures, MaxSamples, NumberCriterion,
    RandomForestClassifier, RandomForestRegressor, Ridge, TreeGrowth, TreeNode,
};
pub use fitted::Fitted;
pub use golden::{GoldenCell, GoldenMismatch, GoldenRequests};
pub use metric::{Metric, MetricNameError, Predicted, ScoreError};
pub use near::near;
pub use predict_options::{ParameterError, PredictOptions, PredictParameter};
pub use signature::{Field, Signature, Task};
pub use size::BYTES_MAX;
pub use splitter::{
    GroupKFold, KFold, RareClass, ShuffleSplit, Split, SplitError, Splits, Splitter, StratifiedKFold,
    StratifiedShuffleSplit, TimeSeriesSplit,
};
pub use steps::{Step, Steps};
pub use table::{Table, TableBuilder};
pub use transformer::{
    Categories, Fill, FittedMinMaxScaler, FittedOneHotEncoder, FittedPolynomialFeatures, FittedSimpleImputer,
    FittedStandardScaler, FittedTransformer, HandleUnknown, ImputeStrategy, MinMaxScaler, OneHotEncoder,
    PolynomialFeatures, SimpleImputer, StandardScaler, Transformer,
};
