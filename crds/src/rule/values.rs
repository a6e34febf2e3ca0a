//! What a single text, number or map must look like.

use serde_json::Value;

use super::Rule;
use crate::names::{MODEL_NAME_MAX, ModelName};

/// Paths that belong to the service itself.
const RESERVED_PATHS: [&str; 4] = ["/alive", "/livez", "/list", "/metrics"];

/// How a connection to PostgreSQL may be protected.
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

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

pub(crate) fn postgres_address() -> Rule {
    Rule::new(
        // Without the first half, a password would be told twice.
        r"!self.matches('^postgres(ql)?://[^/?#@]*([/?#]|$)') || self.matches('^postgres(ql)?://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]*)(:[0-9]{1,5})?(/[^/?#%[:cntrl:]]*)?(\\?((sslmode=(disable|prefer|require|verify-ca|verify-full)|schema=[a-z][a-z0-9_]{0,62})(&|$))*)?$')",
        "write postgres://<host>:<port>/<database>, each part of which may be left out, perhaps with ?sslmode=<disable, \
         prefer, require, verify-ca or verify-full> and &schema=<lower-case letters, digits and \"_\">",
        |value| {
            let place = ["postgres://", "postgresql://"]
                .iter()
                .find_map(|scheme| text(value).strip_prefix(scheme));
            place.is_none_or(|place| {
                let authority = place.split(['/', '?', '#']).next().unwrap_or_default();
                authority.contains('@') || is_postgres_place(place)
            })
        },
    )
}

/// Whether this names server, database and options, each of them or not.
fn is_postgres_place(place: &str) -> bool {
    let (place, options) = place.split_once('?').unwrap_or((place, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (is_host, port) = match server.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, port))) => {
            let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
            (!host.is_empty() && host.chars().all(is_part), port)
        }
        Some(None) => (false, ""),
        None => {
            let (host, port) = server.split_at(server.find(':').unwrap_or(server.len()));
            (host.chars().all(|c| is_word(c) || c == '.'), port)
        }
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => (1..=5).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit()),
        None => port.is_empty(),
    };
    let is_option = |option: &str| match option.split_once('=') {
        Some(("sslmode", mode)) => SSL_MODES.contains(&mode),
        Some(("schema", name)) => {
            name.len() <= 63
                && name.starts_with(|first: char| first.is_ascii_lowercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        }
        _ => false,
    };
    is_host
        && is_port
        && !database.contains(|c: char| "/#%".contains(c) || c.is_ascii_control())
        && options.split_terminator('&').all(is_option)
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
