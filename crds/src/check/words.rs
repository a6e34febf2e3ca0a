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
    let nearest = known
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&found.to_lowercase(), &name.to_lowercase()),
                *name,
            )
        })
        .filter(|(distance, name)| *distance <= 1 + found.chars().count().max(name.chars().count()) / 4)
        .min();
    match nearest {
        Some((_, name)) => format!("; did you mean {name}?"),
        None if known.is_empty() => "; no field is known here".to_owned(),
        None => format!("; known are {}", known.join(", ")),
    }
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
