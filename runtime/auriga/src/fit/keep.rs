//! Writes what was fitted, patiently, and deletes what is too old.

#[cfg(test)]
mod tests;

use std::time::Duration;

use auriga_crds::ModelKey;
use auriga_persist::{Draft, Fault, PersistError, Persister, Written, prune};
use serde_json::json;

use crate::{console::Console, failure::Failure, manifest::Manifest, progress::Phase};

/// Pauses before a write is tried again double up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// Writes; a store that does not answer for a while must not cost the fit.
pub(super) async fn write(
    store: &dyn Persister,
    key: &ModelKey,
    draft: Draft,
    patience: Duration,
    console: &Console,
) -> Result<Written, PersistError> {
    let wait_for = |what| {
        if let Some(progress) = console.progress() {
            progress.wait_for(what);
        }
    };
    if let Some(progress) = console.progress() {
        progress.reach(Phase::Persisting, 0, 1);
    }
    let (mut pause, mut waited) = (Duration::from_secs(1), Duration::ZERO);
    loop {
        // The key in the draft makes a repeated write harmless, also where only the answer was lost.
        match store.write(key, draft.clone()).await {
            Err(
                ref error @ PersistError::Store {
                    fault: Fault::Unavailable(ref reason),
                    ..
                },
            ) if waited + pause <= patience => {
                wait_for(Some(format!("the fit is done and waits to be written: {error}")));
                console.tell(
                    "waiting",
                    format_args!(
                        "{} s for the store, which cannot be reached ({reason})",
                        pause.as_secs()
                    ),
                    json!({ "seconds": pause.as_secs() }),
                );
                tokio::time::sleep(pause).await;
                waited += pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            ended => {
                wait_for(None);
                return ended;
            }
        }
    }
}

/// Deletes versions beyond the manifest's history limit. A store that fails at that has the new version nevertheless, and
/// the next fit tries again.
pub(super) async fn forget_old(manifest: &Manifest, store: &dyn Persister, console: &Console) {
    let (key, limit) = (&manifest.checked.key, manifest.checked.history_limit);
    match prune(store, key, limit, &[]).await {
        Ok(deleted) if deleted.is_empty() => {}
        Ok(deleted) => {
            let numbers: Vec<String> = deleted.iter().map(ToString::to_string).collect();
            let what = if deleted.len() == 1 { "version" } else { "versions" };
            console.tell(
                "deleted",
                format_args!(
                    "{what} {}, older than the {limit} that historyLimit keeps",
                    numbers.join(", ")
                ),
                json!({ "versions": deleted, "historyLimit": limit }),
            );
        }
        Err(error) => console.warn(&Failure::trouble(format!(
            "old versions could not be deleted: {error}"
        ))),
    }
}
