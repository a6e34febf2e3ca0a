//! The contract that every store of versions obeys.

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey, VersionNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Draft, PersistError, VersionManifest};

/// Which version is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that the ledger names.
    Active,
    /// This one.
    Number(VersionNumber),
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// The version was committed by this call.
    New(VersionManifest),
    /// The same write was committed before, by this or another process.
    Existing(VersionManifest),
}

impl Written {
    /// The version, however it came to be.
    pub fn manifest(&self) -> &VersionManifest {
        match self {
            Written::New(manifest) | Written::Existing(manifest) => manifest,
        }
    }
}

/// A version with its bytes, whose length and digest were checked against the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// What is known of it.
    pub manifest: VersionManifest,
    /// The model file.
    pub blob: Vec<u8>,
}

impl Stored {
    /// Puts a version and its bytes together, if they belong together. Hashes the bytes: about a second per gigabyte.
    ///
    /// Errors: `Corrupt`, naming the digest, when length or sha256 differ from the manifest's.
    pub(crate) fn verified(
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Stored, PersistError> {
        let corrupt = |what| PersistError::Corrupt {
            model: model.clone(),
            version: manifest.number,
            what,
        };
        if blob.len() as u64 != manifest.length {
            return Err(corrupt(format!(
                "blob {} has {} bytes where {} are expected",
                manifest.digest,
                blob.len(),
                manifest.length
            )));
        }
        let found = Digest::of(&blob);
        if found != manifest.digest {
            return Err(corrupt(format!(
                "the bytes of blob {} have the digest {found}",
                manifest.digest
            )));
        }
        Ok(Stored { manifest, blob })
    }
}

/// The versions of a model: the whole ones, and those of which no more than the number can be trusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What is known of the whole versions, lowest number first. Bytes are not looked at: `read` does that.
    pub versions: Vec<VersionManifest>,
    /// The others, lowest number first.
    pub damaged: Vec<Damaged>,
}

impl Listing {
    /// The highest number among the damaged versions.
    pub fn newest_damaged(&self) -> Option<VersionNumber> {
        self.damaged.last().map(|damaged| damaged.version)
    }
}

/// A version whose manifest is not as it was written, or is of a newer build than this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Damaged {
    /// Its number, which stands beside the manifest.
    pub version: VersionNumber,
    /// What is wrong and what to do, as a message that names version and model.
    pub message: String,
}

/// A wish to move the active pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation {
    /// The version to become active.
    pub version: VersionNumber,
    /// The revision the caller saw last; the move is refused when the ledger has another.
    pub from_revision: u64,
    /// Why, for people: `fit`, `rollback`, ….
    pub reason: String,
    /// Who, for people: a user, a pod.
    pub actor: String,
    /// When, by the caller's clock.
    pub time: Timestamp,
}

/// A wish that no version be active any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Deactivation {
    /// Why, for people: `delete`, ….
    pub reason: String,
    /// Who, for people: a user, a pod.
    pub actor: String,
    /// When, by the caller's clock.
    pub time: Timestamp,
}

/// One row of the append-only ledger: what became active, instead of what, when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// Counts the moves of this model from 1; only grows, also when a version comes back.
    pub revision: u64,
    /// Active before; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<VersionNumber>,
    /// Active since; absent where nothing is any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<VersionNumber>,
    /// Digest of `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub time: Timestamp,
}

impl LedgerEntry {
    /// The row that follows this one and lets nothing be active; `None` if nothing is.
    pub(crate) fn deactivated(&self, wish: Deactivation) -> Option<LedgerEntry> {
        let Deactivation { reason, actor, time } = wish;
        self.to.map(|active| LedgerEntry {
            revision: self.revision + 1,
            from: Some(active),
            to: None,
            digest: None,
            reason,
            actor,
            time,
        })
    }
}

/// What a store says of one model as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    /// The version that the ledger names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_version: Option<VersionNumber>,
    /// The version that it named before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<VersionNumber>,
    /// Revision of the ledger; 0 before the first activation.
    pub ledger_revision: u64,
    /// The highest number ever given, deleted versions included; 0 before the first write.
    pub high_water_mark: u64,
    /// Shape of the store; see the backend's migrations.
    pub schema_version: u32,
}

/// Keeps versions and the active pointer of many models.
///
/// Invariants, each a case of the `conformance` module (behind the feature of that name): numbers of a model are unique, increasing and never reused; a
/// version is visible only when it is whole; what is read has the length and sha256 of its manifest; the active version
/// exists; the ledger only grows.
#[async_trait]
pub trait Persister: Send + Sync {
    /// Commits a version, inactive, under the highest number ever given plus one. A key written before answers the
    /// version of that time, unless it was deleted since. Bytes that a writer left behind without a manifest are
    /// collected by a later write, 24 hours of the drafts' clocks after they were begun.
    ///
    /// Errors: `NotKeepable` when a number of the facts is not finite; `Corrupt` and `VersionTooNew` when the version
    /// that has the key already is damaged, so that only another key makes a new one.
    async fn write(&self, model: &ModelKey, draft: Draft) -> Result<Written, PersistError>;

    /// One version with its bytes.
    ///
    /// Errors: `VersionAbsent`, `NothingActive`, `Corrupt` when bytes and manifest disagree, `VersionTooNew`.
    async fn read(&self, model: &ModelKey, which: Which) -> Result<Stored, PersistError>;

    /// Takes a version over from another store, inactive, under its own number and with all that is known of it. The
    /// high-water mark becomes at least that number; numbers skipped by that are never given, but may be imported later.
    /// To export is to read from one store and to import into another.
    ///
    /// Errors: `Corrupt` when the bytes are not the manifest's; `NumberUsed` when another version has or had the number
    /// here; `KeyUsed` when the same write has another number here; `NotKeepable` as in [`Persister::write`].
    async fn import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError>;

    /// Moves the active pointer and appends the ledger row, both or neither. Moving it to where it stands is done
    /// already: the standing row is answered, whatever the revision.
    ///
    /// Errors: `VersionAbsent`, `RevisionMoved`, `Corrupt` and `VersionTooNew` when its manifest is damaged.
    async fn activate(&self, model: &ModelKey, activation: Activation) -> Result<LedgerEntry, PersistError>;

    /// Lets no version be active, whatever is, and appends the ledger row, both or neither. Where nothing is active there
    /// is nothing to do, and the answer is `None`. Who acts on an older revision loses, as after any other move.
    async fn deactivate(
        &self,
        model: &ModelKey,
        deactivation: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError>;

    /// Deletes a version for good; its number stays used.
    ///
    /// Errors: `VersionAbsent`, `VersionActive`.
    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError>;

    /// All versions; none for a model that the store does not know. A damaged one hides no other.
    async fn list(&self, model: &ModelKey) -> Result<Listing, PersistError>;

    /// The model as a whole; the default for one that the store does not know.
    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError>;

    /// All moves of the active pointer, oldest first.
    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError>;

    /// The models that have or had versions, in order.
    async fn models(&self) -> Result<Vec<ModelKey>, PersistError>;

    /// Lets go of the store, so that nothing stays beside it but what belongs to it. Waits for what this handle began;
    /// the handle is of no use afterwards. Not needed for what was written to stay.
    async fn close(&self);
}
