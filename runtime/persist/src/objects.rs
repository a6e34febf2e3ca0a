//! Versions as objects that are created once: in a local folder today, made for object stores.
//!
//! ```text
//! auriga-store.json                                  what this is, and the schema version
//! models/<namespace>/<model>/blobs/<sha256>.<begun>.<nonce>   the bytes of one version, or of a write under way
//! models/<namespace>/<model>/v/00000042.json         number 42: a version's manifest, a tombstone, or a gap
//! models/<namespace>/<model>/imported/00000007.json  a version that came from another store under a number in a gap
//! models/<namespace>/<model>/ledger/0000000003.json  the third change of what is active or deleted
//! ```
//!
//! The one thing asked of the store is that an object can be created if there is none of its name. Two rows of such
//! objects decide everything, and each has no holes, so that a handle that knows its end finds the new end by asking for
//! the next one.
//!
//! - **Versions.** The creation of `v/<n>` is the commit. A writer creates it only after it has seen every number before,
//!   hence also whether one of them has its idempotency key: of many writers with one key, whoever comes second finds the
//!   first in the number that it did not get. A number's object is never removed, so that no number comes again: the
//!   manifest of a deleted version is overwritten with a tombstone.
//! - **The ledger.** Activations and deletions are entries of one row, and an entry is created only by who has seen all
//!   before it, so that none of them rests on something that another one is changing. A deletion is decided by its entry
//!   and seen once the tombstone is there. Who adds the next entry lays the tombstone first if it is missing, because its
//!   writer was killed: nobody can activate what is half deleted, and only the newest entry can be half done.
//!
//! A blob has a name of its own even where two versions have the same bytes, so that deleting one version takes nothing
//! from another. One that no version names is collected a day after it was begun. Every document is sealed with its own
//! key in the store, so that an altered or exchanged one is noticed.

mod blobs;
mod bucket;
mod document;
mod failure;
mod folder;
mod ledger;
mod paths;
mod pause;
mod shelf;
mod turn;
mod versions;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey, VersionNumber};
use jiff::Timestamp;
use object_store::PutPayload;

use crate::{
    Activation, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister, Properties, Stored,
    VersionManifest, Which, Written,
    failure::{Address, Failure, off_the_runtime},
};
use blobs::BlobName;
use bucket::Bucket;
use folder::Folder;
use pause::Pause;
use shelf::Shelf;
use turn::Turn;

/// One handle to a store of objects; any number of handles and processes may share the store.
pub(crate) struct ObjectStorePersister {
    address: Address,
    bucket: Bucket,
    /// What only a folder needs; absent for stores that are no file system.
    folder: Option<Folder>,
    shelves: Mutex<HashMap<ModelKey, Arc<Shelf>>>,
}

/// How often a read begins again because the version was deleted, and another one activated, in between.
const ATTEMPTS: usize = 100;

impl ObjectStorePersister {
    fn new(address: Address, bucket: Bucket, folder: Option<Folder>) -> ObjectStorePersister {
        ObjectStorePersister {
            address,
            bucket,
            folder,
            shelves: Mutex::default(),
        }
    }

