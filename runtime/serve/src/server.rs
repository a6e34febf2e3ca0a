//! Accepts connections, and lets go of them again in good order.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{extract::Request, response::Response};
use hyper::body::Incoming;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use crate::{
    Limits, Service,
    connection::{self, Stage},
    routes::{Front, Routes},
};

/// What is answered on a listener.
pub(crate) trait Site: Clone + Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response> + Send;

    /// Says from now on that the process is about to end.
    fn drain(&self);

    /// Whether it says so.
    fn is_draining(&self) -> bool;
}

/// Answers on `listener` until `shutdown` ends, then drains: `/alive` turns 503 at once, the listener accepts for
/// `limits.drain_delay` more, then closes; idle connections close with it, requests in flight have
/// `limits.drain_timeout` to finish. Returns when every connection is closed.
///
/// Errors: none today; a connection that fails concerns nobody else, and a listener that runs out of file descriptors
/// tries again.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let routes = Routes::new(Arc::new(Front::new(service, limits.clone())));
    run(listener, routes, limits, shutdown).await
}

/// Answers with a site, as [`serve`] does.
pub(crate) async fn run(
    listener: TcpListener,
    site: impl Site,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let server = Server {
        connections: Arc::new(Semaphore::new(limits.max_connections.max(1) as usize)),
        stage: watch::Sender::new(Stage::Serve),
        site,
        limits,
    };
    server.accept_until(&listener, shutdown).await;
    server.site.drain();
    server
        .accept_until(&listener, sleep(server.limits.drain_delay))
        .await;
    drop(listener);
    server.stage.send_replace(Stage::Finish);
    if timeout(server.limits.drain_timeout, server.all_closed())
        .await
        .is_err()
    {
        server.stage.send_replace(Stage::Close);
        server.all_closed().await;
    }
    Ok(())
}

struct Server<S> {
    site: S,
    limits: Limits,
    /// One permit an open connection.
    connections: Arc<Semaphore>,
    stage: watch::Sender<Stage>,
}

impl<S: Site> Server<S> {
    async fn accept_until(&self, listener: &TcpListener, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                (stream, permit) = self.accept(listener) => self.start(stream, permit),
            }
        }
    }

    /// The next connection, once there is room for it.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, OwnedSemaphorePermit) {
        let permit = self.connections.clone().acquire_owned().await;
        let permit = permit.expect("nobody closes this semaphore");
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, permit),
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted: {error}; trying again in 0.1 s");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn start(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let connection = connection::run(stream, self.site.clone(), &self.limits, self.stage.subscribe());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }

    async fn all_closed(&self) {
        let all = self.limits.max_connections.max(1);
        let permits = self.connections.acquire_many(all).await;
        drop(permits.expect("nobody closes this semaphore"));
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
