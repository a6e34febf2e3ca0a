//! The headers that answers carry.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};

use crate::state::Live;

const X_MODEL_VERSION: HeaderName = HeaderName::from_static("x-model-version");

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Names the version that answers.
pub(super) fn name_version(response: &mut Response, live: &Live) {
    response
        .headers_mut()
        .insert(X_MODEL_VERSION, live.version_header.clone());
}

/// Asks the client to come again in a second.
pub(super) fn retry_soon(response: &mut Response) {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
}

/// Says that the connection ends here, because the request's body was not read to its end.
pub(crate) fn close(response: &mut Response) {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Names the methods that the path takes.
pub(crate) fn allow(response: &mut Response, methods: &'static str) {
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
}
