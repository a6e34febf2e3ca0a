//! Hands a response's body from the network's task to the parser's thread.

use std::io::{self, Read, Seek, Write};

use bytes::{Buf, Bytes};
use reqwest::Response;
use tempfile::SpooledTempFile;
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

/// Bytes of a body kept in memory; what is longer goes to a temporary file, so that a large answer costs its columns alone.
const KEPT_IN_MEMORY: usize = 8 << 20;

/// A body as the parser reads it. It is kept until the end, because only a table's last row settles the kinds of its
/// columns, unless somebody says that once is enough.
struct Body {
    /// `None` marks the end; without it the download failed.
    incoming: mpsc::Receiver<Option<Bytes>>,
    /// What of the last chunk was not read yet.
    chunk: Bytes,
    /// All that came in. The file has no name, so that nothing is left of it however the process ends.
    kept: SpooledTempFile,
    /// Bytes come from `kept`, until it is read to its end.
    again: bool,
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
    let body = Box::new(Body::new(incoming));
    let source = Source::new(place.to_owned(), body, total, limits, reported);
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

impl Body {
    fn new(incoming: mpsc::Receiver<Option<Bytes>>) -> Body {
        Body {
            incoming,
            chunk: Bytes::new(),
            kept: SpooledTempFile::new(KEPT_IN_MEMORY),
            again: false,
            complete: false,
            once: false,
        }
    }

    fn keep(&mut self) -> io::Result<()> {
        self.kept.write_all(&self.chunk).map_err(|error| {
            let remedy = "make room there or set TMPDIR, or declare all columns under types";
            io::Error::new(
                error.kind(),
                format!("it cannot be kept in the temporary folder: {error}: {remedy}"),
            )
        })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.again {
                match self.kept.read(buffer)? {
                    0 => self.again = false,
                    n_bytes => return Ok(n_bytes),
                }
            }
            if !self.chunk.is_empty() {
                let n_bytes = self.chunk.len().min(buffer.len());
                self.chunk.copy_to_slice(&mut buffer[..n_bytes]);
                return Ok(n_bytes);
            }
            if self.complete {
                return Ok(0);
            }
            match self.incoming.blocking_recv() {
                Some(Some(bytes)) => {
                    self.chunk = bytes;
                    if !self.once {
                        self.keep()?;
                    }
                }
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
        self.kept.rewind()?;
        self.again = true;
        self.chunk.clear();
        Ok(())
    }

    fn read_once(&mut self) {
        self.once = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of this many chunks of 1 MiB, each of a byte of its own, and what is in it.
    fn body(n_chunks: u8) -> (Body, Vec<u8>) {
        let (outgoing, incoming) = mpsc::channel(usize::from(n_chunks) + 1);
        let mut whole = Vec::new();
        for byte in 0..n_chunks {
            let chunk = vec![byte; 1 << 20];
            whole.extend_from_slice(&chunk);
            outgoing.try_send(Some(chunk.into())).unwrap();
        }
        outgoing.try_send(None).unwrap();
        (Body::new(incoming), whole)
    }

    fn read_to_end(body: &mut Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_long_body_is_kept_in_a_file_and_a_short_one_in_memory() {
        for (n_chunks, on_disk) in [(8, false), (9, true)] {
            let (mut body, whole) = body(n_chunks);
            assert!(read_to_end(&mut body) == whole);
            assert_eq!(body.kept.is_rolled(), on_disk);
            body.rewind().unwrap();
            assert!(read_to_end(&mut body) == whole);
        }
    }

    #[test]
    fn a_body_is_read_again_from_any_point() {
        for n_bytes in [1, (1 << 20) + 1, 9 << 20, (11 << 20) + 1] {
            let (mut body, whole) = body(12);
            let mut beginning = vec![0; n_bytes];
            body.read_exact(&mut beginning).unwrap();
            assert!(beginning == whole[..n_bytes]);
            body.rewind().unwrap();
            // Once more from within the part that is kept.
            body.read_exact(&mut [0; 10]).unwrap();
            body.rewind().unwrap();
            assert!(read_to_end(&mut body) == whole, "{n_bytes}");
        }
    }

    #[test]
    fn a_body_that_is_read_once_is_not_kept() {
        let (mut body, whole) = body(9);
        body.read_once();
        assert!(read_to_end(&mut body) == whole);
        assert!(!body.kept.is_rolled());
        assert!(body.rewind().is_err());
    }

    #[test]
    fn a_second_reading_that_is_the_last_keeps_no_more() {
        let (mut body, whole) = body(9);
        body.read_exact(&mut [0; 10]).unwrap();
        body.rewind().unwrap();
        body.read_once();
        assert!(read_to_end(&mut body) == whole);
        assert!(!body.kept.is_rolled());
    }
}
