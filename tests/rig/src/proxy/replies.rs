//! Answers that the rig gives in the API server's stead.

use http_body_util::{BodyExt as _, Full};
use hyper::{Response, StatusCode, body::Bytes, header};
use serde_json::{Value, json};

use super::Answer;

/// A refusal with this code and reason.
pub(super) fn refusal(code: StatusCode, reason: &str) -> Answer {
    json_text(code, status(code, reason).to_string())
}

/// What an API server says that has more requests under way than it may: not as its other refusals, but in plain text.
pub(super) fn too_many() -> Answer {
    let words = "Too many requests, please try again later.\n";
    let mut answer = text(StatusCode::TOO_MANY_REQUESTS, "text/plain; charset=utf-8", words);
    answer.headers_mut().insert(header::RETRY_AFTER, 1.into());
    answer
}

/// The line that ends a watch because what it was to tell is forgotten.
pub(super) fn gone_event() -> Vec<u8> {
    let event = json!({ "type": "ERROR", "object": status(StatusCode::GONE, "Expired") });
    format!("{event}\n").into_bytes()
}

/// An answer with this text as JSON, be it some or not.
pub(super) fn json_text(code: StatusCode, json: impl Into<Bytes>) -> Answer {
    text(code, "application/json", json)
}

fn text(code: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let body = Full::new(text.into()).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = code;
    let kind = header::HeaderValue::from_static(kind);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn status(code: StatusCode, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(), "reason": reason,
        "message": "refused by the rig", "details": {},
    })
}
