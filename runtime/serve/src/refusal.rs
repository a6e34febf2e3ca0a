//! Why a request was not answered with a prediction: one class, one status, one stable number, one message.

use std::fmt;

use axum::http::StatusCode;
use thiserror::Error;

/// The `error_code` of an error answer. The numbers are part of the service's contract: one is never given another
/// meaning. 0 stands for success and -1 for our own faults, as in Palladium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ErrorCode {
    /// A bug of ours (500). The details are in the log.
    Internal = -1,
    /// No such path (404).
    NotFound = 1,
    /// The path exists, the method does not (405).
    MethodNotAllowed = 2,
    /// The body has more bytes than allowed, or comes in too many pieces (413).
    BodyTooLarge = 3,
    /// The body has more rows than allowed (413).
    TooManyRows = 4,
    /// The body is compressed or otherwise encoded (415).
    Encoding = 5,
    /// The body did not arrive in time (408), or broke off (400).
    BodyUnfinished = 6,
    /// The body is not JSON, or the query is not UTF-8 (400).
    Malformed = 7,
    /// The JSON is not a list of one or more flat objects (400).
    Shape = 8,
    /// A column is absent (400).
    MissingColumn = 9,
    /// A value is of the wrong kind (400).
    WrongKind = 10,
    /// A number is not finite (400).
    NotFinite = 11,
    /// A column stands twice in a row (400).
    DuplicateColumn = 12,
    /// A column is unknown, at a strict entry point (400).
    UnknownColumn = 13,
    /// The model cannot predict these rows (400).
    Unpredictable = 14,
    /// No version is loaded (503).
    NotLoaded = 15,
    /// As many predictions or listings run as may (503, `Retry-After`).
    Busy = 16,
    /// The prediction took longer than a request may (503).
    TooSlow = 17,
    /// The store of versions does not answer as it should (503).
    Store = 18,
    /// A parameter beside the rows has a wrong value, is unknown at a strict entry point, or occurs twice (400).
    Parameter = 19,
}

/// Where in a request a fault lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Counted from 1; absent where a request has one row.
    pub(crate) row: Option<usize>,
    /// What the client calls the column.
    pub(crate) column: String,
}

