//! Deletes old versions beyond a number that is kept.

use std::collections::BTreeSet;

use auriga_crds::{ModelKey, VersionNumber};

use crate::{PersistError, Persister};

/// Deletes the oldest versions of a model, so that the newest `keep` stay, and answers the numbers that this call deleted,
/// lowest first.
///
/// Never deleted, and not counted against `keep` when they are older: the active version, the one that was active before
/// it and is still there, which a rollback needs, and those of `also_keep`. Damaged versions neither count nor go: they
/// may be mended from a backup, or be of a newer build, and deleting is the last thing to do with what cannot be read.
/// Others may activate and delete at the same time: what became active meanwhile stays, what is gone is gone.
///
/// Errors: those of the store, from the first step that meets one; what was deleted before stays deleted.
pub async fn prune(
    store: &dyn Persister,
    model: &ModelKey,
    keep: usize,
    also_keep: &[VersionNumber],
) -> Result<Vec<VersionNumber>, PersistError> {
    let numbers: Vec<VersionNumber> = store
        .list(model)
        .await?
        .versions
        .iter()
        .map(|version| version.number)
        .collect();
    let Some(n_old) = numbers.len().checked_sub(keep).filter(|n_old| *n_old > 0) else {
        return Ok(Vec::new());
    };
    let mut kept: BTreeSet<VersionNumber> = also_keep.iter().copied().collect();
    let ledger = store.ledger(model).await?;
    let active = ledger.last().and_then(|entry| entry.to);
    let before = ledger
        .iter()
        .rev()
        .filter_map(|entry| entry.to)
        .find(|number| Some(*number) != active && numbers.contains(number));
    kept.extend(active.into_iter().chain(before));

    let mut deleted = Vec::new();
    for number in numbers[..n_old].iter().filter(|number| !kept.contains(number)) {
        match store.delete(model, *number).await {
            Ok(()) => deleted.push(*number),
            Err(PersistError::VersionActive { .. } | PersistError::VersionAbsent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}
