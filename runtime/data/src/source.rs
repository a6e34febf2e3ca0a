//! The bytes of one place as formats read them: counted, capped, reported, and readable once more from the start.

use std::io::{self, Read};

use tokio::sync::watch;

use crate::{DataError, Limits, Progress};

/// Reports come this many bytes apart at most often; finer ones would only cost time.
const REPORT_EVERY: u64 = 256 << 10;

/// What a place brings: bytes that can be read again from the start.
pub(crate) trait Input: Read + Send {
    /// Goes back to the first byte.
    fn rewind(&mut self) -> io::Result<()>;

    /// Whether the bytes are still those that were there when it was opened. Asked at the end and before a rewind, since
    /// bytes of before and after a change make a table that nobody wrote.
    fn is_unchanged(&self) -> bool {
        true
    }

    /// Says that nobody will rewind any more, so that nothing needs to be kept.
    fn read_once(&mut self) {}
}

/// The bytes of one place.
pub(crate) struct Source {
    place: String,
    input: Box<dyn Input>,
    total: Option<u64>,
    limit: u64,
    read: u64,
    reported: watch::Sender<Progress>,
}

impl Source {
    /// `total` is the number of bytes where it is known beforehand. Reading ends with an error once nobody listens to
    /// `reported` any more: then the load was given up.
    pub(crate) fn new(
        place: String,
        input: Box<dyn Input>,
        total: Option<u64>,
        limits: &Limits,
        reported: watch::Sender<Progress>,
    ) -> Source {
        Source {
            place,
            input,
            total,
            limit: limits.max_bytes,
            read: 0,
            reported,
        }
    }

    /// The place's name, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Fills `buffer` with the next bytes; fewer come only at the end.
    ///
    /// Errors: `TooLarge`, `Read`, `Stopped`, and at the end `Changed`.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n_bytes) => filled += n_bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(DataError::Read {
                        place: self.place.clone(),
                        source: error,
                    });
                }
            }
        }
        self.read += filled as u64;
        if self.read > self.limit {
            return Err(self.too_large());
        }
        if filled < buffer.len() {
            // Some network file systems tell a new length late; fewer bytes than promised tell it at once.
            if self.total.is_some_and(|total| self.read < total) {
                return Err(self.changed());
            }
            self.check_unchanged()?;
        }
        self.report(filled)?;
        Ok(filled)
    }

    /// Fails at once, before a long download, if the whole is known to be too large.
    pub(crate) fn check_total(&self) -> Result<(), DataError> {
        match self.total {
            Some(total) if total > self.limit => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// Fails if the bytes are not those that were there when it was opened.
    ///
    /// Errors: `Changed`.
    pub(crate) fn check_unchanged(&self) -> Result<(), DataError> {
        match self.input.is_unchanged() {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    /// Says that [`Source::rewind`] will not be called any more.
    pub(crate) fn read_once(&mut self) {
        self.input.read_once();
    }

    /// Goes back to the first byte.
    ///
    /// Errors: `Changed`, `Read`.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.check_unchanged()?;
        self.read = 0;
        self.input.rewind().map_err(|error| DataError::Read {
            place: self.place.clone(),
            source: error,
        })
    }

    fn changed(&self) -> DataError {
        DataError::Changed {
            place: self.place.clone(),
        }
    }

    fn too_large(&self) -> DataError {
        DataError::TooLarge {
            place: self.place.clone(),
            limit: self.limit,
        }
    }

    fn report(&self, filled: usize) -> Result<(), DataError> {
        if self.reported.is_closed() {
            return Err(DataError::Stopped {
                place: self.place.clone(),
            });
        }
        let ended = filled == 0 || Some(self.read) == self.total;
        self.reported.send_if_modified(|progress| {
            // A second reading stays below what the first one reported: a bar never runs backwards.
            let modified =
                self.read >= progress.bytes + REPORT_EVERY || (ended && self.read > progress.bytes);
            if modified {
                *progress = Progress {
                    bytes: self.read,
                    total: self.total,
                };
            }
            modified
        });
        Ok(())
    }
}
