//! The kinds of Auriga and the words that operator and pods share; no client, no async, no IO.
//!
//! ```text
//! YAML ── document::read ──► Document (value + line and column of every field)
//!                               │
//!                        check  │  walks the CRD's own schema and rules, reports all faults at once
//!                               ▼
//!                            Checked (unions are enums, names are newtypes)
//!                               │
//!                     fit_hash  ▼  what decides the fit, defaults left out
//!                          "v1-<sha256>"
//! ```

#![allow(
    unreachable_pub,
    reason = "KubeSchema's derive makes inner copies of public types"
)]

mod check;
mod checked;
mod condition;
pub mod contract;
mod crd;
mod dataset;
mod describe;
pub mod document;
mod estimator;
mod fault;
mod fit_hash;
mod model;
mod names;
mod persister;
mod rule;
mod serving;
mod training;
mod transformer;

pub use check::check;
pub use checked::{
    Checked, CheckedClassWeight, CheckedDataset, CheckedEstimator, CheckedPlace, CheckedSource, CheckedStep,
    CheckedTransformer,
};
pub use condition::{Condition, ConditionStatus};
pub use crd::{all_crds, crds_yaml};
pub use dataset::{ColumnType, ConfigMapKey, Csv, Dataset, Source};
pub use describe::describe;
pub use estimator::{
    Balanced, ClassCriterion, ClassWeight, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    FromTable, LinearRegression, LogisticRegression, MaxFeatures, MaxSamples, NumberCriterion,
    RandomForestClassifier, RandomForestRegressor, Ridge, TreeGrowth, Weight,
};
pub use fault::{Fault, Faults, Position};
pub use fit_hash::fit_hash;
pub use model::{
    Candidate, LastFailure, MetricValue, Model, ModelSpec, ModelStatus, PersisterAbilities, VersionSummary,
};
pub use names::{Digest, MODEL_NAME_MAX, ModelKey, ModelName, NameError, Namespace, VersionNumber};
pub use persister::Persister;
pub use serving::{EntryPoint, Parameter, ParameterType, Serving};
pub use training::{GoldenRequests, Scoring, Training};
pub use transformer::{
    FillValue, HandleUnknown, ImputeStrategy, OneHotEncoder, SimpleImputer, StandardScaler, Transformer,
};

/// The API group of all kinds.
pub const GROUP: &str = "auriga.dev";
/// The version of all kinds.
pub const VERSION: &str = "v1alpha1";
