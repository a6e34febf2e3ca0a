//! How faults speak: values cut short, near names, articles.

use serde_json::Value;

/// A value as a message may quote it: cut short, without a user or password.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", cut(&without_user_info(text))),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a map".to_owned(),
        scalar => cut(&scalar.to_string()),
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.escape_debug().to_string();
    if text.chars().count() <= LONGEST {
        text
    } else {
        text.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

fn without_user_info(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => text.to_owned(),
    }
}

/// `; did you mean x?` for the nearest of `known`, or else the list of what is allowed.
pub(super) fn hint<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(found, &known) {
        Some(name) => format!("; did you mean {name}?"),
        None if known.is_empty() => "; no field is known here".to_owned(),
        None => format!("; known are {}", listed(&known)),
    }
}

/// Names beyond this many are not listed: all fields of every type are fewer.
const LISTED: usize = 12;

/// The first of `names`.
pub(super) fn listed<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut text = String::new();
    for (at, name) in names.into_iter().enumerate().take(LISTED + 1) {
        text += if at > 0 { ", " } else { "" };
        text += if at < LISTED { name.as_ref() } else { "…" };
    }
    text
}

/// Longer names are not compared: a typo in a huge manifest must not buy much computing.
const LENGTH_MAX: usize = 64;

/// Which of `known` was meant by `found`: at most about a quarter of the characters differ, or only their case.
pub(super) fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    if found.len() > LENGTH_MAX {
        return None;
    }
    let lower = found.to_lowercase();
    let length = found.chars().count();
    // Any other name is near to one of one or two letters.
    let is_short = |name: &str| length <= 2 || name.chars().count() <= 2;
    known
        .iter()
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| match distance {
            0 => true,
            _ if is_short(name) => false,
            _ => *distance <= 1 + length.max(name.chars().count()) / 4,
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_word_gets_its_nearest_neighbour() {
        assert_eq!(
            hint("logisticRegresion", ["ridge", "logisticRegression"]),
            "; did you mean logisticRegression?"
        );
        assert_eq!(hint("maxiter", ["maxIter", "tol"]), "; did you mean maxIter?");
        assert_eq!(hint("forest", ["ridge", "svc"]), "; known are ridge, svc");
    }

    #[test]
    fn names_of_one_or_two_letters_are_guessed_by_their_case_alone() {
        let check = |found: &str, expected: &str| assert_eq!(hint(found, ["c", "tol"]), expected, "{found}");
        check("C", "; did you mean c?");
        check("a", "; known are c, tol");
        check("to", "; known are c, tol");
        check("cs", "; known are c, tol");
        check("tool", "; did you mean tol?");
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names: Vec<String> = (0..20).map(|at| format!("column{at}")).collect();
        assert_eq!(listed(&names[..2]), "column0, column1");
        assert!(listed(&names).ends_with(", column11, …"));
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        assert_eq!(
            shown(&json!("postgres://me:secret@host/db")),
            "\"postgres://***@host/db\""
        );
        assert_eq!(
            shown(&json!("postgres://me:se@cret@host/db")),
            "\"postgres://***@host/db\""
        );
        assert_eq!(shown(&json!("x".repeat(100))).chars().count(), 62);
    }
}
