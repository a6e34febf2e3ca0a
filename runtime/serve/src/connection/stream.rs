//! A socket that tells its pace when bytes come, and lingers where closing at once would lose an answer.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::pace::Pace;

/// How much, and for how long, is read of a body that was refused. Closing a socket with unread bytes resets it, and
/// many clients then report the reset instead of the answer that says why.
const LINGER_BYTES: usize = 8 << 20;
const LINGER_TIME: Duration = Duration::from_secs(1);

/// A stream with its pace.
pub(super) struct Paced {
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
    /// `stream`, telling `pace`.
    pub(super) fn new(stream: TcpStream, pace: Arc<Pace>) -> Paced {
        Paced {
            stream,
            pace,
            linger: None,
        }
    }

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
        if shut.is_ok() && self.pace.has_left_body() {
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
