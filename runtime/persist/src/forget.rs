//! Deletes all versions of a model, the active one too.

use auriga_crds::{ModelKey, VersionNumber};

use crate::{Deactivation, PersistError, Persister};

/// How often to begin again because a version became active, or a new one was written, in between.
const ATTEMPTS: usize = 16;

/// Deletes every version of a model, damaged ones too, after letting none be active, and answers the numbers that this
/// call deleted. The numbers stay used and the ledger stays, so that a model of the same name goes on from there.
///
/// Can be repeated: what is gone is gone, and whoever was killed in between is finished by the next one.
///
/// Errors: those of the store, from the first step that meets one; `VersionActive` where somebody activates versions
/// again and again.
pub async fn forget(
    store: &dyn Persister,
    model: &ModelKey,
    wish: &Deactivation,
) -> Result<Vec<VersionNumber>, PersistError> {
    let mut deleted = Vec::new();
    for attempt in 1.. {
        store.deactivate(model, wish.clone()).await?;
        let listing = store.list(model).await?;
        let whole = listing.versions.iter().map(|version| version.number);
        let damaged = listing.damaged.iter().map(|damaged| damaged.version);
        let numbers: Vec<VersionNumber> = whole.chain(damaged).collect();
        if numbers.is_empty() {
            break;
        }
        for number in numbers {
            match store.delete(model, number).await {
                Ok(()) => deleted.push(number),
                Err(PersistError::VersionAbsent { .. }) => {}
                Err(PersistError::VersionActive { .. }) if attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }
    deleted.sort_unstable();
    Ok(deleted)
}
