//! The fence: a file with the revision of the ledger that a pod's version may be activated from.

use std::{
    convert::Infallible,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use auriga_crds::VersionNumber;
use auriga_persist::{Activation, LedgerEntry, PersistError};
use auriga_serve::Service;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{activation, console::Console, failure::Failure, follow::Follower};

/// How often to look. The file is tiny, and is replaced by a swap of links that a watch on it would not see.
const EVERY: Duration = Duration::from_millis(100);

/// The first and the longest pause before a store that failed is asked again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Why a version that is activated so is active, for the ledger.
const REASON: &str = "rollout";

/// Waits for a revision in a file, and activates from it.
pub(crate) struct Fence {
    file: PathBuf,
    /// The one version that may be activated.
    version: VersionNumber,
    console: Console,
}

impl Fence {
    pub(crate) fn new(file: PathBuf, version: VersionNumber, console: Console) -> Fence {
        Fence {
            file,
            version,
            console,
        }
    }

    /// Activates the version, once it answers on `service`, from each revision that the file comes to hold; `follower`
    /// then looks at once. A revision that is not the ledger's any more is left alone until there is another one: whoever
    /// wrote it knew less than the ledger does. Never ends.
    pub(crate) async fn watch(&self, follower: &Follower, service: &Service) -> Infallible {
        let mut done = None;
        let (mut pause, mut again) = (PAUSES.0, Instant::now());
        loop {
            sleep(EVERY).await;
            let Some(revision) = revision(&self.file) else {
                done = None;
                continue;
            };
            let is_ready = service.version() == Some(self.version) && Instant::now() >= again;
            if done == Some(revision) || !is_ready {
                continue;
            }
            match self.activate(follower, revision).await {
                Ok(_) | Err(PersistError::RevisionMoved { .. }) => {
                    (done, pause) = (Some(revision), PAUSES.0);
                    // What fails here is tried again, and told, by the follower itself.
                    let _ = follower.look(service, None).await;
                }
                Err(error) => {
                    if pause == PAUSES.0 {
                        self.console.warn(&Failure::from(error));
                    }
                    again = Instant::now() + pause;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn activate(&self, follower: &Follower, from_revision: u64) -> Result<LedgerEntry, PersistError> {
        let (key, version) = (&follower.key, self.version);
        let activation = Activation {
            version,
            from_revision,
            reason: REASON.to_owned(),
            actor: activation::actor(),
            time: Timestamp::now(),
        };
        let activated = follower.store.activate(key, activation).await;
        match &activated {
            Ok(entry) => self.console.tell(
                "active",
                format_args!("version {version} of {key}; ledger revision {}", entry.revision),
                json!({ "version": version, "ledgerRevision": entry.revision }),
            ),
            Err(error @ PersistError::RevisionMoved { .. }) => self.console.tell(
                "waiting",
                format_args!("for another fence: {error}"),
                json!({ "message": error.to_string() }),
            ),
            Err(_) => {}
        }
        activated
    }
}

/// The revision in the file; `None` while there is none, or something else.
fn revision(file: &Path) -> Option<u64> {
    let mut text = String::new();
    // More than a number has digits, so that something else is seen to be.
    File::open(file).ok()?.take(64).read_to_string(&mut text).ok()?;
    let digits = text.trim();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::revision;

    #[test]
    fn only_a_number_is_a_fence() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("activate-from");
        assert_eq!(revision(&file), None);
        for (text, expected) in [
            ("7", Some(7)),
            ("7\n", Some(7)),
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("", None),
            (" ", None),
            ("+7", None),
            ("-1", None),
            ("7 8", None),
            ("7.0", None),
            ("\"7\"", None),
            ("18446744073709551616", None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(revision(&file), expected, "{text:?}");
        }
        fs::write(&file, [0xff, 0xfe]).unwrap();
        assert_eq!(revision(&file), None);
        fs::write(&file, "7".to_owned() + &" ".repeat(100) + "8").unwrap();
        assert_eq!(
            revision(&file),
            Some(7),
            "what nobody writes is not read to its end"
        );
    }
}