    fn shelf(&self, model: &ModelKey) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().expect("nobody panics while holding it");
        shelves
            .entry(model.clone())
            .or_insert_with(|| Arc::new(Shelf::new(model)))
            .clone()
    }

    /// Waits for those who came before, where that can be known.
    async fn turn(&self, shelf: &Shelf) -> Option<Turn> {
        match &self.folder {
            Some(folder) => turn::wait(folder.of(&shelf.model)).await,
            None => None,
        }
    }

    fn check_place(&self) -> Result<(), Failure> {
        self.folder.as_ref().map_or(Ok(()), Folder::check)
    }

    async fn try_write(&self, model: &ModelKey, draft: Draft) -> Result<Written, Failure> {
        draft.facts.refuse_unkeepable(model)?;
        self.check_place()?;
        let (digest, draft) = off_the_runtime(move || (Digest::of(&draft.blob), draft)).await?;
        let Draft {
            idempotency_key,
            blob,
            facts,
            time,
        } = draft;
        let (shelf, key) = (self.shelf(model), idempotency_key.clone());
        if let Some(existing) = shelf.existing(&self.bucket, &key).await? {
            return Ok(Written::Existing(existing));
        }
        let manifest = VersionManifest {
            manifest_version: VersionManifest::MANIFEST_VERSION,
            // Replaced by the number that is free in the end.
            number: VersionNumber::FIRST,
            digest,
            length: blob.len() as u64,
            idempotency_key,
            created: time,
            facts,
        };
        let name = BlobName::new(digest, time);
        let blob = PutPayload::from(blob);
        shelf.put_blob(&self.bucket, &name, blob.clone()).await?;
        let written = self.commit(&shelf, &name, manifest, blob).await;
        match &written {
            Ok(Written::New(_)) => self.sweep(&shelf, time).await,
            Ok(Written::Existing(_)) => shelf.remove_blob(&self.bucket, &name).await?,
            // In a folder nothing is under way any more: bytes without a manifest go at once, to make room on a full disk.
            Err(_) if self.folder.is_some() => {
                if let Ok(None) = shelf.existing(&self.bucket, &key).await {
                    let _ = shelf.remove_blob(&self.bucket, &name).await;
                }
            }
            // Elsewhere the manifest may be there, or come yet: the bytes stay, for a day at least.
            Err(_) => {}
        }
        written
    }

    /// Creates the manifest under the next free number, or finds that another writer has the key.
    async fn commit(
        &self,
        shelf: &Shelf,
        name: &BlobName,
        manifest: VersionManifest,
        blob: PutPayload,
    ) -> Result<Written, Failure> {
        let mut pause = Pause::default();
        loop {
            // A writer whose clock is behind by a day may have had its bytes collected under it.
            if !shelf.has_blob(&self.bucket, name).await? {
                shelf.put_blob(&self.bucket, name, blob.clone()).await?;
            }
            let turn = self.turn(shelf).await;
            if let Some(written) = shelf.try_commit(&self.bucket, name, manifest.clone()).await? {
                return Ok(written);
            }
            drop(turn);
            pause.take().await;
        }
    }

    /// Removes what writers left behind that were killed a day ago or earlier. The version is written all the same when
    /// that fails, and a later write tries again.
    async fn sweep(&self, shelf: &Shelf, now: Timestamp) {
        let Ok(true) = shelf.sweep(&self.bucket, now).await else {
            return;
        };
        if let Some(folder) = &self.folder {
            folder.sweep(&shelf.model).await;
        }
    }

    async fn try_import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, Failure> {
        manifest.refuse_unimportable(model)?;
        self.check_place()?;
        let key = model.clone();
        let Stored { manifest, blob } =
            off_the_runtime(move || Stored::verified(&key, manifest, blob)).await??;
        let shelf = self.shelf(model);
        let (mut pause, mut is_given) = (Pause::default(), false);
        loop {
            if let Some(same) = shelf.same_import(&self.bucket, &manifest).await? {
                return Ok(Written::Existing(same));
            }
            // Only a number that nobody will be given any more is free for good; the look before may be out of date.
            if is_given {
                break;
            }
            is_given = shelf.raise(&self.bucket, manifest.number).await?;
            if !is_given {
                pause.take().await;
            }
        }
        failpoint!("objects: after the gap of an import");
        // An import brings no time of its own, and that of the version would make its bytes old from the beginning.
        let name = BlobName::new(manifest.digest, Timestamp::now());
        shelf.put_blob(&self.bucket, &name, blob.into()).await?;
        failpoint!("objects: after the bytes of an import");
        if shelf.try_import(&self.bucket, &name, &manifest).await? {
            failpoint!("objects: after the manifest of an import");
            return Ok(Written::New(manifest));
        }
        shelf.remove_blob(&self.bucket, &name).await?;
        match shelf.same_import(&self.bucket, &manifest).await? {
            Some(same) => Ok(Written::Existing(same)),
            None => Err(versions::number_used(model, &manifest, None)),
        }
    }

    async fn try_read(&self, model: &ModelKey, which: Which) -> Result<Stored, Failure> {
        self.check_place()?;
        let shelf = self.shelf(model);
        for _ in 0..ATTEMPTS {
            let number = match which {
                Which::Number(number) => number,
                Which::Active => {
                    let standing = shelf.standing(&self.bucket).await?;
                    standing
                        .and_then(|entry| entry.to)
                        .ok_or_else(|| PersistError::NothingActive { model: model.clone() })?
                }
            };
            let found = match shelf.version(&self.bucket, number).await? {
                Some((name, manifest)) => shelf
                    .read_blob(&self.bucket, &name, &manifest)
                    .await?
                    .map(|blob| (manifest, blob)),
                None => None,
            };
            match (found, which) {
                (Some((manifest, blob)), _) => {
                    let model = model.clone();
                    return Ok(off_the_runtime(move || Stored::verified(&model, manifest, blob)).await??);
                }
                (None, Which::Number(_)) => return Err(shelf.absent(&self.bucket, number).await?),
                // It was deleted since, so another one is active now.
                (None, Which::Active) => {}
            }
        }
        Err(failure::moving_too_fast())
    }

    async fn try_activate(&self, model: &ModelKey, wish: Activation) -> Result<LedgerEntry, Failure> {
        self.check_place()?;
        let shelf = self.shelf(model);
        if let Some(standing) = shelf.refuse_activation(&self.bucket, &wish).await? {
            return Ok(standing);
        }
        let mut pause = Pause::default();
        loop {
            let turn = self.turn(&shelf).await;
            if let Some(entry) = shelf.try_activate(&self.bucket, &wish).await? {
                return Ok(entry);
            }
            drop(turn);
            pause.take().await;
        }
    }

    async fn try_deactivate(
        &self,
        model: &ModelKey,
        wish: Deactivation,
    ) -> Result<Option<LedgerEntry>, Failure> {
        self.check_place()?;
        let shelf = self.shelf(model);
        // A turn is taken in the model's folder; of a model that is not there, nothing is active.
        if (shelf.standing(&self.bucket).await?).is_none_or(|entry| entry.to.is_none()) {
            return Ok(None);
        }
        let mut pause = Pause::default();
        loop {
            let turn = self.turn(&shelf).await;
            if let Some(ended) = shelf.try_deactivate(&self.bucket, &wish).await? {
                return Ok(ended);
            }
            drop(turn);
            pause.take().await;
        }
    }

    async fn try_delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), Failure> {
        self.check_place()?;
        let shelf = self.shelf(model);
        let mut pause = Pause::default();
        loop {
            let turn = self.turn(&shelf).await;
            if shelf.try_delete(&self.bucket, version).await? {
                return Ok(());
            }
            drop(turn);
            pause.take().await;
        }
    }

    async fn try_properties(&self, model: &ModelKey) -> Result<Properties, Failure> {
        self.check_place()?;
        let shelf = self.shelf(model);
        let standing = shelf.standing(&self.bucket).await?;
        Ok(Properties {
            active_version: standing.as_ref().and_then(|entry| entry.to),
            previous_version: standing.as_ref().and_then(|entry| entry.from),
            ledger_revision: standing.map_or(0, |entry| entry.revision),
            high_water_mark: shelf.high_water_mark(&self.bucket).await?,
            schema_version: document::SCHEMA_VERSION,
        })
    }
}

