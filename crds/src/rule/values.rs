//! What a single text, number or map must look like.

use serde_json::Value;

use super::Rule;
use crate::names::{MODEL_NAME_MAX, ModelName};

/// Paths that belong to the service itself.
const RESERVED_PATHS: [&str; 4] = ["/alive", "/livez", "/list", "/metrics"];

/// What every answer says itself, and no metadata of the user's may shadow.
const RESERVED_METADATA: [&str; 6] = [
    "status",
    "error_code",
    "error_message",
    "model_version",
    "model_digest",
    "classes",
];

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

pub(crate) fn positive() -> Rule {
    Rule::new("self > 0.0", "must be greater than 0", |value| {
        value.as_f64().is_some_and(|number| number > 0.0)
    })
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

pub(crate) fn persister_uri() -> Rule {
    Rule::new(
        "self.matches('^(sqlite|file|postgres|postgresql)://.+$')",
        "write sqlite://<path of a file> or file://<path of a folder>, absolute or relative to the manifest, such as \
         sqlite://auriga-data/models.db, or postgres://<host>/<database>",
        |value| {
            let place = ["sqlite://", "file://", "postgres://", "postgresql://"]
                .iter()
                .find_map(|scheme| text(value).strip_prefix(scheme));
            place.is_some_and(|path| !path.is_empty() && !path.starts_with('\n'))
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

pub(crate) fn metadata_keys() -> Rule {
    Rule::new(
        format!("!self.exists(key, key in ['{}'])", RESERVED_METADATA.join("', '")),
        "status, error_code, error_message, model_version, model_digest and classes are set by every answer itself; use other keys",
        |value| {
            !value
                .as_object()
                .is_some_and(|keys| keys.keys().any(|key| RESERVED_METADATA.contains(&key.as_str())))
        },
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}
