//! Bytes from text at hand.

use std::io::{self, Cursor};

use tokio::sync::watch;

use crate::{
    Limits, Progress,
    source::{Input, Source},
};

impl<T: AsRef<[u8]> + Send> Input for Cursor<T> {
    fn rewind(&mut self) -> io::Result<()> {
        self.set_position(0);
        Ok(())
    }
}

/// The text as a source called `label`.
pub(crate) fn open(label: &str, text: &str, limits: &Limits, reported: watch::Sender<Progress>) -> Source {
    let total = Some(text.len() as u64);
    Source::new(
        label.to_owned(),
        Box::new(Cursor::new(text.to_owned())),
        total,
        limits,
        reported,
    )
}