#[async_trait]
impl Persister for ObjectStorePersister {
    async fn write(&self, model: &ModelKey, draft: Draft) -> Result<Written, PersistError> {
        self.address.explain(self.try_write(model, draft).await)
    }

    async fn read(&self, model: &ModelKey, which: Which) -> Result<Stored, PersistError> {
        self.address.explain(self.try_read(model, which).await)
    }

    async fn import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError> {
        self.address.explain(self.try_import(model, manifest, blob).await)
    }

    async fn activate(&self, model: &ModelKey, activation: Activation) -> Result<LedgerEntry, PersistError> {
        self.address.explain(self.try_activate(model, activation).await)
    }

    async fn deactivate(
        &self,
        model: &ModelKey,
        deactivation: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        self.address
            .explain(self.try_deactivate(model, deactivation).await)
    }

    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        self.address.explain(self.try_delete(model, version).await)
    }

    async fn list(&self, model: &ModelKey) -> Result<Listing, PersistError> {
        let listed = match self.check_place() {
            Ok(()) => self.shelf(model).list(&self.bucket).await,
            Err(failure) => Err(failure),
        };
        self.address.explain(listed)
    }

    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        self.address.explain(self.try_properties(model).await)
    }

    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        let ledger = match self.check_place() {
            Ok(()) => self.shelf(model).ledger(&self.bucket).await,
            Err(failure) => Err(failure),
        };
        self.address.explain(ledger)
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        let models = match self.check_place() {
            Ok(()) => versions::models(&self.bucket).await,
            Err(failure) => Err(failure),
        };
        self.address.explain(models)
    }

    /// Nothing is held open between two calls.
    async fn close(&self) {}
}
