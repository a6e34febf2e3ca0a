//! Keeps the time after which an API server that is too busy wants to be asked again.
//!
//! It says so in a header, beside a line of plain text; kube makes an error of the text, and drops the header. See
//! "Priority and fairness" of its documentation, and RFC 9110, 10.2.3.

use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Response, StatusCode,
    body::{Body, Bytes},
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    http::response::Parts,
};
use serde_json::json;
use tower::BoxError;

/// An answer, or a status of the API's in place of a refusal in plain text that says when to come again.
pub async fn patient<B>(answer: Response<B>) -> Result<Response<Either<Full<Bytes>, B>>, BoxError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let (mut head, body) = answer.into_parts();
    let Some(seconds) = wish(&head) else {
        return Ok(Response::from_parts(head, Either::Right(body)));
    };
    let text = body.collect().await.map_err(Into::into)?.to_bytes();
    let reason = match head.status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        _ => "ServiceUnavailable",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
        "code": head.status.as_u16(), "message": String::from_utf8_lossy(&text).trim(),
        "details": { "retryAfterSeconds": seconds },
    });
    head.headers.remove(CONTENT_LENGTH);
    let body = Full::new(Bytes::from(status.to_string()));
    Ok(Response::from_parts(head, Either::Left(body)))
}

/// In how many seconds a refusal asks to be tried again that does not say so as the API does.
fn wish(head: &Parts) -> Option<u32> {
    let is_busy = matches!(
        head.status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let is_status = text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
    // A date, which is allowed too, no API server sends.
    let seconds = text(RETRY_AFTER)?.trim().parse().ok()?;
    (is_busy && !is_status).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hyper::Request;
    use kube::{Api, Client, client::Body as Sent, core::Status};

    use tower::{Layer as _, util::AndThenLayer};

    use super::*;

    /// What kube makes of an answer with this code, type, header and text.
    async fn error(code: u16, kind: &'static str, after: &'static str, text: &'static str) -> Status {
        let server = tower::service_fn(move |_: Request<Sent>| async move {
            let answer = Response::builder().status(code).header(CONTENT_TYPE, kind);
            let answer = answer.header(RETRY_AFTER, after);
            Ok::<_, Infallible>(answer.body(Sent::from(text.as_bytes().to_vec())).unwrap())
        });
        let client = Client::new(AndThenLayer::new(patient).layer(server), "default");
        let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::default_namespaced(client);
        match pods.get("iris").await.unwrap_err() {
            kube::Error::Api(status) => *status,
            other => panic!("{other}"),
        }
    }

    fn seconds(status: &Status) -> Option<u32> {
        status.details.as_ref().map(|details| details.retry_after_seconds)
    }

    #[tokio::test]
    async fn when_a_busy_server_wants_to_be_asked_again_is_known_where_it_answers_in_plain_text() {
        let words = "Too many requests, please try again later.";
        let status = error(429, "text/plain; charset=utf-8", "2", words).await;
        assert_eq!((status.code, seconds(&status)), (429, Some(2)));
        assert_eq!(status.message, words);
    }

    #[tokio::test]
    async fn other_refusals_stay_as_they_are() {
        let own = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":429,"reason":"TooManyRequests",
            "message":"the server is busy","details":{"retryAfterSeconds":7}}"#;
        let status = error(429, "application/json", "1", own).await;
        assert_eq!((status.code, seconds(&status)), (429, Some(7)));
        for (code, after) in [(403, "2"), (429, "soon")] {
            let status = error(code, "text/plain", after, "no").await;
            assert_eq!((status.code, seconds(&status)), (code, None), "{after}");
        }
    }
}
