//! From the words of manifests to the values of the runtime crates: the one place that knows both.

mod metric;
mod splitter;
mod trees;

use std::path::Path;

use auriga_crds::{
    self as crds, Checked, CheckedClassWeight, CheckedEstimator, CheckedPlace, CheckedStep,
    CheckedTransformer, ColumnType, ParameterType, Reason,
};
use auriga_data::{Csv, Place};
use auriga_learn::{
    ClassWeight, ColumnKind, Estimator, Fill, HandleUnknown, ImputeStrategy, LinearRegression,
    LogisticRegression, MinMaxScaler, OneHotEncoder, PolynomialFeatures, Ridge, SimpleImputer,
    StandardScaler, Step, Steps, Transformer,
};
use auriga_serve::{EntryPoint, Mapped, Param, PredictMethod, Settings, ValueKind};

use crate::{failure::Failure, manifest::Manifest};

pub(crate) use metric::metric;
pub(crate) use splitter::splitter;

/// What is to be fitted.
pub(crate) fn steps(checked: &Checked) -> Steps {
    Steps {
        transformers: checked.transformers.iter().map(step).collect(),
        estimator: estimator(&checked.estimator),
    }
}

fn step(step: &CheckedStep) -> Step {
    let transformer = match &step.transformer {
        CheckedTransformer::StandardScaler(crds::StandardScaler { with_mean, with_std }) => {
            Transformer::StandardScaler(StandardScaler {
                with_mean: *with_mean,
                with_std: *with_std,
            })
        }
        CheckedTransformer::MinMaxScaler(scaler) => Transformer::MinMaxScaler(MinMaxScaler {
            min: scaler.feature_range.min,
            max: scaler.feature_range.max,
            clip: scaler.clip,
        }),
        CheckedTransformer::PolynomialFeatures(features) => {
            Transformer::PolynomialFeatures(PolynomialFeatures {
                degree: usize::try_from(features.degree).unwrap_or(usize::MAX),
                interaction_only: features.interaction_only,
                include_bias: features.include_bias,
            })
        }
        CheckedTransformer::SimpleImputer(imputer) => Transformer::SimpleImputer(SimpleImputer {
            strategy: strategy(imputer),
        }),
        CheckedTransformer::OneHotEncoder(encoder) => Transformer::OneHotEncoder(OneHotEncoder {
            handle_unknown: match encoder.handle_unknown {
                crds::HandleUnknown::Error => HandleUnknown::Error,
                crds::HandleUnknown::Ignore => HandleUnknown::Ignore,
            },
        }),
    };
    Step {
        name: step.name.clone(),
        columns: step.columns.clone(),
        transformer,
    }
}

fn strategy(imputer: &crds::SimpleImputer) -> ImputeStrategy {
    match imputer.strategy {
        crds::ImputeStrategy::Mean => ImputeStrategy::Mean,
        crds::ImputeStrategy::Median => ImputeStrategy::Median,
        crds::ImputeStrategy::MostFrequent => ImputeStrategy::MostFrequent,
        crds::ImputeStrategy::Constant => {
            ImputeStrategy::Constant(imputer.fill_value.as_ref().and_then(|fill| {
                let number = fill.number.map(Fill::Number);
                number
                    .or_else(|| fill.text.clone().map(Fill::Text))
                    .or_else(|| fill.boolean.map(Fill::Boolean))
            }))
        }
    }
}

fn estimator(estimator: &CheckedEstimator) -> Estimator {
    match estimator {
        CheckedEstimator::LogisticRegression(logistic, weights) => {
            Estimator::LogisticRegression(LogisticRegression {
                c: logistic.c,
                class_weight: class_weight(weights),
                max_iter: count(logistic.max_iter),
                tol: logistic.tol,
                fit_intercept: logistic.fit_intercept,
            })
        }
        CheckedEstimator::LinearRegression(linear) => Estimator::LinearRegression(LinearRegression {
            fit_intercept: linear.fit_intercept,
            tol: linear.tol,
        }),
        CheckedEstimator::Ridge(ridge) => Estimator::Ridge(Ridge {
            alpha: ridge.alpha,
            fit_intercept: ridge.fit_intercept,
        }),
        CheckedEstimator::DecisionTreeClassifier(tree, weights) => trees::tree_classifier(tree, weights),
        CheckedEstimator::DecisionTreeRegressor(tree) => trees::tree_regressor(tree),
        CheckedEstimator::RandomForestClassifier(forest, weights) => {
            trees::forest_classifier(forest, weights)
        }
        CheckedEstimator::RandomForestRegressor(forest) => trees::forest_regressor(forest),
    }
}

