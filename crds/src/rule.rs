//! Rules beyond types and ranges, each written once as CEL for the API server and as Rust for the command line.
//!
//! A rule stands on a type or field as `#[x_kube(validation = rule::exactly_one(…))]`, which puts its CEL into the CRD.
//! [`crate::check`] meets that CEL again while it walks the schema and looks its Rust twin up in [`all`]. A test holds
//! that the two lists are equal, and that a real CEL evaluator and the twins agree.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::names::{MODEL_NAME_MAX, ModelName};

/// A rule on a value that has the right type already.
#[derive(Clone)]
pub(crate) struct Rule {
    /// The expression the API server evaluates.
    pub(crate) cel: String,
    /// What is wrong and what to do, when the rule does not hold.
    pub(crate) message: String,
    /// The field inside the value that is to blame, such as `training.scoring`; empty for the value itself.
    pub(crate) field: &'static str,
    holds: Arc<dyn Fn(&Value) -> bool + Send + Sync>,
}

impl Rule {
    fn new(
        cel: impl Into<String>,
        message: impl Into<String>,
        holds: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> Rule {
        Rule {
            cel: cel.into(),
            message: message.into(),
            field: "",
            holds: Arc::new(holds),
        }
    }

    fn blames(self, field: &'static str) -> Rule {
        Rule { field, ..self }
    }

    /// Whether `value` obeys.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        (self.holds)(value)
    }
}

impl From<Rule> for kube::core::Rule {
    fn from(rule: Rule) -> kube::core::Rule {
        let written = kube::core::Rule::new(rule.cel);
        // The API server knows no schema of `metadata`, so that no rule may point into it: the message names the field.
        if rule.field.starts_with("metadata") {
            written.message(format!("{}: {}", rule.field, rule.message).as_str())
        } else if rule.field.is_empty() {
            written.message(rule.message.as_str())
        } else {
            written
                .message(rule.message.as_str())
                .field_path(format!(".{}", rule.field))
        }
    }
}

/// The rule whose CEL is `cel`.
pub(crate) fn by_cel(cel: &str) -> Option<&'static Rule> {
    static ALL: LazyLock<Vec<Rule>> = LazyLock::new(all);
    ALL.iter().find(|rule| rule.cel == cel)
}

/// Every rule of every kind.
pub(crate) fn all() -> Vec<Rule> {
    vec![
        model_name(),
        one_estimator(),
        one_transformer(),
        one_format(),
        one_place(),
        one_class_weight(),
        step_name(),
        names_without_header(),
        separator(),
        url(),
        target_is_no_feature(),
        positive(),
        one_fill_value(),
        fill_value_has_use(),
        scoring_suits_estimator(),
        persister_uri(),
        no_user_info(),
        entry_point_path(),
        metadata_keys(),
        mapped_once(),
    ]
}

fn words(members: &[&str]) -> String {
    match members {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// A union: exactly one of the optional `members` is given. `what` names it, such as "an estimator".
fn exactly_one(what: &str, members: &'static [&'static str]) -> Rule {
    let has: Vec<String> = members
        .iter()
        .map(|member| format!("has(self.{member})"))
        .collect();
    Rule::new(
        format!("[{}].exists_one(given, given)", has.join(", ")),
        format!("choose exactly one {what}: {}", words(members)),
        move |value| {
            members
                .iter()
                .filter(|member| value.get(**member).is_some())
                .count()
                == 1
        },
    )
}

pub(crate) fn one_estimator() -> Rule {
    exactly_one("estimator", crate::estimator::MEMBERS)
}

pub(crate) fn one_transformer() -> Rule {
    exactly_one("transformer in each step", crate::transformer::MEMBERS)
}

pub(crate) fn one_format() -> Rule {
    exactly_one("format of the source", crate::dataset::FORMATS)
}

pub(crate) fn one_place() -> Rule {
    exactly_one("place of the rows", crate::dataset::PLACES)
}

pub(crate) fn one_class_weight() -> Rule {
    exactly_one("kind of class weights", &["balanced", "weights"])
}

pub(crate) fn model_name() -> Rule {
    Rule::new(
        format!("self.metadata.name.size() <= {MODEL_NAME_MAX} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')"),
        "use at most 52 lower-case letters, digits and \"-\", starting with a letter and not ending with \"-\"; \
         the Model's Service has the same name",
        |value| value.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|name| name.parse::<ModelName>().is_ok()),
    )
    .blames("metadata.name")
}

pub(crate) fn step_name() -> Rule {
    Rule::new(
        "self.matches('^[A-Za-z][A-Za-z0-9_-]*$')",
        "use letters, digits, \"-\" and \"_\", starting with a letter",
        |value| {
            text(value).starts_with(|first: char| first.is_ascii_alphabetic())
                && text(value).chars().all(is_word)
        },
    )
}

