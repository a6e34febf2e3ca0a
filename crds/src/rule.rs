//! Rules beyond types and ranges, each written once as CEL for the API server and as Rust for the command line.
//!
//! A rule stands on a type or field as `#[x_kube(validation = rule::exactly_one(…))]`, which puts its CEL into the CRD.
//! [`crate::check`] meets that CEL again while it walks the schema and looks its Rust twin up in [`all`]. A test holds
//! that the two lists are equal, and that a real CEL evaluator and the twins agree.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use serde_json::Value;

mod cluster;
mod relations;
mod unions;
mod values;

pub(crate) use cluster::{
    auto_names_no_version, claim_holds_the_store, claim_takes_one_replica, environment_name,
    only_suspend_changes, pinned_names_a_version, pod_annotations, pod_labels, quantities,
};
pub(crate) use relations::{
    fill_value_has_use, groups_are_no_feature, mapped_once, max_samples_has_use, names_without_header,
    params_apart_from_rows, probabilities_need_a_classifier, random_state_has_use, range_is_not_empty,
    scoring_suits_estimator, splitter_suits_estimator, target_is_no_feature, unwraps_one_value,
};
pub(crate) use unions::{
    one_class_weight, one_estimator, one_fill_value, one_format, one_max_features, one_max_samples,
    one_place, one_splitter, one_transformer,
};
pub(crate) use values::{
    entry_point_path, metadata_keys, model_name, no_user_info, persister_uri, positive, postgres_address,
    separator, step_name, url,
};

/// A rule on a value that has the right type already.
#[derive(Clone)]
pub(crate) struct Rule {
    /// The expression the API server evaluates.
    pub(crate) cel: String,
    /// What is wrong and what to do, when the rule does not hold.
    pub(crate) message: String,
    /// The field inside the value that is to blame, such as `training.scoring`; empty for the value itself.
    pub(crate) field: &'static str,
    /// A union inside the value that the verdict rests on, such as `estimator`; empty if there is none. While that
    /// union is unclear, so is the verdict.
    pub(crate) rests_on: &'static str,
    /// The members, if the rule is about a union.
    pub(crate) members: &'static [&'static str],
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
            rests_on: "",
            members: &[],
            holds: Arc::new(holds),
        }
    }

    fn blames(self, field: &'static str) -> Rule {
        Rule { field, ..self }
    }

    fn rests_on(self, rests_on: &'static str) -> Rule {
        Rule { rests_on, ..self }
    }

    fn of_union(self, members: &'static [&'static str]) -> Rule {
        Rule { members, ..self }
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
    static ALL: LazyLock<HashMap<String, Rule>> = LazyLock::new(|| {
        let all = all().into_iter();
        all.map(|rule| (rule.cel.clone(), rule)).collect()
    });
    ALL.get(cel)
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
        one_max_features(),
        one_max_samples(),
        max_samples_has_use(),
        step_name(),
        names_without_header(),
        separator(),
        url(),
        target_is_no_feature(),
        positive(),
        one_fill_value(),
        fill_value_has_use(),
        range_is_not_empty(),
        scoring_suits_estimator(),
        persister_uri(),
        postgres_address(),
        no_user_info(),
        entry_point_path(),
        metadata_keys(),
        mapped_once(),
        params_apart_from_rows(),
        unwraps_one_value(),
        probabilities_need_a_classifier(),
        one_splitter(),
        splitter_suits_estimator(),
        groups_are_no_feature(),
        random_state_has_use(),
        auto_names_no_version(),
        claim_holds_the_store(),
        claim_takes_one_replica(),
        environment_name(),
        pinned_names_a_version(),
        pod_annotations(),
        pod_labels(),
        quantities(),
    ]
}

fn words(members: &[&str]) -> String {
    match members {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
