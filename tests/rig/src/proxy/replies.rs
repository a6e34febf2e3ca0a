//! Answers that the rig gives in the API server's stead.

use http_body_util::{BodyExt as _, Full};
use hyper::{Response, StatusCode, body::Bytes, header};
use serde_json::{Value, json};

use super::Answer;

/// A refusal with this code and reason.
pub(super) fn refusal(code: StatusCode, reason: &str) -> Answer {
    let seconds = u32::from(code == StatusCode::TOO_MANY_REQUESTS);
    let mut answer = json_text(code, status(code, reason, seconds).to_string());
    if seconds > 0 {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

/// The line that ends a watch because what it was to tell is forgotten.
pub(super) fn gone_event() -> Vec<u8> {
    let event = json!({ "type": "ERROR", "object": status(StatusCode::GONE, "Expired", 0) });
    format!("{event}\n").into_bytes()
}

/// An answer with this text as JSON, be it some or not.
pub(super) fn json_text(code: StatusCode, text: impl Into<Bytes>) -> Answer {
    let body = Full::new(text.into()).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = code;
    let kind = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn status(code: StatusCode, reason: &str, seconds: u32) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(), "reason": reason,
        "message": "refused by the rig", "details": { "retryAfterSeconds": seconds },
    })
}
