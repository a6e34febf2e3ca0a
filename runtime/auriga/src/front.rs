//! The listening socket, and the server behind it.

use std::{
    future::pending,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use auriga_crds::contract::Alive;
use auriga_serve::{Limits, Service, serve, serve_alive};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{failure::Failure, watch::asked_to_end};

/// A socket that is bound before anything is fitted, so that a port in use is told at once.
pub(crate) struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

/// A server on a [`Socket`].
pub(crate) struct Front {
    /// What it answers from.
    pub(crate) service: Arc<Service>,
    /// Where it listens; a port 0 has become a real one.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<io::Result<()>>,
}

impl Socket {
    /// Binds.
    ///
    /// Errors: the address is in use, or is not one of this machine's.
    pub(crate) fn bind(address: SocketAddr) -> Result<Socket, Failure> {
        let failed = |error: io::Error| {
            let next = SocketAddr::new(address.ip(), address.port().wrapping_add(1).max(1024));
            match error.kind() {
                io::ErrorKind::AddrInUse => Failure::trouble(format!(
                    "{address} is in use; stop the program that listens there, or choose another port with --listen {next}"
                )),
                io::ErrorKind::AddrNotAvailable => Failure::mistake(format!(
                    "{address} is no address of this machine; --listen takes one that is, such as 127.0.0.1:8080"
                )),
                io::ErrorKind::PermissionDenied => Failure::mistake(format!(
                    "{address} may not be listened on by this user; choose another port with --listen {next}"
                )),
                _ => Failure::trouble(format!("cannot listen on {address}: {error}")),
            }
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Socket {
            address: listener.local_addr().map_err(failed)?,
            listener,
        })
    }

    /// Answers `/alive` with what `alive` says until the process ends; gives the address.
    pub(crate) fn tell(
        self,
        alive: impl Fn() -> Alive + Send + Sync + 'static,
    ) -> Result<SocketAddr, Failure> {
        let (listener, address) = self.listen()?;
        tokio::spawn(serve_alive(listener, alive, Limits::default(), pending()));
        Ok(address)
    }

    fn listen(self) -> Result<(tokio::net::TcpListener, SocketAddr), Failure> {
        let Socket { listener, address } = self;
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|error| Failure::trouble(format!("cannot listen on {address}: {error}")))?;
        Ok((listener, address))
    }

    /// Starts a server that answers from `service`.
    pub(crate) fn serve(self, service: Arc<Service>, limits: Limits) -> Result<Front, Failure> {
        let (listener, address) = self.listen()?;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let ended = tokio::spawn(serve(listener, service.clone(), limits, shutdown));
        Ok(Front {
            service,
            address,
            stop,
            ended,
        })
    }
}

impl Front {
    /// Stops accepting, lets requests in flight finish, and returns when all connections are closed; at once when the
    /// user asks a second time: a client that dawdles must not hold Ctrl-C up.
    pub(crate) async fn stop_patiently(self) -> Result<(), Failure> {
        let asked_again = asked_to_end()?;
        tokio::select! {
            () = self.stop() => {}
            () = asked_again => {}
        }
        Ok(())
    }

    async fn stop(self) {
        // The server is gone already if nobody listens; there is nothing left to stop then.
        let _ = self.stop.send(());
        let _ = self.ended.await;
    }
}
