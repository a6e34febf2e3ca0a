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

mod activation;
mod check;
mod checked;
mod condition;
pub mod contract;
mod crd;
mod cross_validation;
mod dataset;
mod describe;
mod difference;
pub mod document;
mod estimator;
mod fault;
mod fit_hash;
mod model;
mod names;
mod persister;
mod pod;
mod rule;
mod scoring;
mod serving;
mod training;
mod training_job;
mod transformer;

pub use activation::{Activation, ActivationPolicy, DeletionPolicy};
pub use check::{check, check_model};
pub use checked::{
    Checked, CheckedClassWeight, CheckedDataset, CheckedEstimator, CheckedPlace, CheckedSource,
    CheckedSplitter, CheckedStep, CheckedTransformer,
};
pub use condition::{Condition, ConditionStatus, ConditionType, Reason, State, conditions, cut};
pub use crd::{all_crds, crds_yaml};
pub use cross_validation::{
    CrossValidation, GroupKFold, KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit,
    TimeSeriesSplit,
};
pub use dataset::{ColumnType, ConfigMapKey, Csv, Dataset, Source};
pub use describe::describe;
pub use difference::{Difference, differences};
pub use estimator::{
    Balanced, ClassCriterion, ClassWeight, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    FromTable, LinearRegression, LogisticRegression, MaxFeatures, MaxSamples, NumberCriterion,
    RandomForestClassifier, RandomForestRegressor, Ridge, TreeGrowth, Weight,
};
pub use fault::{Fault, Faults, Position};
pub use fit_hash::{edition_hash, fit_hash, fit_spec, serve_hash};
pub use model::{Candidate, LastFailure, MetricValue, Model, ModelSpec, ModelStatus, VersionSummary};
pub use names::{Digest, MODEL_NAME_MAX, ModelKey, ModelName, NameError, Namespace, VersionNumber};
pub use persister::{CaBundle, ClaimName, Persister};
pub use pod::{EnvironmentVariable, PodSettings, Resources, SecretName, Toleration, TolerationOperator};
pub use scoring::Scoring;
pub use serving::{EntryPoint, Parameter, ParameterType, PredictMethod, RequestParameter, Serving};
pub use training::{GoldenRequests, Training};
pub use training_job::{ModelReference, TrainingJob, TrainingJobSpec, TrainingJobStatus, TrainingResult};
pub use transformer::{
    FeatureRange, FillValue, HandleUnknown, ImputeStrategy, MinMaxScaler, OneHotEncoder, PolynomialFeatures,
    SimpleImputer, StandardScaler, Transformer,
};

/// The API group of all kinds.
pub const GROUP: &str = "auriga.dev";
/// The version of all kinds.
pub const VERSION: &str = "v1alpha1";
