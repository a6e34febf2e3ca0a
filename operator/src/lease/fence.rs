//! Keeps one who no longer holds the Lease, and may not know it yet, from writing.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use hyper::{
    Method, Request, Uri,
    http::{request::Parts, uri::PathAndQuery},
};
use tokio::{
    sync::{OwnedRwLockReadGuard, RwLock},
    time::{Instant, sleep_until, timeout_at},
};
use tower::{BoxError, Layer, Service};

use super::{LASTS, LEASES, TRUSTED};
use crate::context::lock;

/// How long a write that has begun may go on after trust in the Lease has ended: the next one takes it no sooner.
const ON_THE_WAY: Duration = LASTS.saturating_sub(TRUSTED);

/// Whether this operator is the one that works. The clock is the machine's own and goes on while a process is stopped.
#[derive(Clone, Debug, Default)]
pub struct Leading {
    until: Arc<Mutex<Option<Instant>>>,
    /// Held, for reading, by every write that is on its way.
    writes: Arc<RwLock<()>>,
    /// Until when one may be done whose answer nobody waited for.
    unanswered: Arc<Mutex<Option<Instant>>>,
}

impl Leading {
    /// Whether it is, now.
    pub fn now(&self) -> bool {
        self.trusted_until().is_some()
    }

    /// Until when it is, unless the Lease is renewed; `None`: it is not.
    fn trusted_until(&self) -> Option<Instant> {
        lock(&self.until).filter(|until| Instant::now() < *until)
    }

    /// It is, until then at least; answers whether it was up to this moment. Where it was not, looks may have been left out.
    pub fn until(&self, until: Instant) -> bool {
        let before = lock(&self.until).replace(until);
        before.is_some_and(|before| Instant::now() < before)
    }

    /// It is not, from now on.
    pub fn end(&self) {
        *lock(&self.until) = None;
    }

    /// Waits until no write is on its way any more.
    pub async fn silence(&self) {
        drop(self.writes.write().await);
        let unanswered = *lock(&self.unanswered);
        if let Some(until) = unanswered {
            sleep_until(until).await;
        }
    }
}

/// A write that is on its way. The API server may do one that was given up as long as it was asked to.
struct OnItsWay {
    _counted: OwnedRwLockReadGuard<()>,
    until: Instant,
    unanswered: Arc<Mutex<Option<Instant>>>,
    is_answered: bool,
}

impl OnItsWay {
    /// It was done, or refused.
    fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if !self.is_answered {
            let mut latest = lock(&self.unanswered);
            *latest = latest.max(Some(self.until));
        }
    }
}

/// Sends no write of one who does not lead, but those to the Lease itself; and lets no write be on its way for longer than
/// the Lease is sure to last.
#[derive(Clone, Debug)]
pub struct Fence(pub Leading);

impl<S> Layer<S> for Fence {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Fenced<S> {
        Fenced {
            inner,
            leading: self.0.clone(),
        }
    }
}

/// A client that may write only while its operator leads.
#[derive(Clone, Debug)]
pub struct Fenced<S> {
    inner: S,
    leading: Leading,
}

impl<S, A> Service<Request<A>> for Fenced<S>
where
    S: Service<Request<A>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(task).map_err(Into::into)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        if request.method() == Method::GET || is_of_lease(request.uri().path()) {
            let answer = self.inner.call(request);
            return Box::pin(async move { answer.await.map_err(Into::into) });
        }
        // Before the question, so that no write begins between it and the end of all.
        let counted = Arc::clone(&self.leading.writes).try_read_owned();
        let (Ok(counted), Some(until)) = (counted, self.leading.trusted_until()) else {
            return Box::pin(async {
                Err("the Lease is not this operator's, or could not be renewed in time".into())
            });
        };
        let until = until + ON_THE_WAY;
        // More than nothing, which the API server would take for no limit at all: trust had not ended a moment ago.
        let limit = until.duration_since(Instant::now()).max(Duration::from_millis(1));
        let on_its_way = OnItsWay {
            _counted: counted,
            until,
            unanswered: Arc::clone(&self.leading.unanswered),
            is_answered: false,
        };
        let answer = self.inner.call(bounded(request, limit));
        Box::pin(async move {
            match timeout_at(until, answer).await {
                Ok(Ok(answer)) => {
                    on_its_way.answered();
                    Ok(answer)
                }
                // A connection that broke says nothing of what was sent on it.
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err("no answer came before the Lease could have ended".into()),
            }
        })
    }
}