fn class_weight(weights: &CheckedClassWeight) -> ClassWeight {
    match weights {
        CheckedClassWeight::Equal => ClassWeight::Uniform,
        CheckedClassWeight::Balanced => ClassWeight::Balanced,
        CheckedClassWeight::Weights(weights) => ClassWeight::PerClass(
            weights
                .iter()
                .map(|weight| (weight.class.clone(), weight.weight))
                .collect(),
        ),
    }
}

/// A whole number that the schema keeps from being negative.
fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How a CSV text is read.
pub(crate) fn csv(csv: &crds::Csv) -> Csv {
    Csv {
        separator: csv.separator.bytes().next().unwrap_or(b','),
        names: csv.names.clone(),
        header: csv.header,
        usecols: csv.usecols.clone(),
        nrows: csv.nrows.map(i64::unsigned_abs),
        skiprows: csv.skiprows.unsigned_abs(),
        missing_values: csv.missing_values.clone(),
        // The schema's own default lists them, so that users see them and may replace them.
        default_missing_values: false,
        types: csv
            .types
            .iter()
            .map(|(name, kind)| (name.clone(), column_kind(*kind)))
            .collect(),
    }
}

fn column_kind(kind: ColumnType) -> ColumnKind {
    match kind {
        ColumnType::Number => ColumnKind::Number,
        ColumnType::Text => ColumnKind::Text,
        ColumnType::Boolean => ColumnKind::Boolean,
    }
}

/// Where a text is; relative paths start at the manifest's folder.
pub(crate) fn place(place: &CheckedPlace, manifest: &Manifest) -> Result<Place, Failure> {
    let text = |label: String, text: String| Place::Text { label, text };
    Ok(match place {
        CheckedPlace::Path(path) => Place::Path(resolved(path, &manifest.base)),
        CheckedPlace::Url(url) => Place::from_url(url)?,
        CheckedPlace::Inline(inline) => text("the inline text".to_owned(), inline.clone()),
        CheckedPlace::ConfigMap(key) => {
            let label = format!("ConfigMap {}, key {}", key.name, key.key);
            let content = manifest.config_maps.get(key).cloned();
            text(
                label.clone(),
                content.ok_or_else(|| {
                    Failure::mistake(format!("there is no {label}")).because(Reason::ConfigMapNotFound)
                })?,
            )
        }
    })
}

fn resolved(path: &str, base: &Path) -> std::path::PathBuf {
    // Without the leading "./", messages name the file as people would.
    if base == Path::new(".") {
        path.into()
    } else {
        base.join(path)
    }
}

/// How versions are served.
pub(crate) fn settings(checked: &Checked) -> Settings {
    let entry_point = |entry_point: &crds::EntryPoint| EntryPoint {
        path: entry_point.path.clone(),
        strict: entry_point.strict,
        mapping: (entry_point.mapping.as_ref()).map(|parameters| parameters.iter().map(mapped).collect()),
        method: match entry_point.method {
            crds::PredictMethod::Predict => PredictMethod::Predict,
            crds::PredictMethod::PredictProba => PredictMethod::PredictProba,
        },
        params: entry_point.params.iter().map(param).collect(),
        unwrap_sample: entry_point.unwrap_sample,
    };
    Settings {
        model: checked.key.clone(),
        service_metadata: checked.serving.service_metadata.clone(),
        entry_points: checked.serving.entry_points.iter().map(entry_point).collect(),
    }
}

fn mapped(parameter: &crds::Parameter) -> Mapped {
    Mapped {
        name: parameter.name.clone(),
        kind: value_kind(parameter.kind),
        column: parameter.column.clone(),
    }
}

fn param(parameter: &crds::RequestParameter) -> Param {
    Param {
        name: parameter.name.clone(),
        kind: value_kind(parameter.kind),
        default: parameter.default.clone(),
    }
}

fn value_kind(kind: ParameterType) -> ValueKind {
    match kind {
        ParameterType::Float => ValueKind::Float,
        ParameterType::Int => ValueKind::Int,
        ParameterType::Str => ValueKind::Str,
        ParameterType::Bool => ValueKind::Bool,
    }
}