pub(crate) fn names_without_header() -> Rule {
    Rule::new(
        "!has(self.header) || self.header || has(self.names)",
        "header: false needs names, because nothing else tells what the columns are called",
        |value| value.get("header") != Some(&Value::Bool(false)) || value.get("names").is_some(),
    )
    .blames("header")
}

pub(crate) fn separator() -> Rule {
    Rule::new(
        r"self.matches('^[\t !#-/:-@\\[-`{-~]$')",
        "use a tab (\"\\t\" in double quotes), a space or a punctuation character other than the double quote, such as \",\" or \";\"",
        |value| matches!(text(value).as_bytes(), [byte] if matches!(byte, b'\t' | b' ') || (byte.is_ascii_punctuation() && *byte != b'"')),
    )
}

pub(crate) fn url() -> Rule {
    Rule::new(
        "self.matches('^(https?|file)://.+$')",
        "write a URL that starts with https://, http:// or file://",
        |value| {
            let rest = ["https://", "http://", "file://"]
                .iter()
                .find_map(|scheme| text(value).strip_prefix(scheme));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('\n'))
        },
    )
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

pub(crate) fn positive() -> Rule {
    Rule::new("self > 0.0", "must be greater than 0", |value| {
        value.as_f64().is_some_and(|number| number > 0.0)
    })
}

pub(crate) fn one_fill_value() -> Rule {
    exactly_one("kind of fill value", &["number", "text", "boolean"])
}

pub(crate) fn fill_value_has_use() -> Rule {
    Rule::new(
        "self.strategy == 'constant' || !has(self.fillValue)",
        "fillValue is only used by strategy: constant; remove it or change the strategy",
        |value| is_constant(value) || value.get("fillValue").is_none(),
    )
    .blames("fillValue")
}

fn is_constant(imputer: &Value) -> bool {
    imputer.get("strategy").and_then(Value::as_str) == Some("constant")
}

/// Metrics for classes, metrics for numbers.
const CLASS_METRICS: [&str; 2] = ["accuracy", "neg_log_loss"];
const NUMBER_METRICS: [&str; 2] = ["r2", "neg_mean_squared_error"];

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
}

pub(crate) fn persister_uri() -> Rule {
    Rule::new(
        "self.matches('^sqlite://.+$')",
        "write sqlite:///<absolute path> or sqlite://<path relative to the manifest>, such as sqlite://auriga-data/models.db",
        |value| {
            text(value)
                .strip_prefix("sqlite://")
                .is_some_and(|path| !path.is_empty() && !path.starts_with('\n'))
        },
    )
}

pub(crate) fn no_user_info() -> Rule {
    Rule::new(
        "!self.matches('^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@')",
        "a user or password must not stand in an address, where logs and status would show it",
        |value| {
            let authority = text(value)
                .split_once("://")
                .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
            !authority.is_some_and(|authority| authority.contains('@'))
        },
    )
}

/// Paths that belong to the service itself.
const RESERVED_PATHS: [&str; 4] = ["/alive", "/livez", "/list", "/metrics"];

pub(crate) fn entry_point_path() -> Rule {
    Rule::new(
        format!(
            "self.matches('^(/[A-Za-z0-9_~-][A-Za-z0-9_.~:-]*)+$') && !(self in ['{}'])",
            RESERVED_PATHS.join("', '")
        ),
        "write a path such as /predict, its parts of letters, digits and \"-_.~:\"; /alive, /livez, /list and /metrics are \
         taken",
        |value| {
            let is_part = |part: &str| {
                part.starts_with(|first| is_word(first) || first == '~')
                    && part.chars().all(|c| is_word(c) || ".~:".contains(c))
            };
            text(value)
                .strip_prefix('/')
                .is_some_and(|path| path.split('/').all(is_part))
                && !RESERVED_PATHS.contains(&text(value))
        },
    )
}

/// What every answer says itself, and no metadata of the user's may shadow.
const RESERVED_METADATA: [&str; 5] = [
    "status",
    "error_code",
    "error_message",
    "model_version",
    "model_digest",
];

pub(crate) fn metadata_keys() -> Rule {
    Rule::new(
        format!("!self.exists(key, key in ['{}'])", RESERVED_METADATA.join("', '")),
        "status, error_code, error_message, model_version and model_digest are set by every answer itself; use other keys",
        |value| {
            !value
                .as_object()
                .is_some_and(|keys| keys.keys().any(|key| RESERVED_METADATA.contains(&key.as_str())))
        },
    )
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}
