//! A Model after [`crate::check`]: unions are enums, names are newtypes, nothing is left to be doubted.

use serde_json::{Map, Value};

use crate::{
    ClassWeight, ConfigMapKey, CrossValidation, Csv, DecisionTreeClassifier, DecisionTreeRegressor, Fault,
    GroupKFold, KFold, LinearRegression, LogisticRegression, MinMaxScaler, Model, ModelKey, OneHotEncoder,
    PolynomialFeatures, RandomForestClassifier, RandomForestRegressor, Ridge, Serving, ShuffleSplit,
    SimpleImputer, Source, StandardScaler, StratifiedKFold, StratifiedShuffleSplit, TimeSeriesSplit,
    Training, Transformer, Weight, fit_hash,
};

/// A Model that obeys every rule of its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Namespace (`default` unless written) and name.
    pub key: ModelKey,
    /// Where the rows come from.
    pub dataset: CheckedDataset,
    /// Steps before the estimator.
    pub transformers: Vec<CheckedStep>,
    /// The estimator.
    pub estimator: CheckedEstimator,
    /// How the fit is judged.
    pub training: Training,
    /// How the rows are split for a cross-validation; `None`: there is none.
    pub cross_validation: Option<CheckedSplitter>,
    /// The store's address, if one is written.
    pub persister_uri: Option<String>,
    /// How versions are served.
    pub serving: Serving,
    /// How many versions are kept.
    pub history_limit: usize,
    /// All that the spec says, but for what its defaults say: see [`crate::fit_hash`].
    pub(crate) chosen: Map<String, Value>,
}

/// Rows to learn from, rows to score on, features and target.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedDataset {
    /// The rows to learn from.
    pub train: CheckedSource,
    /// The rows to score on.
    pub test: Option<CheckedSource>,
    /// The columns to predict from; `None`: all but the target.
    pub features: Option<Vec<String>>,
    /// The column to predict.
    pub target: String,
}

/// A table's format, with its place.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedSource {
    /// Separated text: where it is, and how to read it.
    Csv(CheckedPlace, Csv),
}

/// Where a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedPlace {
    /// In a file.
    Path(String),
    /// Behind an address.
    Url(String),
    /// In a ConfigMap.
    ConfigMap(ConfigMapKey),
    /// In the manifest.
    Inline(String),
}

/// A named transformer and its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedStep {
    /// Unique among the steps.
    pub name: String,
    /// The columns it takes; `None`: all that it can take.
    pub columns: Option<Vec<String>>,
    /// What it does.
    pub transformer: CheckedTransformer,
}

/// The transformer of one step.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedTransformer {
    /// See [`StandardScaler`].
    StandardScaler(StandardScaler),
    /// See [`MinMaxScaler`].
    MinMaxScaler(MinMaxScaler),
    /// See [`PolynomialFeatures`].
    PolynomialFeatures(PolynomialFeatures),
    /// See [`SimpleImputer`].
    SimpleImputer(SimpleImputer),
    /// See [`OneHotEncoder`].
    OneHotEncoder(OneHotEncoder),
}

/// The estimator.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedEstimator {
    /// See [`LogisticRegression`]; its class weights are resolved beside it.
    LogisticRegression(LogisticRegression, CheckedClassWeight),
    /// See [`LinearRegression`].
    LinearRegression(LinearRegression),
    /// See [`Ridge`].
    Ridge(Ridge),
    /// See [`DecisionTreeClassifier`]; its class weights are resolved beside it.
    DecisionTreeClassifier(DecisionTreeClassifier, CheckedClassWeight),
    /// See [`DecisionTreeRegressor`].
    DecisionTreeRegressor(DecisionTreeRegressor),
    /// See [`RandomForestClassifier`]; its class weights are resolved beside it.
    RandomForestClassifier(RandomForestClassifier, CheckedClassWeight),
    /// See [`RandomForestRegressor`].
    RandomForestRegressor(RandomForestRegressor),
}

/// A way to split rows.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedSplitter {
    /// See [`KFold`].
    KFold(KFold),
    /// See [`StratifiedKFold`].
    StratifiedKFold(StratifiedKFold),
    /// See [`ShuffleSplit`].
    ShuffleSplit(ShuffleSplit),
    /// See [`StratifiedShuffleSplit`].
    StratifiedShuffleSplit(StratifiedShuffleSplit),
    /// See [`GroupKFold`].
    GroupKFold(GroupKFold),
    /// See [`TimeSeriesSplit`].
    TimeSeriesSplit(TimeSeriesSplit),
}

/// How much each class counts.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedClassWeight {
    /// All the same.
    Equal,
    /// By their frequency.
    Balanced,
    /// As listed.
    Weights(Vec<Weight>),
}

impl Checked {
    /// The ConfigMap keys that the dataset names, each with the path of the field that names it.
    pub fn config_maps(&self) -> impl Iterator<Item = (String, &ConfigMapKey)> {
        let sources = [
            ("train", Some(&self.dataset.train)),
            ("test", self.dataset.test.as_ref()),
        ];
        sources.into_iter().filter_map(|(part, source)| match source? {
            CheckedSource::Csv(CheckedPlace::ConfigMap(key), _) => {
                Some((format!("spec.dataset.{part}.csv.configMap"), key))
            }
            CheckedSource::Csv(..) => None,
        })
    }