/// The request with a limit that the API server keeps to by itself, from its arrival on: one that was sent cannot be called
/// back from here. What the network holds up for longer than that, UIDs and versions have to refuse.
///
/// Source: the query parameter `timeout` of the Kubernetes API, a duration of Go's.
fn bounded<A>(request: Request<A>, limit: Duration) -> Request<A> {
    let (mut parts, body) = request.into_parts();
    parts.uri = with_timeout(&parts, limit).unwrap_or(parts.uri);
    Request::from_parts(parts, body)
}

fn with_timeout(parts: &Parts, limit: Duration) -> Option<Uri> {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let asked = format!("{path}?{query}&timeout={}ms", limit.as_millis());
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = Some(PathAndQuery::try_from(asked).ok()?);
    Uri::from_parts(uri).ok()
}

fn is_of_lease(path: &str) -> bool {
    path.starts_with(LEASES)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::Response;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_is_on_its_way_no_longer_than_the_lease_lasts() {
        let leading = Leading::default();
        let asked = Arc::new(Mutex::new(String::new()));
        let silent = tower::service_fn({
            let asked = Arc::clone(&asked);
            move |request: Request<()>| {
                *lock(&asked) = request.uri().to_string();
                std::future::pending::<Result<Response<()>, std::convert::Infallible>>()
            }
        });
        let mut client = Fence(leading.clone()).layer(silent);
        let start = Instant::now();
        leading.until(start + TRUSTED);
        let job = "http://host/apis/batch/v1/namespaces/a/jobs?&fieldManager=auriga";
        let write = Request::post(job).body(()).unwrap();
        let refused = client.call(write).await.unwrap_err();
        assert_eq!(start.elapsed(), LASTS);
        assert!(refused.to_string().contains("before the Lease could have ended"));
        assert_eq!(*lock(&asked), format!("{job}&timeout=15000ms"));
    }

    fn write() -> Request<()> {
        let jobs = Request::post("/apis/batch/v1/namespaces/a/jobs");
        jobs.body(()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_when_the_last_write_has_its_answer() {
        let leading = Leading::default();
        let slow = tower::service_fn(|_: Request<()>| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok::<_, std::convert::Infallible>(Response::new(()))
        });
        let mut client = Fence(leading.clone()).layer(slow);
        let start = Instant::now();
        leading.until(start + TRUSTED);
        let answer = client.call(write());
        leading.end();
        let (answer, ()) = tokio::join!(answer, leading.silence());
        assert!(answer.is_ok(), "{answer:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(client.call(write()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_when_a_write_that_was_given_up_can_no_longer_be_done() {
        let leading = Leading::default();
        let silent = tower::service_fn(|_: Request<()>| {
            std::future::pending::<Result<Response<()>, std::convert::Infallible>>()
        });
        let mut client = Fence(leading.clone()).layer(silent);
        let start = Instant::now();
        leading.until(start + TRUSTED);
        let answer = client.call(write());
        let given_up = tokio::time::timeout(Duration::from_secs(2), answer).await;
        assert!(given_up.is_err());
        leading.end();
        leading.silence().await;
        assert_eq!(start.elapsed(), LASTS);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_when_a_write_whose_connection_broke_can_no_longer_be_done() {
        let leading = Leading::default();
        let broken = tower::service_fn(|_: Request<()>| {
            std::future::ready(Err::<Response<()>, _>(std::io::Error::other("it broke")))
        });
        let mut client = Fence(leading.clone()).layer(broken);
        let start = Instant::now();
        leading.until(start + TRUSTED);
        assert!(client.call(write()).await.is_err());
        leading.end();
        leading.silence().await;
        assert_eq!(start.elapsed(), LASTS);
    }

    #[tokio::test]
    async fn who_does_not_lead_reads_and_renews_but_writes_nothing() {
        let leading = Leading::default();
        let answer = tower::service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(())))
        });
        let mut client = Fence(leading.clone()).layer(answer);
        let mut goes = async |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            client.call(request).await.is_ok()
        };
        let job = "/apis/batch/v1/namespaces/a/jobs";
        let lease = "/apis/coordination.k8s.io/v1/namespaces/a/leases/b";
        assert!(!goes(Method::POST, job).await);
        assert!(!goes(Method::DELETE, job).await);
        assert!(goes(Method::GET, job).await);
        assert!(goes(Method::PUT, lease).await);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        assert!(!leading.until(later), "it did not lead before");
        assert!(goes(Method::PATCH, job).await);
        assert!(leading.until(now), "it did up to this moment");
        assert!(!goes(Method::PATCH, job).await);
        assert!(!leading.until(later), "trust had run out");
        leading.end();
        assert!(!goes(Method::POST, job).await);
    }
}
