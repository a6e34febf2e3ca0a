//! Which request is answered by what.

pub(crate) mod answer;
mod body;
mod list;
mod predict;
#[cfg(test)]
mod tests;

use std::{any::Any, sync::Arc};

use auriga_crds::contract::Alive;
use axum::{
    BoxError, Router,
    body::{Bytes, HttpBody},
    extract::{self, Request},
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower::Service as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Limits, Service,
    refusal::{Refusal, cut},
    server::Site,
    state::State,
};

/// What every route shares: the service and the room that requests compete for.
pub(crate) struct Front {
    pub(crate) service: Arc<Service>,
    limits: Limits,
    /// One permit a predict request that computes.
    in_flight: Semaphore,
    /// One permit a listing of the store.
    listings: Semaphore,
    /// One permit a byte of a body that is being read or decoded.
    body_room: Arc<Semaphore>,
    /// One permit a prediction on a thread of its own.
    threads: Arc<Semaphore>,
}

impl Front {
    pub(crate) fn new(service: Arc<Service>, limits: Limits) -> Front {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // A body of the allowed size must fit when it is the only one.
        let body_room = limits
            .max_buffered_bytes
            .max(limits.max_body_bytes)
            .min(Semaphore::MAX_PERMITS);
        Front {
            in_flight: Semaphore::new(limits.max_in_flight.max(1) as usize),
            listings: Semaphore::new(limits.max_listings.max(1) as usize),
            body_room: Arc::new(Semaphore::new(body_room)),
            threads: Arc::new(Semaphore::new(threads)),
            service,
            limits,
        }
    }

    /// The answer to a request that `state` would have answered.
    fn refuse(&self, state: &State, refusal: &Refusal) -> Response {
        let body = state.metadata.of_error(refusal);
        let mut response = answer::json(refusal.status(), body);
        if refusal.passes_soon() {
            answer::retry_soon(&mut response);
        }
        if let Some(live) = &state.live {
            answer::name_version(&mut response, live);
        }
        response
    }

    /// The answer to a request whose body nobody will read.
    fn refuse_unread<B: HttpBody>(&self, state: &State, request: &Request<B>, refusal: &Refusal) -> Response {
        let mut response = self.refuse(state, refusal);
        if !request.body().is_end_stream() {
            answer::close(&mut response);
        }
        response
    }

    /// The answer to a request whose method is not among those allowed, as the header and as people write them.
    fn refuse_method<B: HttpBody>(
        &self,
        state: &State,
        request: &Request<B>,
        (header, allowed): (&'static str, &'static str),
    ) -> Response {
        let refusal = Refusal::MethodNotAllowed {
            method: cut(request.method().as_str()),
            path: request.uri().path().to_owned(),
            allowed,
        };
        let mut response = self.refuse_unread(state, request, &refusal);
        answer::allow(&mut response, header);
        response
    }
}

/// All routes of a service.
#[derive(Clone)]
pub(crate) struct Routes {
    front: Arc<Front>,
    router: Router,
}

impl Routes {
    /// The routes of `front`.
    pub(crate) fn new(front: Arc<Front>) -> Routes {
        Routes {
            router: router(front.clone()),
            front,
        }
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let state = self.front.service.state();
        // Entry points come and go with the settings, and the router boxes request, answer and future at every layer:
        // nothing to a probe, but a seventh of the time of a small prediction.
        if let Some(at) = state.entry_point(request.uri().path()) {
            return match *request.method() {
                Method::GET | Method::HEAD | Method::POST => {
                    predict::predict(&self.front, state, at, request).await
                }
                _ => self
                    .front
                    .refuse_method(&state, &request, ("GET,HEAD,POST", "GET, HEAD or POST")),
            };
        }
        let Ok(response) = self.router.clone().call(request).await;
        response
    }
}

impl Site for Routes {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        Routes::answer(self, request).await
    }

    fn drain(&self) {
        self.front.service.drain();
    }

    fn is_draining(&self) -> bool {
        self.front.service.is_draining()
    }
}

fn router(front: Arc<Front>) -> Router {
    let panicked = {
        let front = front.clone();
        move |cause: Box<dyn Any + Send>| internal_error(&front, &*cause)
    };
    Router::new()
        .route("/alive", get(alive))
        .route("/livez", get(livez))
        .route("/list", get(list::list))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(front)
}

async fn alive(extract::State(front): extract::State<Arc<Front>>) -> Response {
    let alive = front.service.alive();
    let status = match alive.message {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer::json(status, to_json(&alive))
}

pub(crate) fn to_json(alive: &Alive) -> String {
    serde_json::to_string(alive).expect("texts, numbers and maps with text keys always become JSON")
}

/// Says only that the process runs: an empty store must not restart it.
pub(crate) async fn livez() -> Response {
    answer::json(StatusCode::OK, "{\"live\":true}\n")
}

async fn not_found(extract::State(front): extract::State<Arc<Front>>, request: Request) -> Response {
    let state = front.service.state();
    let paths = state.settings.entry_points.iter();
    let paths: Vec<&str> = paths.map(|entry_point| entry_point.path.as_str()).collect();
    let hint = format!(
        "this service answers {}, /alive, /livez and /list",
        paths.join(", ")
    );
    let path = request.uri().path().to_owned();
    front.refuse_unread(&state, &request, &Refusal::NotFound { path, hint })
}

async fn method_not_allowed(extract::State(front): extract::State<Arc<Front>>, request: Request) -> Response {
    front.refuse_method(&front.service.state(), &request, ("GET,HEAD", "GET or HEAD"))
}

fn internal_error(front: &Front, cause: &(dyn Any + Send)) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = text, "a request made the service panic; this is a bug");
    front.refuse(&front.service.state(), &Refusal::Internal)
}
