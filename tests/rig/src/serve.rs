//! Answers HTTP/1.1 at an address of this machine.

use std::time::Duration;

use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How long to wait when a connection could not be taken.
const PAUSE: Duration = Duration::from_millis(100);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Answers until the future is dropped. `greet` makes what answers the requests of a connection; `None`: it is closed.
pub(crate) async fn serve<A, F, B, E>(listener: TcpListener, greet: impl Fn(&TcpStream) -> Option<A>)
where
    A: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    E: Into<BoxError>,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // As when too many files are open: connections that end make room.
            sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let Some(answer) = greet(&stream) else { continue };
        connections.spawn(async move {
            // Whoever asked may be gone, be killed meanwhile, or was to be told nothing.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}
