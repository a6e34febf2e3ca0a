//! Fields that must agree with each other.

use serde_json::Value;

use super::Rule;
use crate::Scoring;

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

pub(crate) fn range_is_not_empty() -> Rule {
    Rule::new(
        "self.min < self.max",
        "must be less than max; the defaults are 0 and 1",
        |value| {
            let end = |name: &str, default: f64| value.get(name).and_then(Value::as_f64).unwrap_or(default);
            end("min", 0.0) < end("max", 1.0)
        },
    )
    .blames("min")
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
    let of_classes: Vec<String> = Scoring::OF_CLASSES.iter().map(|metric| metric.name()).collect();
    Rule::new(
        format!(
            "!has(self.training.scoring) || (self.training.scoring in ['{}']) == ({})",
            of_classes.join("', '"),
            has_classifier()
        ),
        "training.scoring does not suit the estimator: a classifier takes a metric of classes, such as accuracy, f1_macro \
         or neg_log_loss; a regressor one of numbers, such as r2 or neg_mean_squared_error",
        move |value| {
            let scoring = value.pointer("/training/scoring").and_then(Value::as_str);
            scoring.is_none_or(|metric| of_classes.iter().any(|name| name == metric) == classifies(value))
        },
    )
    .blames("training.scoring")
    .rests_on("estimator")
}

pub(crate) fn probabilities_need_a_classifier() -> Rule {
    Rule::new(
        format!(
            "!has(self.serving) || !has(self.serving.entryPoints) || !self.serving.entryPoints.exists(one, has(one.method) && one.method == 'predictProba') || {}",
            has_classifier()
        ),
        "method: predictProba needs a classifier, because only classes have probabilities; choose method: predict",
        |value| {
            let entry_points = value.pointer("/serving/entryPoints").and_then(Value::as_array);
            let mut entry_points = entry_points.into_iter().flatten();
            let answers_probabilities = entry_points.any(|one| one.get("method") == Some(&"predictProba".into()));
            !answers_probabilities || classifies(value)
        },
    )
    .blames("serving.entryPoints")
    .rests_on("estimator")
}

pub(crate) fn params_apart_from_rows() -> Rule {
    Rule::new(
        "!has(self.params) || !has(self.mapping) || !self.params.exists(param, self.mapping.exists(value, value.name == param.name))",
        "a parameter and a value of the row have one name; give the value another name in the mapping",
        |value| {
            let named = |field: &str| -> Vec<Option<&Value>> {
                let all = value.get(field).and_then(Value::as_array);
                all.into_iter().flatten().map(|one| one.get("name")).collect()
            };
            let mapped = named("mapping");
            !named("params").iter().any(|param| mapped.contains(param))
        },
    )
    .blames("params")
}

pub(crate) fn unwraps_one_value() -> Rule {
    Rule::new(
        "!has(self.unwrapSample) || !self.unwrapSample || !has(self.mapping) || self.mapping.size() == 1",
        "unwrapSample needs rows of one value, but several are mapped; leave it out, or map one value",
        |value| {
            let n_mapped = value.get("mapping").and_then(Value::as_array).map(Vec::len);
            value.get("unwrapSample") != Some(&Value::Bool(true))
                || n_mapped.is_none_or(|n_mapped| n_mapped == 1)
        },
    )
    .blames("unwrapSample")
}

pub(crate) fn splitter_suits_estimator() -> Rule {
    let stratified = crate::cross_validation::STRATIFIED;
    let has: Vec<String> = (stratified.iter())
        .map(|member| format!("has(self.training.crossValidation.{member})"))
        .collect();
    Rule::new(
        format!(
            "!has(self.training.crossValidation) || !({}) || {}",
            has.join(" || "),
            has_classifier()
        ),
        format!(
            "{} keep the shares of classes, which a regressor has none of; use kFold or shuffleSplit",
            stratified.join(" and ")
        ),
        |value| {
            let is_given = |member: &&str| {
                value
                    .pointer(&format!("/training/crossValidation/{member}"))
                    .is_some()
            };
            !stratified.iter().any(is_given) || classifies(value)
        },
    )
    .blames("training.crossValidation")
    .rests_on("estimator")
}

pub(crate) fn groups_are_no_feature() -> Rule {
    Rule::new(
        format!(
            "!has(self.training.crossValidation) || !has(self.training.crossValidation.groupKFold) || \
             (self.{GROUPS} != self.dataset.target && (!has(self.dataset.features) || !(self.{GROUPS} in \
             self.dataset.features)))"
        ),
        "the column of groups must be neither the target nor listed under features: it says which rows belong together, \
         and a new row will be of another group",
        |value| {
            let Some(groups) = value.pointer(&format!("/{}", GROUPS.replace('.', "/"))) else {
                return true;
            };
            let features = value.pointer("/dataset/features").and_then(Value::as_array);
            value.pointer("/dataset/target") != Some(groups)
                && !features.is_some_and(|features| features.contains(groups))
        },
    )
    .blames(GROUPS)
}

pub(crate) fn random_state_has_use() -> Rule {
    Rule::new(
        "!has(self.randomState) || self.shuffle",
        "randomState is only used with shuffle: true; remove it or add shuffle: true",
        |value| value.get("randomState").is_none() || value.get("shuffle") == Some(&Value::Bool(true)),
    )
    .blames("randomState")
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

const GROUPS: &str = "training.crossValidation.groupKFold.groups";

/// Whether the estimator of a spec is a classifier, as CEL.
fn has_classifier() -> String {
    let has = crate::estimator::CLASSIFIERS
        .iter()
        .map(|member| format!("has(self.estimator.{member})"));
    has.collect::<Vec<_>>().join(" || ")
}

/// Whether the estimator of a spec is a classifier.
fn classifies(spec: &Value) -> bool {
    crate::estimator::CLASSIFIERS
        .iter()
        .any(|member| spec.pointer(&format!("/estimator/{member}")).is_some())
}

fn is_constant(imputer: &Value) -> bool {
    imputer.get("strategy").and_then(Value::as_str) == Some("constant")
}