    /// `written`: the spec of `model` as a value.
    pub(crate) fn of(model: Model, written: Value) -> Result<Checked, Fault> {
        let spec = model.spec;
        let name = model.metadata.name.unwrap_or_default();
        let namespace = model.metadata.namespace.unwrap_or_else(|| "default".to_owned());
        let at = Fault::nowhere;
        Ok(Checked {
            key: ModelKey {
                namespace: namespace
                    .parse()
                    .map_err(|error| at("metadata.namespace", format!("{error}")))?,
                model: name
                    .parse()
                    .map_err(|error| at("metadata.name", format!("{error}")))?,
            },
            dataset: CheckedDataset {
                train: source(spec.dataset.train).ok_or_else(|| at("spec.dataset.train", ONE.to_owned()))?,
                test: match spec.dataset.test {
                    Some(test) => Some(source(test).ok_or_else(|| at("spec.dataset.test", ONE.to_owned()))?),
                    None => None,
                },
                features: spec.dataset.features,
                target: spec.dataset.target,
            },
            transformers: (spec.transformers.into_iter().map(step).collect::<Option<_>>())
                .ok_or_else(|| at("spec.transformers", ONE.to_owned()))?,
            estimator: estimator(spec.estimator).ok_or_else(|| at("spec.estimator", ONE.to_owned()))?,
            cross_validation: match &spec.training.cross_validation {
                Some(split) => {
                    let splitter = splitter(split.clone());
                    Some(splitter.ok_or_else(|| at("spec.training.crossValidation", ONE.to_owned()))?)
                }
                None => None,
            },
            training: spec.training,
            persister_uri: spec.persister.map(|persister| persister.uri),
            serving: spec.serving,
            // The schema lets no negative number pass.
            history_limit: usize::try_from(spec.history_limit).unwrap_or(usize::MAX),
            chosen: fit_hash::chosen_fields(written),
        })
    }
}

/// Never seen by a user: the rules on the unions speak first, and name the members.
const ONE: &str = "choose exactly one member";

fn source(source: Source) -> Option<CheckedSource> {
    let csv = source.csv?;
    let place = match &csv {
        Csv { path: Some(path), .. } => CheckedPlace::Path(path.clone()),
        Csv { url: Some(url), .. } => CheckedPlace::Url(url.clone()),
        Csv {
            config_map: Some(key),
            ..
        } => CheckedPlace::ConfigMap(key.clone()),
        Csv {
            inline: Some(text), ..
        } => CheckedPlace::Inline(text.clone()),
        Csv { .. } => return None,
    };
    Some(CheckedSource::Csv(place, csv))
}

fn step(step: Transformer) -> Option<CheckedStep> {
    let standard_scaler = step.standard_scaler.map(CheckedTransformer::StandardScaler);
    let min_max_scaler = step.min_max_scaler.map(CheckedTransformer::MinMaxScaler);
    let polynomial_features = step
        .polynomial_features
        .map(CheckedTransformer::PolynomialFeatures);
    let simple_imputer = step.simple_imputer.map(CheckedTransformer::SimpleImputer);
    let one_hot_encoder = step.one_hot_encoder.map(CheckedTransformer::OneHotEncoder);
    let transformer = standard_scaler
        .or(min_max_scaler)
        .or(polynomial_features)
        .or(simple_imputer)
        .or(one_hot_encoder)?;
    Some(CheckedStep {
        name: step.name,
        columns: step.columns,
        transformer,
    })
}

fn estimator(estimator: crate::Estimator) -> Option<CheckedEstimator> {
    if let Some(logistic) = estimator.logistic_regression {
        let weights = class_weight(&logistic.class_weight);
        return Some(CheckedEstimator::LogisticRegression(logistic, weights));
    }
    if let Some(tree) = estimator.decision_tree_classifier {
        let weights = class_weight(&tree.class_weight);
        return Some(CheckedEstimator::DecisionTreeClassifier(tree, weights));
    }
    if let Some(forest) = estimator.random_forest_classifier {
        let weights = class_weight(&forest.class_weight);
        return Some(CheckedEstimator::RandomForestClassifier(forest, weights));
    }
    let linear = estimator
        .linear_regression
        .map(CheckedEstimator::LinearRegression);
    let ridge = estimator.ridge.map(CheckedEstimator::Ridge);
    let tree = estimator
        .decision_tree_regressor
        .map(CheckedEstimator::DecisionTreeRegressor);
    let forest = estimator
        .random_forest_regressor
        .map(CheckedEstimator::RandomForestRegressor);
    linear.or(ridge).or(tree).or(forest)
}

fn class_weight(written: &Option<ClassWeight>) -> CheckedClassWeight {
    match written {
        None => CheckedClassWeight::Equal,
        Some(ClassWeight {
            weights: Some(weights),
            ..
        }) => CheckedClassWeight::Weights(weights.clone()),
        Some(ClassWeight { .. }) => CheckedClassWeight::Balanced,
    }
}

fn splitter(split: CrossValidation) -> Option<CheckedSplitter> {
    let k_fold = split.k_fold.map(CheckedSplitter::KFold);
    k_fold
        .or(split.stratified_k_fold.map(CheckedSplitter::StratifiedKFold))
        .or(split.shuffle_split.map(CheckedSplitter::ShuffleSplit))
        .or(split
            .stratified_shuffle_split
            .map(CheckedSplitter::StratifiedShuffleSplit))
        .or(split.group_k_fold.map(CheckedSplitter::GroupKFold))
        .or(split.time_series_split.map(CheckedSplitter::TimeSeriesSplit))
}
