//! Notices changes of the manifest files, and the wish to end.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::Failure,
    manifest::{Files, Texts},
};

/// How often to look. Reading a few small files costs less than a watch that editors, which replace files, would lose.
const EVERY: Duration = Duration::from_millis(300);
/// How many looks in a row must fail before it is told: three seconds.
const UNREADABLE_LOOKS: u32 = 10;

/// Files that are read again and again.
pub(crate) struct Watch {
    files: Files,
    seen: Texts,
    /// What was told about files that cannot be read.
    told: Option<String>,
}

impl Watch {
    /// Watches `files`, whose texts are known to be `seen`.
    pub(crate) fn new(files: Files, seen: Texts) -> Watch {
        Watch {
            files,
            seen,
            told: None,
        }
    }

    /// Waits until the texts have changed and then stayed the same for one look, so that a file that is being written
    /// is not taken half. Files that cannot be read count as unchanged; that is told once they stayed so for a while,
    /// since an editor may just be replacing them.
    ///
    /// Errors: why the files cannot be read.
    pub(crate) async fn changed(&mut self) -> Result<Texts, Failure> {
        let mut last = self.seen.clone();
        let mut n_unreadable = 0;
        loop {
            tokio::time::sleep(EVERY).await;
            match self.files.read_again(&self.seen) {
                Ok(now) if now == last && now != self.seen => {
                    self.seen.clone_from(&now);
                    self.told = None;
                    return Ok(now);
                }
                Ok(now) => {
                    last = now;
                    n_unreadable = 0;
                    self.told = None;
                }
                Err(failure) => {
                    n_unreadable += 1;
                    let words = failure.to_string();
                    if n_unreadable >= UNREADABLE_LOOKS && self.told.as_ref() != Some(&words) {
                        self.told = Some(words);
                        return Err(failure);
                    }
                }
            }
        }
    }
}

/// Does `work`, unless the user or Kubernetes asks to end first: then it is dropped, which cancels it at once. Without
/// this, the first process of a container, to which signals do nothing by default, would compute to its end.
pub(crate) async fn unless_asked_to_end(
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let ending = asked_to_end()?;
    tokio::select! {
        ended = work => ended,
        () = ending => Err(Failure::trouble("stopped by a signal before it was done; start it again to go on")),
    }
}

/// Ends when the user or Kubernetes asks the process to end. From the call on, not only once it is awaited, a signal no
/// longer kills the process: call it before the first request can come in.
pub(crate) fn asked_to_end() -> Result<impl Future<Output = ()>, Failure> {
    let unheard = |error| Failure::trouble(format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
