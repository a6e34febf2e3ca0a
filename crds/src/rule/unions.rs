//! Unions: of several members exactly one is given.

use super::{Rule, words};

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

pub(crate) fn one_max_features() -> Rule {
    exactly_one(
        "way to count features",
        &["sqrt", "log2", "all", "count", "fraction"],
    )
}

pub(crate) fn one_max_samples() -> Rule {
    exactly_one("way to count samples", &["count", "fraction"])
}

pub(crate) fn one_fill_value() -> Rule {
    exactly_one("kind of fill value", &["number", "text", "boolean"])
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
    .of_union(members)
}
