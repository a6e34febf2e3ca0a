//! Tells whether the operator works: `/healthz`, `/readyz` and `/metrics`.

mod signs;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use signs::SILENCE;
use tokio::{net::TcpListener, sync::Semaphore};

pub use signs::Signs;
pub(crate) use signs::verb;

use crate::{context::Context, listing::Listing, start::Waiting};

/// How long a request may take to arrive, and a connection be without one.
const HEADERS: Duration = Duration::from_secs(10);
/// How many connections there are at once.
const AT_ONCE: usize = 64;

/// What the three answers are made of.
#[derive(Clone)]
pub struct Health {
    /// Everything that is counted and cached.
    pub ctx: Arc<Context>,
    /// The watches.
    pub signs: Signs,
    /// What the start waits for.
    pub waiting: Waiting,
    /// What it waits for before it works.
    pub listing: Listing,
}

/// Answers until the future is dropped.
pub async fn serve(listener: TcpListener, health: Health) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.map_err(std::io::Error::other)?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many files are open, most often: others end meanwhile.
                tracing::warn!(%error, "cannot take a connection at the metrics' address: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let router = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .serve_connection(TokioIo::new(stream), router);
            // Whoever asked is gone, or asked for nothing.
            let _ = connection.await;
            drop(place);
        });
    }
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
    let refused = health.signs.refused(Instant::now());
    let text = match (refused.as_slice(), health.listing.what()) {
        ([], None) => return (StatusCode::OK, "ok\n".to_owned()),
        ([], Some(what)) => format!("{what}\n"),
        (refused, _) => format!(
            "may not {}; run `kubectl apply -k manifests`, or give --namespace\n",
            refused.join(", ")
        ),
    };
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
