//! Versions in one SQLite file: the store that needs no server.
//!
//! A write uploads all chunks of its blob but the last, each in a transaction of its own, and commits the last chunk
//! together with the manifest, so that a small model is one transaction and a large one never holds the lock for long.
//! What was uploaded is claimed by its writer until the commit; bytes are deleted when neither a version nor a claim
//! names them. All writing transactions begin `IMMEDIATE`: one that begins as a reader and then writes is refused at
//! once when another process wrote meanwhile, without the wait that the busy timeout promises.

mod blobs;
mod connect;
mod create;
mod failure;
mod import;
mod ledger;
mod place;
mod schema;
mod versions;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey, VersionNumber};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::{
    Activation, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister, Properties, Stored,
    VersionManifest, Which, Written,
    failure::{Address, Failure, off_the_runtime},
    identity::FileIdentity,
};

/// One handle to a store in a SQLite file; any number of handles and processes may share the file.
pub(crate) struct SqliteStore {
    address: Address,
    file: FileIdentity,
    /// One connection: two would only wait for each other inside SQLite.
    writer: SqlitePool,
    readers: SqlitePool,
}

/// How often a write begins again because its bytes were collected under it, which takes a clock that is wrong by a
/// day or an upload that lasts as long.
const ATTEMPTS: usize = 3;

