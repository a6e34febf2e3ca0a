//! Gives up lists and watches whose answers do not come: kube itself waits for them without end.
//!
//! A watch that has begun and falls silent is noticed by kube. One that was asked for on a connection that is dead, where no
//! answer ever comes and nothing says so, would hold up its kind until the program is started anew.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response,
    body::{Body, Bytes},
};
use tokio::time::timeout;
use tower::{BoxError, Layer, Service};

use crate::health::verb;

/// How long a page of a list may take, and how long the first word of a watch.
const LIMIT: Duration = Duration::from_secs(20);

/// Holds lists and watches to a deadline. Other requests have one of their own where they are made.
#[derive(Clone, Copy, Debug)]
pub struct Deadline;

impl<S> Layer<S> for Deadline {
    type Service = Timed<S>;

    fn layer(&self, inner: S) -> Timed<S> {
        Timed { inner }
    }
}

/// A client that does not wait for lists and watches without end.
#[derive(Clone, Debug)]
pub struct Timed<S> {
    inner: S,
}

impl<S, A, B> Service<Request<A>> for Timed<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send,
{
    type Response = Response<Either<Full<Bytes>, B>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(task).map_err(Into::into)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let verb = verb(request.uri().query());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answered = async {
                let answer = answer.await.map_err(Into::into)?;
                if verb != Some("list") {
                    return Ok(answer.map(Either::Right));
                }
                let (head, body) = answer.into_parts();
                let whole = body.collect().await.map_err(Into::into)?.to_bytes();
                Ok(Response::from_parts(head, Either::Left(Full::new(whole))))
            };
            if verb.is_none() {
                return answered.await;
            }
            let late = || format!("the API server did not answer within {} s", LIMIT.as_secs());
            timeout(LIMIT, answered).await.map_err(|_| late())?
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt as _, stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;
    use crate::watch::PAGE;

    const WATCH: &str = "/api/v1/pods?watch=true&timeoutSeconds=60";

    /// Whether `path` is answered by a server that sends the first bytes of its answer and then nothing, if it `begins` at
    /// all.
    async fn is_answered(path: &str, begins: bool) -> Result<(), String> {
        let server = tower::service_fn(move |_: Request<()>| async move {
            if !begins {
                std::future::pending::<()>().await;
            }
            let first = Frame::data(Bytes::from_static(b"{"));
            let rest = stream::once(async { Ok::<_, Infallible>(first) }).chain(stream::pending());
            Ok::<_, Infallible>(Response::new(StreamBody::new(rest.boxed())))
        });
        let request = Request::get(path).body(()).unwrap();
        let answer = Deadline.layer(server).call(request).await;
        answer.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_or_watch_on_a_dead_connection_is_given_up() {
        let late = Err("the API server did not answer within 20 s".to_owned());
        assert_eq!(is_answered(WATCH, false).await, late);
        let list = format!("/api/v1/pods?&limit={PAGE}");
        assert_eq!(is_answered(&list, false).await, late);
        assert_eq!(is_answered(&list, true).await, late);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_has_begun_may_take_its_time() {
        assert_eq!(is_answered(WATCH, true).await, Ok(()));
    }
}