/// Why a request was not answered as asked.
#[derive(Clone, Debug, Error, PartialEq)]
pub(crate) enum Refusal {
    #[error("there is no {}; {hint}", quoted(path))]
    NotFound { path: String, hint: String },
    #[error("{method} is not allowed on {}; use {allowed}", quoted(path))]
    MethodNotAllowed {
        method: String,
        path: String,
        allowed: &'static str,
    },
    #[error("the body is larger than {limit} bytes; send fewer rows at a time")]
    BodyTooLarge { limit: usize },
    #[error("the body comes in more than {limit} pieces; send larger ones")]
    TooManyPieces { limit: usize },
    #[error("there are more than {limit} rows; send fewer at a time")]
    TooManyRows { limit: usize },
    #[error("the body is encoded as {}; send it as it is", quoted(encoding))]
    Encoding { encoding: String },
    #[error("the body did not arrive within {seconds} s; send it faster or send fewer rows")]
    BodyLate { seconds: f64 },
    #[error("the body broke off before its end; send it again")]
    BodyBroken,
    #[error("the body is empty; send a JSON list of {wanted}")]
    NoBody { wanted: &'static str },
    #[error("the body is not JSON: {what}")]
    NotJson { what: String },
    #[error("{place}: the text is not UTF-8; encode it as UTF-8 before percent-encoding it")]
    NotUtf8 { place: Place },
    #[error("there are no rows; send at least one: {example}")]
    NoRows { example: &'static str },
    #[error("the body is {found}; send a list of {wanted}")]
    NotAList {
        found: &'static str,
        wanted: &'static str,
    },
    #[error("the body is one object; wrap the row in a list: [{{\"column\": value}}]")]
    NotWrapped,
    #[error("row {row} is {found}; write each row as {wanted}")]
    NotARow {
        row: usize,
        found: &'static str,
        wanted: &'static str,
    },
    #[error("{place} is nested more than {limit} levels deep; leave it out")]
    Nested { place: Place, limit: usize },
    #[error(
        "{place} is missing{}; send it, or null in a JSON row if the value is unknown",
        instead_of(near)
    )]
    MissingColumn { place: Place, near: Option<String> },
    #[error("{place}: {found} is not {wanted}")]
    WrongKind {
        place: Place,
        found: String,
        wanted: &'static str,
    },
    #[error("{place}: {found} is not a finite number; send null in a JSON row if the value is unknown")]
    NotFinite { place: Place, found: String },
    #[error("{place} occurs twice; send it once")]
    DuplicateColumn { place: Place },
    #[error("{place} is not known here{}", did_you_mean(near))]
    UnknownColumn { place: Place, near: Option<String> },
    #[error("parameter {}: {what}", quoted(name))]
    Parameter { name: String, what: String },
    #[error("{what}")]
    Unpredictable { what: String },
    #[error("{what}")]
    NotLoaded { what: String },
    #[error("{limit} {work} run already; try again in a second")]
    Busy { limit: u32, work: &'static str },
    #[error("the bodies of other requests fill the {limit} bytes set aside for them; try again in a second")]
    NoRoom { limit: usize },
    #[error("the prediction took longer than {seconds} s; send fewer rows at a time")]
    TooSlow { seconds: f64 },
    #[error("{what}")]
    Store { what: String },
    #[error("something went wrong inside the service; its log has the details")]
    Internal,
}

impl Refusal {
    /// The class, as a number that never changes.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Refusal::NotFound { .. } => ErrorCode::NotFound,
            Refusal::MethodNotAllowed { .. } => ErrorCode::MethodNotAllowed,
            Refusal::BodyTooLarge { .. } | Refusal::TooManyPieces { .. } => ErrorCode::BodyTooLarge,
            Refusal::TooManyRows { .. } => ErrorCode::TooManyRows,
            Refusal::Encoding { .. } => ErrorCode::Encoding,
            Refusal::BodyLate { .. } | Refusal::BodyBroken => ErrorCode::BodyUnfinished,
            Refusal::NoBody { .. } | Refusal::NotJson { .. } | Refusal::NotUtf8 { .. } => {
                ErrorCode::Malformed
            }
            Refusal::NoRows { .. } | Refusal::NotAList { .. } | Refusal::NotWrapped => ErrorCode::Shape,
            Refusal::NotARow { .. } | Refusal::Nested { .. } => ErrorCode::Shape,
            Refusal::MissingColumn { .. } => ErrorCode::MissingColumn,
            Refusal::WrongKind { .. } => ErrorCode::WrongKind,
            Refusal::NotFinite { .. } => ErrorCode::NotFinite,
            Refusal::DuplicateColumn { .. } => ErrorCode::DuplicateColumn,
            Refusal::UnknownColumn { .. } => ErrorCode::UnknownColumn,
            Refusal::Parameter { .. } => ErrorCode::Parameter,
            Refusal::Unpredictable { .. } => ErrorCode::Unpredictable,
            Refusal::NotLoaded { .. } => ErrorCode::NotLoaded,
            Refusal::Busy { .. } | Refusal::NoRoom { .. } => ErrorCode::Busy,
            Refusal::TooSlow { .. } => ErrorCode::TooSlow,
            Refusal::Store { .. } => ErrorCode::Store,
            Refusal::Internal => ErrorCode::Internal,
        }
    }

    /// The HTTP status: 4xx is the client's fault, 503 passes by itself, 500 is ours.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code() {
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::BodyTooLarge | ErrorCode::TooManyRows => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BodyUnfinished => match self {
                Refusal::BodyLate { .. } => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            },
            ErrorCode::NotLoaded | ErrorCode::Busy | ErrorCode::TooSlow | ErrorCode::Store => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ErrorCode::Malformed
            | ErrorCode::Shape
            | ErrorCode::MissingColumn
            | ErrorCode::WrongKind
            | ErrorCode::NotFinite
            | ErrorCode::DuplicateColumn
            | ErrorCode::UnknownColumn
            | ErrorCode::Parameter
            | ErrorCode::Unpredictable => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the same request may well succeed a second later.
    pub(crate) fn passes_soon(&self) -> bool {
        matches!(self.code(), ErrorCode::NotLoaded | ErrorCode::Busy)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row {
            write!(f, "row {row}, ")?;
        }
        write!(f, "column {}", quoted(&self.column))
    }
}

/// `text` in quotes, cut to 40 characters, so that no answer carries much of what was sent.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

/// `text`, cut to 40 characters.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn instead_of(near: &Option<String>) -> String {
    near.as_ref()
        .map_or_else(String::new, |near| format!(" (there is {})", quoted(near)))
}

fn did_you_mean(near: &Option<String>) -> String {
    match near {
        Some(near) => format!("; did you mean {}?", quoted(near)),
        None => "; leave it out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_cut_to_forty_characters() {
        assert_eq!(quoted("short"), "\"short\"");
        assert_eq!(quoted(&"ä".repeat(41)), format!("\"{}…\"", "ä".repeat(40)));
        assert_eq!(quoted(&"a".repeat(40)), format!("\"{}\"", "a".repeat(40)));
    }
}
