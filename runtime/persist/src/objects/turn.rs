//! Lets the processes that write to one folder take turns.
//!
//! Nothing rests on it: who creates an object decides. But of sixty writers that want the same number one gets it and the
//! others have written to disk for nothing, so that in a folder they queue up at a locked file. The system unlocks it
//! when a process dies, and where files cannot be locked, or somebody sleeps with the lock, writers go on without.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    thread,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::oneshot;

use crate::failure::off_the_runtime;

/// The name of the file within the folder of a model.
const NAME: &str = "turn";

/// How long to wait for a turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// A turn, until it is dropped.
pub(super) struct Turn {
    _locked: File,
}

/// Waits for a turn at the model whose folder this is; `None` to go on without one.
pub(super) async fn wait(model: PathBuf) -> Option<Turn> {
    let open = move || {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(model.join(NAME))
            .ok()?;
        let is_ours = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        Some((file, is_ours))
    };
    let (file, is_ours) = off_the_runtime(open).await.ok()??;
    if is_ours {
        return Some(Turn { _locked: file });
    }
    let (sender, receiver) = oneshot::channel();
    // A thread of its own: the end of the runtime waits for those it started itself, and this one may wait for long. A
    // turn that comes when nobody waits any more is dropped with the file.
    let waiting = thread::Builder::new().spawn(move || {
        if flock(&file, FlockOperation::LockExclusive).is_ok() {
            drop(sender.send(file));
        }
    });
    waiting.ok()?;
    let locked = tokio::time::timeout(PATIENCE, receiver).await.ok()?.ok()?;
    Some(Turn { _locked: locked })
}
