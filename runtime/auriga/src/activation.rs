//! Makes a version the active one, after it has shown that it works.

use std::{future::pending, panic::resume_unwind};

use auriga_crds::{ModelKey, VersionNumber, contract::pod::POD_NAME_VARIABLE};
use auriga_persist::{Activation, LedgerEntry, PersistError, Persister, Stored, VersionManifest, Which};
use auriga_serve::{LoadFailure, Loaded};
use jiff::Timestamp;

use crate::failure::Failure;

/// How often to look again when somebody else moves the pointer in between.
const ATTEMPTS: u32 = 8;

/// Reads a version and proves it: length and digest, container, signature, golden requests.
pub(crate) async fn load(
    store: &dyn Persister,
    key: &ModelKey,
    number: VersionNumber,
) -> Result<Loaded, LoadFailure> {
    prove(key, store.read(key, Which::Number(number)).await?).await
}

/// As [`load`], the active version unless a number is given.
pub(crate) async fn load_given(
    store: &dyn Persister,
    key: &ModelKey,
    number: Option<VersionNumber>,
) -> Result<Loaded, LoadFailure> {
    let which = number.map_or(Which::Active, Which::Number);
    prove(key, store.read(key, which).await?).await
}

/// Parses and replays on a thread of its own: a large model takes a while, and requests come in meanwhile.
async fn prove(key: &ModelKey, stored: Stored) -> Result<Loaded, LoadFailure> {
    let key = key.clone();
    let proving =
        tokio::task::spawn_blocking(move || Loaded::from_stored(&key, stored, Timestamp::now())).await;
    match proving.map_err(|error| error.try_into_panic()) {
        Ok(loaded) => loaded,
        Err(Ok(panic)) => resume_unwind(panic),
        // The process is about to end.
        Err(Err(_)) => pending().await,
    }
}

/// The version that a manifest with this hash asks for and that needs no fit: the active one if it was fitted to it,
/// else the newest that was.
pub(crate) fn fitted_before<'a>(
    versions: &'a [VersionManifest],
    active: Option<VersionNumber>,
    fit_hash: &str,
) -> Option<&'a VersionManifest> {
    let mut same = versions
        .iter()
        .filter(|version| version.facts.spec_hash == fit_hash);
    let is_active = same.clone().find(|version| Some(version.number) == active);
    is_active.or_else(|| same.next_back())
}

/// Whether the version itself is broken, so that trying again is no use; a store that is away is something else.
pub(crate) fn is_damage(failure: &LoadFailure) -> bool {
    !matches!(failure, LoadFailure::Store(error) if !matches!(error, PersistError::Corrupt { .. }))
}

/// Moves the active pointer to a version that was loaded, and so proven, before.
///
/// Whoever asks last wins: a pointer that moved meanwhile is looked at again.
pub(crate) async fn activate(
    store: &dyn Persister,
    key: &ModelKey,
    loaded: &Loaded,
    reason: &str,
) -> Result<LedgerEntry, Failure> {
    let mut attempt = 1;
    loop {
        let from_revision = store.properties(key).await?.ledger_revision;
        let activation = Activation {
            version: loaded.manifest().number,
            from_revision,
            reason: reason.to_owned(),
            actor: actor(),
            time: Timestamp::now(),
        };
        match store.activate(key, activation).await {
            Err(PersistError::RevisionMoved { .. }) if attempt < ATTEMPTS => attempt += 1,
            moved => return Ok(moved?),
        }
    }
}

/// Who activates, for the ledger: in a pod the pod's name, on a laptop the user's.
pub(crate) fn actor() -> String {
    let named = [POD_NAME_VARIABLE, "USER", "LOGNAME", "HOSTNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "auriga".to_owned())
}
