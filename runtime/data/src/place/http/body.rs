//! Hands a response's body from the network's task to the parser's thread.

use std::io::{self, Read};

use bytes::Bytes;
use reqwest::Response;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::client::innermost;
use crate::{
    DataError, Limits, Progress,
    source::{Input, Source},
};

/// Chunks on their way: enough to keep both sides busy, little enough to be no second copy of the body.
const CHUNKS_AHEAD: usize = 16;

/// A body as the parser reads it. It is kept until the end, because only a table's last row settles the kinds of its
/// columns, unless somebody says that once is enough.
struct Body {
    /// `None` marks the end; without it the download failed.
    incoming: mpsc::Receiver<Option<Bytes>>,
    kept: Vec<Bytes>,
    /// Chunk within `kept`, and byte within that.
    at: (usize, usize),
    complete: bool,
    once: bool,
}

/// The body in two halves: the source to be read on a thread that may block, and the download to be awaited beside it.
pub(crate) fn split(
    response: Response,
    place: &str,
    limits: &Limits,
    reported: watch::Sender<Progress>,
) -> (Source, impl Future<Output = Result<(), DataError>>) {
    let (outgoing, incoming) = mpsc::channel(CHUNKS_AHEAD);
    let total = response.content_length();
    let body = Body {
        incoming,
        kept: Vec::new(),
        at: (0, 0),
        complete: false,
        once: false,
    };
    let source = Source::new(place.to_owned(), Box::new(body), total, limits, reported);
    (
        source,
        download(response, place.to_owned(), limits.clone(), outgoing),
    )
}

/// Sends chunk after chunk until the end, or until nobody wants more.
async fn download(
    mut response: Response,
    place: String,
    limits: Limits,
    outgoing: mpsc::Sender<Option<Bytes>>,
) -> Result<(), DataError> {
    loop {
        let chunk = tokio::select! {
            // First, since a parser that has enough does not care how the rest fares.
            biased;
            () = outgoing.closed() => return Ok(()),
            chunk = timeout(limits.idle, response.chunk()) => chunk,
        };
        let chunk = match chunk {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => {
                return Err(DataError::BrokenOff {
                    place,
                    fault: innermost(&error),
                });
            }
            Err(_) => {
                return Err(DataError::Timeout {
                    place,
                    phase: "a silence within the answer",
                    after: limits.idle,
                });
            }
        };
        let ended = chunk.is_none();
        if outgoing.send(chunk).await.is_err() || ended {
            return Ok(());
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let (chunk, offset) = self.at;
            if let Some(bytes) = self.kept.get(chunk) {
                let rest = &bytes[offset..];
                if rest.is_empty() {
                    self.at = (chunk + 1, 0);
                    continue;
                }
                let n_bytes = rest.len().min(buffer.len());
                buffer[..n_bytes].copy_from_slice(&rest[..n_bytes]);
                self.at = (chunk, offset + n_bytes);
                return Ok(n_bytes);
            }
            if self.complete {
                return Ok(0);
            }
            if self.once {
                self.kept.clear();
                self.at = (0, 0);
            }
            match self.incoming.blocking_recv() {
                Some(Some(bytes)) => self.kept.push(bytes),
                Some(None) => self.complete = true,
                None => return Err(io::Error::other("the download failed")),
            }
        }
    }
}

impl Input for Body {
    fn rewind(&mut self) -> io::Result<()> {
        if self.once {
            return Err(io::Error::other("a body that is read once cannot be read again"));
        }
        self.at = (0, 0);
        Ok(())
    }

    fn read_once(&mut self) {
        self.once = true;
    }
}
