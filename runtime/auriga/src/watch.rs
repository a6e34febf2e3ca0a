//! Notices changes of the manifest files, and the wish to end.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::Failure,
    manifest::{Files, Texts},
};

/// How often to look. Reading a few small files costs less than a watch that editors, which replace files, would lose.
const EVERY: Duration = Duration::from_millis(300);

/// Files that are read again and again.
pub(crate) struct Watch {
    files: Files,
    seen: Texts,
}

impl Watch {
    /// Watches `files`, whose texts are known to be `seen`.
    pub(crate) fn new(files: Files, seen: Texts) -> Watch {
        Watch { files, seen }
    }

    /// Waits until the texts have changed and then stayed the same for one look, so that a file that is being written
    /// is not taken half. A file that cannot be read right now counts as unchanged.
    pub(crate) async fn changed(&mut self) -> Texts {
        let mut last = self.seen.clone();
        loop {
            tokio::time::sleep(EVERY).await;
            let Ok(now) = self.files.read() else { continue };
            if now == last && now != self.seen {
                self.seen.clone_from(&now);
                return now;
            }
            last = now;
        }
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
