//! Which request is answered by what.

mod answer;
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
    extract::{Request, State},
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use tokio::sync::Semaphore;
use tower::Service as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Limits, Service,
    refusal::{Refusal, cut},
    service::Live,
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

    /// Where the entry point at `path` stands in the settings.
    fn entry_point(&self, path: &str) -> Option<usize> {
        let entry_points = &self.service.settings().entry_points;
        entry_points
            .iter()
            .position(|entry_point| entry_point.path == path)
    }

    /// The answer to a request that `live` would have answered.
    fn refuse(&self, live: Option<&Live>, refusal: &Refusal) -> Response {
        let body = self.service.metadata(live).of_error(refusal);
        let mut response = answer::json(refusal.status(), body);
        if refusal.passes_soon() {
            answer::retry_soon(&mut response);
        }
        if let Some(live) = live {
            answer::name_version(&mut response, live);
        }
        response
    }

    /// The answer to a request whose body nobody will read.
    fn refuse_unread<B: HttpBody>(&self, request: &Request<B>, refusal: &Refusal) -> Response {
        let mut response = self.refuse(self.service.live().as_deref(), refusal);
        if !request.body().is_end_stream() {
            answer::close(&mut response);
        }
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
        // The router boxes request, answer and future at every layer. That is nothing to a probe, but a seventh of the
        // time of a small prediction, so these go straight to where the router would bring them.
        if matches!(*request.method(), Method::GET | Method::POST)
            && let Some(at) = self.front.entry_point(request.uri().path())
        {
            return predict::predict(&self.front, at, request).await;
        }
        let Ok(response) = self.router.clone().call(request).await;
        response
    }
}

fn router(front: Arc<Front>) -> Router {
    let mut router = Router::new()
        .route("/alive", get(alive))
        .route("/livez", get(livez))
        .route("/list", get(list::list));
    for (at, entry_point) in front.service.settings().entry_points.iter().enumerate() {
        let predict = async move |State(front): State<Arc<Front>>, request: Request| {
            predict::predict(&front, at, request).await
        };
        router = router.route(&entry_point.path, get(predict).post(predict));
    }
    let panicked = {
        let front = front.clone();
        move |cause: Box<dyn Any + Send>| internal_error(&front, &*cause)
    };
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(front)
}

async fn alive(State(front): State<Arc<Front>>) -> Response {
    let alive = front.service.alive();
    let status = match alive.message {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer::json(status, to_json(&alive))
}

fn to_json(alive: &Alive) -> String {
    serde_json::to_string(alive).expect("texts, numbers and maps with text keys always become JSON")
}

/// Says only that the process runs: an empty store must not restart it.
async fn livez() -> Response {
    answer::json(StatusCode::OK, "{\"live\":true}\n")
}

async fn not_found(State(front): State<Arc<Front>>, request: Request) -> Response {
    let paths = front
        .service
        .settings()
        .entry_points
        .iter()
        .map(|entry_point| entry_point.path.as_str());
    let hint = format!(
        "this service answers {}, /alive, /livez and /list",
        paths.collect::<Vec<_>>().join(", ")
    );
    let path = request.uri().path().to_owned();
    front.refuse_unread(&request, &Refusal::NotFound { path, hint })
}

async fn method_not_allowed(State(front): State<Arc<Front>>, request: Request) -> Response {
    let path = request.uri().path();
    let refusal = Refusal::MethodNotAllowed {
        method: cut(request.method().as_str()),
        path: path.to_owned(),
        allowed: match front.entry_point(path) {
            Some(_) => "GET, HEAD or POST",
            None => "GET or HEAD",
        },
    };
    front.refuse_unread(&request, &refusal)
}

fn internal_error(front: &Front, cause: &(dyn Any + Send)) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = text, "a request made the service panic; this is a bug");
    front.refuse(front.service.live().as_deref(), &Refusal::Internal)
}
