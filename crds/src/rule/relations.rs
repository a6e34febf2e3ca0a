//! Fields that must agree with each other.

use serde_json::Value;

use super::{Rule, words};

/// Metrics for classes, metrics for numbers.
const CLASS_METRICS: [&str; 2] = ["accuracy", "neg_log_loss"];
const NUMBER_METRICS: [&str; 2] = ["r2", "neg_mean_squared_error"];

pub(crate) fn names_without_header() -> Rule {
    Rule::new(
        "!has(self.header) || self.header || has(self.names)",
        "header: false needs names, because nothing else tells what the columns are called",
        |value| value.get("header") != Some(&Value::Bool(false)) || value.get("names").is_some(),
    )
    .blames("header")
}

pub(crate) fn target_is_no_feature() -> Rule {
    Rule::new(
        "!has(self.features) || !(self.target in self.features)",
        "the target must not be listed under features, or the model would be told the answer",
        |value| {
            let features = value.get("features").and_then(Value::as_array);
            !features.is_some_and(|features| {
                value
                    .get("target")
                    .is_some_and(|target| features.contains(target))
            })
        },
    )
    .blames("target")
}

pub(crate) fn fill_value_has_use() -> Rule {
    Rule::new(
        "self.strategy == 'constant' || !has(self.fillValue)",
        "fillValue is only used by strategy: constant; remove it or change the strategy",
        |value| is_constant(value) || value.get("fillValue").is_none(),
    )
    .blames("fillValue")
}

pub(crate) fn max_samples_has_use() -> Rule {
    Rule::new(
        "self.bootstrap || !has(self.maxSamples)",
        "maxSamples is only used with bootstrap: true; remove it or change bootstrap",
        |value| value.get("bootstrap") != Some(&Value::Bool(false)) || value.get("maxSamples").is_none(),
    )
    .blames("maxSamples")
}

pub(crate) fn scoring_suits_estimator() -> Rule {
    let classifiers: Vec<String> = crate::estimator::CLASSIFIERS
        .iter()
        .map(|member| format!("has(self.estimator.{member})"))
        .collect();
    Rule::new(
        format!(
            "!has(self.training.scoring) || (self.training.scoring in ['{}']) == ({})",
            CLASS_METRICS.join("', '"),
            classifiers.join(" || ")
        ),
        format!(
            "training.scoring does not suit the estimator: classifiers are scored by {}, regressors by {}",
            words(&CLASS_METRICS),
            words(&NUMBER_METRICS)
        ),
        |value| {
            let scoring = value.pointer("/training/scoring").and_then(Value::as_str);
            let classifies = crate::estimator::CLASSIFIERS
                .iter()
                .any(|member| value.pointer(&format!("/estimator/{member}")).is_some());
            scoring.is_none_or(|metric| CLASS_METRICS.contains(&metric) == classifies)
        },
    )
    .blames("training.scoring")
    .rests_on("estimator")
}

pub(crate) fn mapped_once() -> Rule {
    Rule::new(
        "self.all(one, self.filter(other, (has(other.column) ? other.column : other.name) == (has(one.column) ? one.column : one.name)).size() == 1)",
        "two parameters are mapped to one column; each column takes one parameter",
        |value| {
            let column = |one: &Value| one.get("column").or_else(|| one.get("name")).cloned();
            let columns: Vec<_> = value.as_array().into_iter().flatten().map(column).collect();
            columns
                .iter()
                .enumerate()
                .all(|(at, column)| !columns[..at].contains(column))
        },
    )
}

fn is_constant(imputer: &Value) -> bool {
    imputer.get("strategy").and_then(Value::as_str) == Some("constant")
}
