//! Keeps one who no longer holds the Lease, and may not know it yet, from writing.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use hyper::{Method, Request};
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

use crate::context::lock;

/// Whether this operator is the one that works. The clock is the machine's own and goes on while a process is stopped.
#[derive(Clone, Debug, Default)]
pub struct Leading {
    until: Arc<Mutex<Option<Instant>>>,
}

impl Leading {
    /// Whether it is, now.
    pub fn now(&self) -> bool {
        lock(&self.until).is_some_and(|until| Instant::now() < until)
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
}

/// Sends no write of one who does not lead, but those to the Lease itself.
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
        let is_read = request.method() == Method::GET;
        if !is_read && !is_of_lease(request.uri().path()) && !self.leading.now() {
            return Box::pin(async {
                Err("the Lease is not this operator's, or could not be renewed in time".into())
            });
        }
        let answer = self.inner.call(request);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}

fn is_of_lease(path: &str) -> bool {
    path.starts_with("/apis/coordination.k8s.io/")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::Response;

    use super::*;

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
