//! One connection: its requests in a row, and a watchdog that closes it when the client is too slow.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header::CONNECTION},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
    time::{Instant, Sleep, sleep, sleep_until},
};
use tower::Service as _;

use crate::{Limits, Service};

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

/// How much, and for how long, is read of a body that was refused. Closing a socket with unread bytes resets it, and
/// many clients then report the reset instead of the answer that says why.
const LINGER_BYTES: usize = 8 << 20;
const LINGER_TIME: Duration = Duration::from_secs(1);

/// Serves `stream` until the client closes it, is too slow, or `stage` says so.
pub(crate) fn run(
    stream: TcpStream,
    router: Router,
    service: Arc<Service>,
    limits: &Limits,
    mut stage: watch::Receiver<Stage>,
) -> impl Future<Output = ()> + Send + use<> {
    // Answers are written whole; waiting to fill a packet would only delay them. A socket that refuses still works.
    let _ = stream.set_nodelay(true);
    let pace = Arc::new(Pace::new(limits));
    async move {
        let io = TokioIo::new(Paced {
            stream,
            pace: pace.clone(),
            linger: None,
        });
        let answer = service_fn(|request: Request<Incoming>| {
            pace.request_began();
            let answer = router.clone().call(request);
            async {
                let mut response = answer.await?;
                if response.headers().contains_key(CONNECTION) {
                    pace.body_was_left();
                }
                if service.is_draining() {
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
        loop {
            tokio::select! {
                biased;
                // A client that went away or wrote nonsense is its own business: hyper has answered what can be.
                _ = &mut connection => return,
                () = &mut too_slow => return,
                _ = stage.changed() => match *stage.borrow_and_update() {
                    Stage::Serve => {}
                    Stage::Finish => connection.as_mut().graceful_shutdown(),
                    Stage::Close => return,
                },
            }
        }
    }
}

/// How long the client may still take for what it is at.
struct Pace {
    started: Instant,
    /// Milliseconds after `started` when the connection is closed.
    deadline: AtomicU64,
    /// Whether the next byte begins a request.
    idle: AtomicBool,
    /// Whether a request was answered before its body was read to the end.
    left_body: AtomicBool,
    header_timeout: Duration,
    idle_timeout: Duration,
    request_timeout: Duration,
}

impl Pace {
    fn new(limits: &Limits) -> Pace {
        let pace = Pace {
            started: Instant::now(),
            deadline: AtomicU64::new(0),
            idle: AtomicBool::new(false),
            left_body: AtomicBool::new(false),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            // The route itself answers at its timeout; what comes on top is for a client that does not take the answer.
            request_timeout: limits.request_timeout + limits.header_timeout,
        };
        pace.allow(pace.header_timeout);
        pace
    }

    fn bytes_came(&self) {
        if self.idle.swap(false, Ordering::Relaxed) {
            self.allow(self.header_timeout);
        }
    }

    fn request_began(&self) {
        self.idle.store(false, Ordering::Relaxed);
        self.allow(self.request_timeout);
    }

    fn answered(&self) {
        self.idle.store(true, Ordering::Relaxed);
        self.allow(self.idle_timeout);
    }

    fn body_was_left(&self) {
        self.left_body.store(true, Ordering::Relaxed);
    }

    fn allow(&self, timeout: Duration) {
        let deadline = self.started.elapsed() + timeout;
        self.deadline
            .store(deadline.as_millis() as u64, Ordering::Relaxed);
    }

    /// Ends when the deadline has passed. It moves with every request, so instead of setting a timer each time this
    /// looks again after the shortest of the timeouts: no deadline set in between can be earlier.
    async fn too_slow(&self) {
        let shortest = self
            .header_timeout
            .min(self.idle_timeout)
            .min(self.request_timeout);
        loop {
            let deadline = self.started + Duration::from_millis(self.deadline.load(Ordering::Relaxed));
            let now = Instant::now();
            if now >= deadline {
                return;
            }
            // The timer counts in milliseconds; asking for less than one would spin.
            sleep_until(deadline.min(now + shortest.max(Duration::from_millis(1)))).await;
        }
    }
}

/// A stream that tells its pace when bytes come, and lingers where closing at once would lose an answer.
struct Paced {
    stream: TcpStream,
    pace: Arc<Pace>,
    linger: Option<Linger>,
}

/// What may still be read, and until when.
struct Linger {
    n_bytes: usize,
    end: Pin<Box<Sleep>>,
}

impl Paced {
    /// Reads and forgets what the client still sends, within bounds.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            n_bytes: LINGER_BYTES,
            end: Box::pin(sleep(LINGER_TIME)),
        });
        let mut buffer = [0; 8 << 10];
        while linger.n_bytes > 0 && linger.end.as_mut().poll(cx).is_pending() {
            let mut read = ReadBuf::new(&mut buffer);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => {
                    linger.n_bytes = linger.n_bytes.saturating_sub(read.filled().len());
                }
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came();
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
        if shut.is_ok() && self.pace.left_body.load(Ordering::Relaxed) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
