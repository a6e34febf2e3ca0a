//! A Model after [`crate::check`]: unions are enums, names are newtypes, nothing is left to be doubted.

use serde_json::Value;

use crate::{
    ClassWeight, ConfigMapKey, Csv, DecisionTreeClassifier, DecisionTreeRegressor, Fault, LinearRegression,
    LogisticRegression, Model, ModelKey, OneHotEncoder, RandomForestClassifier, RandomForestRegressor, Ridge,
    Serving, SimpleImputer, Source, StandardScaler, Training, Transformer, Weight, fit_hash,
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
    /// The store's address, if one is written.
    pub persister_uri: Option<String>,
    /// How versions are served.
    pub serving: Serving,
    /// What decides the fit, defaults left out: see [`crate::fit_hash`].
    pub(crate) fit: Value,
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

    pub(crate) fn from_model(model: Model) -> Result<Checked, Fault> {
        let fit = fit_hash::deciding_fields(&model.spec);
        let spec = model.spec;
        let name = model.metadata.name.unwrap_or_default();
        let namespace = model.metadata.namespace.unwrap_or_else(|| "default".to_owned());
        let at = |path: &str, message: String| Fault {
            path: path.to_owned(),
            message,
            position: None,
        };
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
            training: spec.training,
            persister_uri: spec.persister.map(|persister| persister.uri),
            serving: spec.serving,
            fit,
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
    let transformer = match step.standard_scaler {
        Some(scaler) => CheckedTransformer::StandardScaler(scaler),
        None => match step.simple_imputer {
            Some(imputer) => CheckedTransformer::SimpleImputer(imputer),
            None => CheckedTransformer::OneHotEncoder(step.one_hot_encoder?),
        },
    };
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
