//! `/alive` and `/livez` of a process that serves no model, such as a fit.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use auriga_crds::contract::Alive;
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use crate::{
    Limits,
    routes::{self, answer},
    server::{self, Site},
};

/// Answers `/alive` with what `alive` says, and `/livez`, until `shutdown` ends; then as [`serve`](crate::serve). The
/// status is 200 whatever the message: whoever asks wants to know how far the work is.
///
/// Errors: as [`serve`](crate::serve).
pub async fn serve_alive(
    listener: TcpListener,
    alive: impl Fn() -> Alive + Send + Sync + 'static,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let site = Progress {
        alive: Arc::new(alive),
        draining: Arc::default(),
    };
    server::run(listener, site, limits, shutdown).await
}

#[derive(Clone)]
struct Progress {
    alive: Arc<dyn Fn() -> Alive + Send + Sync>,
    draining: Arc<AtomicBool>,
}

impl Site for Progress {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        let is_asking = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            "/alive" if is_asking => answer::json(StatusCode::OK, routes::to_json(&(self.alive)())),
            "/livez" if is_asking => routes::livez().await,
            "/alive" | "/livez" => {
                let mut response = answer::json(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "{\"error\":\"use GET or HEAD\"}\n",
                );
                answer::allow(&mut response, "GET,HEAD");
                answer::close(&mut response);
                response
            }
            _ => {
                let mut response = answer::json(
                    StatusCode::NOT_FOUND,
                    "{\"error\":\"this process answers /alive and /livez\"}\n",
                );
                answer::close(&mut response);
                response
            }
        }
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
