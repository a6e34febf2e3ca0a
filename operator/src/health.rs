//! Tells whether the operator works: `/healthz`, `/readyz` and `/metrics`.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context as Task, Poll},
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tower::{Layer, Service};

use crate::{
    context::{Context, lock},
    start::Waiting,
};

/// How long a watch may be without any sign of the API server: three of its own life times.
const SILENCE: Duration = Duration::from_secs(180);

/// When the API server last answered each watch. kube's watches say nothing on a quiet day, so this listens to their
/// requests: each ends after a minute and is made anew.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    last: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Signs {
    /// The watches that were silent for too long.
    pub fn silent(&self, now: Instant) -> Vec<String> {
        let last = lock(&self.last);
        let mut silent: Vec<String> = (last.iter())
            .filter(|(_, at)| now.saturating_duration_since(**at) > SILENCE)
            .map(|(path, _)| path.clone())
            .collect();
        silent.sort();
        silent
    }

    fn see(&self, path: &str, now: Instant) {
        lock(&self.last).insert(path.to_owned(), now);
    }
}

impl<S> Layer<S> for Signs {
    type Service = Listening<S>;

    fn layer(&self, inner: S) -> Listening<S> {
        Listening {
            inner,
            signs: self.clone(),
        }
    }
}

/// A client that notes the answers to lists and watches.
#[derive(Clone, Debug)]
pub struct Listening<S> {
    inner: S,
    signs: Signs,
}

impl<S, A, B> Service<Request<A>> for Listening<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = futures_util::future::BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let path = is_watch(request.uri().query()).then(|| request.uri().path().to_owned());
        let answer = self.inner.call(request);
        let signs = self.signs.clone();
        Box::pin(async move {
            let answer = answer.await;
            // A refusal is a sign, too: to be started anew would not help against it.
            if let (Some(path), Ok(_)) = (path, &answer) {
                signs.see(&path, Instant::now());
            }
            answer
        })
    }
}

/// Whether this is a request of a watch: one, or the list that it begins with.
fn is_watch(query: Option<&str>) -> bool {
    let mut parameters = query.unwrap_or_default().split('&');
    parameters.any(|parameter| parameter == "watch=true" || parameter == "limit=500")
}

/// What the three answers are made of.
#[derive(Clone)]
pub struct Health {
    /// Everything that is counted and cached.
    pub ctx: Arc<Context>,
    /// The watches.
    pub signs: Signs,
    /// What the start waits for.
    pub waiting: Waiting,
}

/// Answers until the future is dropped.
pub async fn serve(listener: TcpListener, health: Health) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health);
    axum::serve(listener, router).await
}

/// Opens the socket for [`serve`].
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    (TcpListener::bind(address).await).map_err(|error| {
        format!("cannot listen on {address}: {error}; choose another address with --metrics-listen")
    })
}

async fn healthz(State(health): State<Health>) -> (StatusCode, String) {
    let silent = health.signs.silent(Instant::now());
    if silent.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let seconds = SILENCE.as_secs();
    let text = format!(
        "no sign of the API server for {seconds} s from the watches of {}\n",
        silent.join(", ")
    );
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    if let Some(what) = health.waiting.what() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{what}\n"));
    }
    let unread = health.ctx.caches.waiting_for();
    if unread.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let text = format!("waits for the first list of {}\n", unread.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn metrics(
    State(health): State<Health>,
) -> Result<([(&'static str, &'static str); 1], String), StatusCode> {
    let text = health
        .ctx
        .metrics
        .text()
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([("content-type", kind)], text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_without_a_sign_for_three_minutes_is_named() {
        let signs = Signs::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        signs.see("/api/v1/pods", start);
        signs.see("/apis/batch/v1/jobs", after(100));
        assert!(signs.silent(after(180)).is_empty());
        assert_eq!(signs.silent(after(181)), ["/api/v1/pods"]);
        signs.see("/api/v1/pods", after(200));
        assert!(signs.silent(after(280)).is_empty());
    }

    #[test]
    fn only_lists_and_watches_are_signs() {
        for (query, expected) in [
            ("watch=true&timeoutSeconds=60", true),
            ("&limit=500", true),
            ("fieldManager=auriga", false),
        ] {
            assert_eq!(is_watch(Some(query)), expected, "{query}");
        }
        assert!(!is_watch(None));
    }
}
