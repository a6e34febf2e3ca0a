//! One connection: its requests in a row, and a watchdog that closes it when the client is too slow.

mod pace;
mod stream;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderValue, header::CONNECTION},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

use self::{pace::Pace, stream::Paced};
use crate::{Limits, server::Site};

/// What a connection is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    /// Take requests.
    Serve,
    /// Finish the request in flight, take no other.
    Finish,
    /// Close at once.
    Close,
}

/// The largest head of a request, and what is read of a body at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// How long a connection that was accepted just before the end may take to send its first request. Its client has every
/// reason to expect an answer, unlike one that kept a connection after its answers; the answer closes it.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Serves `stream` until the client closes it, is too slow, or `stage` says so.
pub(crate) fn run<S: Site>(
    stream: TcpStream,
    site: S,
    limits: &Limits,
    mut stage: watch::Receiver<Stage>,
) -> impl Future<Output = ()> + Send + use<S> {
    // Answers are written whole; waiting to fill a packet would only delay them. A socket that refuses still works.
    let _ = stream.set_nodelay(true);
    let pace = Arc::new(Pace::new(limits));
    async move {
        let io = TokioIo::new(Paced::new(stream, pace.clone()));
        let answer = service_fn(|request: Request<Incoming>| {
            pace.request_began();
            async {
                let mut response = site.answer(request).await;
                if response.headers().contains_key(CONNECTION) {
                    pace.body_was_left();
                }
                if site.is_draining() {
                    response
                        .headers_mut()
                        .insert(CONNECTION, HeaderValue::from_static("close"));
                }
                pace.answered();
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        // hyper's own header timeout also runs while a connection is idle, so it cannot tell a client that dribbles
        // its head from one that keeps a connection for later; the watchdog can.
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(io, answer);
        let mut connection = pin!(connection);
        let mut too_slow = pin!(pace.too_slow());
        let mut lets_go = None;
        loop {
            tokio::select! {
                biased;
                // A client that went away or wrote nonsense is its own business: hyper has answered what can be.
                _ = &mut connection => return,
                () = &mut too_slow => return,
                () = sleep_until(lets_go.unwrap_or_else(Instant::now)), if lets_go.is_some() => {
                    lets_go = None;
                    connection.as_mut().graceful_shutdown();
                }
                _ = stage.changed() => match *stage.borrow_and_update() {
                    Stage::Serve => {}
                    Stage::Finish if pace.is_used() => connection.as_mut().graceful_shutdown(),
                    Stage::Finish => lets_go = Some(Instant::now() + FIRST_REQUEST),
                    Stage::Close => return,
                },
            }
        }
    }
}