impl SqliteStore {
    async fn begin_writing(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        self.file.check()?;
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn try_write(&self, model: &ModelKey, draft: Draft) -> Result<Written, Failure> {
        draft.facts.refuse_unkeepable(model)?;
        let (digest, draft) = off_the_runtime(move || (Digest::of(&draft.blob), draft)).await?;
        let upload = blobs::Upload::new(model, &draft, digest);
        for _ in 0..ATTEMPTS {
            if let Some(existing) = self.upload(&upload).await? {
                return Ok(Written::Existing(existing));
            }
            if let Some(written) = self.commit(&upload).await? {
                return Ok(written);
            }
        }
        Err(blobs::vanished(digest, ATTEMPTS))
    }

    /// Stores all chunks but the last. Answers the version that has the key already, if there is one.
    async fn upload(&self, upload: &blobs::Upload<'_>) -> Result<Option<VersionManifest>, Failure> {
        for sequence in 0..upload.n_early_chunks() {
            let mut tx = self.begin_writing().await?;
            if sequence == 0
                && let Some(existing) =
                    versions::by_key(&mut tx, upload.model, &upload.draft.idempotency_key).await?
            {
                return Ok(Some(existing));
            }
            upload.claim(&mut tx).await?;
            upload.put_chunk(&mut tx, sequence).await?;
            failpoint!("sqlite: before the commit of a chunk");
            tx.commit().await?;
            failpoint!("sqlite: after the commit of a chunk");
        }
        Ok(None)
    }

    /// Stores the last chunk and the manifest, both or neither. `None` when an earlier chunk is gone.
    async fn commit(&self, upload: &blobs::Upload<'_>) -> Result<Option<Written>, Failure> {
        let (model, draft) = (upload.model, upload.draft);
        let mut tx = self.begin_writing().await?;
        if let Some(existing) = versions::by_key(&mut tx, model, &draft.idempotency_key).await? {
            upload.release(&mut tx).await?;
            tx.commit().await?;
            return Ok(Some(Written::Existing(existing)));
        }
        upload.put_last_chunk(&mut tx).await?;
        if !blobs::is_whole(&mut tx, upload.digest, draft.blob.len() as u64).await? {
            return Ok(None);
        }
        failpoint!("sqlite: before the manifest");
        let manifest = versions::insert(&mut tx, model, draft, upload.digest).await?;
        upload.release(&mut tx).await?;
        blobs::collect_orphans(&mut tx, draft.time).await?;
        failpoint!("sqlite: before the commit of a version");
        tx.commit().await?;
        failpoint!("sqlite: after the commit of a version");
        Ok(Some(Written::New(manifest)))
    }

    async fn try_read(&self, model: &ModelKey, which: Which) -> Result<Stored, Failure> {
        // One transaction, hence one snapshot: a version deleted meanwhile is still read whole.
        let mut tx = self.readers.begin().await?;
        let manifest = match which {
            Which::Number(number) => versions::get(&mut tx, model, number).await?,
            Which::Active => {
                let active = ledger::last(&mut tx, model).await?.and_then(|entry| entry.to);
                let number = active.ok_or_else(|| PersistError::NothingActive { model: model.clone() })?;
                versions::get(&mut tx, model, number).await?
            }
        };
        let blob = blobs::read(&mut tx, model, &manifest).await?;
        drop(tx);
        let model = model.clone();
        Ok(off_the_runtime(move || Stored::verified(&model, manifest, blob)).await??)
    }

    async fn try_activate(&self, model: &ModelKey, wish: Activation) -> Result<LedgerEntry, Failure> {
        let mut tx = self.begin_writing().await?;
        let last = ledger::last(&mut tx, model).await?;
        if let Some(standing) = last.as_ref().filter(|entry| entry.to == Some(wish.version)) {
            return Ok(standing.clone());
        }
        let manifest = versions::get(&mut tx, model, wish.version).await?;
        let found = last.as_ref().map_or(0, |entry| entry.revision);
        if found != wish.from_revision {
            return Err(Failure::from(PersistError::RevisionMoved {
                model: model.clone(),
                expected: wish.from_revision,
                found,
            }));
        }
        let entry = LedgerEntry {
            revision: found + 1,
            from: last.and_then(|entry| entry.to),
            to: Some(wish.version),
            digest: Some(manifest.digest),
            reason: wish.reason,
            actor: wish.actor,
            time: wish.time,
        };
        ledger::append(&mut tx, model, &entry).await?;
        failpoint!("sqlite: before the commit of an activation");
        tx.commit().await?;
        failpoint!("sqlite: after the commit of an activation");
        Ok(entry)
    }

    async fn try_deactivate(
        &self,
        model: &ModelKey,
        wish: Deactivation,
    ) -> Result<Option<LedgerEntry>, Failure> {
        let mut tx = self.begin_writing().await?;
        let Some(entry) = ledger::last(&mut tx, model)
            .await?
            .and_then(|last| last.deactivated(wish))
        else {
            return Ok(None);
        };
        ledger::append(&mut tx, model, &entry).await?;
        failpoint!("sqlite: before the commit of a deactivation");
        tx.commit().await?;
        failpoint!("sqlite: after the commit of a deactivation");
        Ok(Some(entry))
    }

    async fn try_delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), Failure> {
        let mut tx = self.begin_writing().await?;
        let active = ledger::last(&mut tx, model).await?.and_then(|entry| entry.to);
        if active == Some(version) {
            let model = model.clone();
            return Err(PersistError::VersionActive { model, version }.into());
        }
        let digest = versions::delete(&mut tx, model, version).await?;
        blobs::delete_if_unnamed(&mut tx, digest).await?;
        failpoint!("sqlite: before the commit of a deletion");
        tx.commit().await?;
        failpoint!("sqlite: after the commit of a deletion");
        Ok(())
    }

    async fn try_properties(&self, model: &ModelKey) -> Result<Properties, Failure> {
        self.file.check()?;
        let mut tx = self.readers.begin().await?;
        let last = ledger::last(&mut tx, model).await?;
        Ok(Properties {
            active_version: last.as_ref().and_then(|entry| entry.to),
            previous_version: last.as_ref().and_then(|entry| entry.from),
            ledger_revision: last.map_or(0, |entry| entry.revision),
            high_water_mark: versions::high_water_mark(&mut tx, model).await?,
            schema_version: schema::version(&mut tx).await?,
        })
    }
}

#[async_trait]
impl Persister for SqliteStore {
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
        self.address.explain(versions::list(&self.readers, model).await)
    }

    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        self.address.explain(self.try_properties(model).await)
    }

    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        self.address.explain(ledger::all(&self.readers, model).await)
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        self.address.explain(versions::models(&self.readers).await)
    }

    /// The last connection of all processes to close folds the write-ahead log into the file and removes both files
    /// beside it. Only a connection that may write can do that, hence the order.
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
