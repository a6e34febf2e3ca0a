//! Writes what was fitted, patiently, and deletes what is too old.

#[cfg(test)]
mod tests;

use std::time::Duration;

use auriga_crds::ModelKey;
use auriga_persist::{Draft, PersistError, Persister, Written, prune};
use serde_json::json;

use super::patience::patiently;
use crate::{console::Console, failure::Failure, manifest::Manifest, progress::Phase};

/// Writes; a store that does not answer for a while must not cost the fit.
pub(super) async fn write(
    store: &dyn Persister,
    key: &ModelKey,
    draft: Draft,
    patience: Duration,
    console: &Console,
) -> Result<Written, PersistError> {
    if let Some(progress) = console.progress() {
        progress.reach(Phase::Persisting, 0, 1);
    }
    // The key in the draft makes a repeated write harmless, also where only the answer was lost.
    let write = async || store.write(key, draft.clone()).await;
    patiently(
        patience,
        "the fit is done and waits to be written",
        console,
        write,
    )
    .await
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
