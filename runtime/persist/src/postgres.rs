//! Versions in a PostgreSQL database: the store for many pods and many machines.
//!
//! Every step that changes a model locks the model's row first, so that one write, activation or deletion of a model
//! follows the other; models do not wait for each other. A write uploads all chunks of its blob but the last, each in a
//! transaction of its own, and commits the last chunk together with the manifest. What was uploaded is claimed by its
//! writer until the commit; bytes are deleted when neither a version nor a claim names them.
//!
//! A transaction that the server undoes for the sake of another one is begun again as a whole. When the connection breaks
//! during a commit, nobody knows whether it was made: the step is taken again on another connection, and finds its own
//! result if it was (a write its key, an activation its row, a deletion nothing any more).

mod blobs;
mod connect;
mod failure;
mod import;
mod ledger;
mod login;
mod models;
mod schema;
mod setback;
mod versions;

use std::sync::Arc;

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey, VersionNumber};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use self::{
    connect::within,
    login::Login,
    setback::{Patience, Setback},
};
use crate::{
    Activation, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister, Properties, Stored,
    VersionManifest, Which, Written,
    failure::{Address, Failure, off_the_runtime},
};

/// One handle to a store in a PostgreSQL database; any number of handles and processes may share it.
pub(crate) struct PostgresStore {
    address: Address,
    login: Login,
    pool: PgPool,
    /// As many as the pool has connections: to wait for one of them is something else than to wait for the server.
    turns: Arc<Semaphore>,
}

/// How often a write begins again because its bytes were collected under it, which takes a clock that is wrong by a
/// day or an upload that lasts as long.
const ATTEMPTS: usize = 3;

/// Takes a step again as long as that is of use.
macro_rules! patiently {
    ($patience:ident, $step:expr) => {{
        let mut $patience = Patience::default();
        loop {
            match $step.await {
                Ok(done) => break Ok::<_, Failure>(done),
                Err(setback) => $patience.after(setback).await?,
            }
        }
    }};
}
use patiently;

impl PostgresStore {
    async fn try_write(&self, model: &ModelKey, draft: Draft) -> Result<Written, Failure> {
        draft.facts.refuse_unkeepable(model)?;
        let (digest, draft) = off_the_runtime(move || (Digest::of(&draft.blob), draft)).await?;
        let upload = blobs::Upload::new(model, &draft, digest);
        for _ in 0..ATTEMPTS {
            for sequence in 0..upload.n_early_chunks() {
                if let Some(existing) = patiently!(patience, self.upload(&upload, sequence))? {
                    return Ok(Written::Existing(existing));
                }
            }
            if let Some(written) = patiently!(patience, self.commit(&upload))? {
                return Ok(written);
            }
        }
        Err(blobs::vanished(digest, ATTEMPTS))
    }

    /// Stores a chunk that is not the last. Answers the version that has the key already, if there is one.
    async fn upload(
        &self,
        upload: &blobs::Upload<'_>,
        sequence: usize,
    ) -> Result<Option<VersionManifest>, Setback> {
        let mut tx = self.begin_writing().await?;
        within(async move {
            if sequence == 0
                && let Some(model) = models::find(&mut tx, upload.model).await?
                && let Some(existing) =
                    versions::by_key(&mut tx, model.id, upload.model, &upload.draft.idempotency_key).await?
            {
                return Ok(Some(existing));
            }
            upload.claim(&mut tx).await?;
            upload.put_chunk(&mut tx, sequence).await?;
            failpoint!("postgres: before the commit of a chunk");
            tx.commit().await?;
            failpoint!("postgres: after the commit of a chunk");
            Ok(None)
        })
        .await
    }

    /// Stores the last chunk and the manifest, both or neither. `None` when an earlier chunk is gone.
    async fn commit(&self, upload: &blobs::Upload<'_>) -> Result<Option<Written>, Setback> {
        let (key, draft) = (upload.model, upload.draft);
        let mut tx = self.begin_writing().await?;
        within(async move {
            let model = models::lock_or_make(&mut tx, key).await?;
            if let Some(existing) = versions::by_key(&mut tx, model.id, key, &draft.idempotency_key).await? {
                upload.release(&mut tx).await?;
                tx.commit().await?;
                return Ok(Some(Written::Existing(existing)));
            }
            upload.put_last_chunk(&mut tx).await?;
            if !blobs::is_whole(&mut tx, upload.digest, draft.blob.len() as u64).await? {
                return Ok(None);
            }
            failpoint!("postgres: before the manifest");
            let manifest = versions::insert(&mut tx, model, key, draft, upload.digest).await?;
            upload.release(&mut tx).await?;
            blobs::collect_orphans(&mut tx, draft.time).await?;
            failpoint!("postgres: before the commit of a version");
            tx.commit().await?;
            failpoint!("postgres: after the commit of a version");
            Ok(Some(Written::New(manifest)))
        })
        .await
    }

    async fn try_read(&self, model: &ModelKey, which: Which) -> Result<Stored, Failure> {
        let (manifest, blob) = patiently!(patience, self.read_once(model, which))?;
        let model = model.clone();
        Ok(off_the_runtime(move || Stored::verified(&model, manifest, blob)).await??)
    }

    async fn read_once(&self, key: &ModelKey, which: Which) -> Result<(VersionManifest, Vec<u8>), Setback> {
        // One snapshot: a version deleted meanwhile is still read whole.
        let mut tx = self.begin_reading().await?;
        let manifest = within(async {
            let number = match which {
                Which::Number(number) => number,
                Which::Active => match ledger::last(&mut tx, key).await?.and_then(|entry| entry.to) {
                    Some(number) => number,
                    None => return Err(PersistError::NothingActive { model: key.clone() }.into()),
                },
            };
            versions::get(&mut tx, key, number).await
        })
        .await?;
        let blob = blobs::read(&mut tx, key, &manifest).await?;
        Ok((manifest, blob))
    }

    async fn activate_once(
        &self,
        key: &ModelKey,
        wish: &Activation,
        is_unknown: bool,
    ) -> Result<LedgerEntry, Setback> {
        let mut tx = self.begin_writing().await?;
        within(async move {
            let Some(model) = models::lock(&mut tx, key).await? else {
                return Err(versions::absent(&mut tx, key, wish.version).await);
            };
            let last = ledger::last(&mut tx, key).await?;
            if let Some(standing) = last.as_ref().filter(|entry| entry.to == Some(wish.version)) {
                return Ok(standing.clone());
            }
            // It was made after all, and others came after it.
            if is_unknown
                && let Some(entry) = ledger::at(&mut tx, model.id, key, wish.from_revision + 1).await?
                && (entry.to, &entry.actor, entry.time) == (Some(wish.version), &wish.actor, wish.time)
            {
                return Ok(entry);
            }
            let manifest = versions::get(&mut tx, key, wish.version).await?;
            let found = last.as_ref().map_or(0, |entry| entry.revision);
            if found != wish.from_revision {
                return Err(PersistError::RevisionMoved {
                    model: key.clone(),
                    expected: wish.from_revision,
                    found,
                }
                .into());
            }
            let entry = LedgerEntry {
                revision: found + 1,
                from: last.and_then(|entry| entry.to),
                to: Some(wish.version),
                digest: Some(manifest.digest),
                reason: wish.reason.clone(),
                actor: wish.actor.clone(),
                time: wish.time,
            };
            ledger::append(&mut tx, model.id, key, &entry).await?;
            failpoint!("postgres: before the commit of an activation");
            tx.commit().await?;
            failpoint!("postgres: after the commit of an activation");
            Ok(entry)
        })
        .await
    }

    /// A repetition after a lost answer finds nothing active, which is what was wanted.
    async fn deactivate_once(
        &self,
        key: &ModelKey,
        wish: &Deactivation,
    ) -> Result<Option<LedgerEntry>, Setback> {
        let mut tx = self.begin_writing().await?;
        within(async move {
            let Some(model) = models::lock(&mut tx, key).await? else {
                return Ok(None);
            };
            let last = ledger::last(&mut tx, key).await?;
            let Some(entry) = last.and_then(|last| last.deactivated(wish.clone())) else {
                return Ok(None);
            };
            ledger::append(&mut tx, model.id, key, &entry).await?;
            failpoint!("postgres: before the commit of a deactivation");
            tx.commit().await?;
            failpoint!("postgres: after the commit of a deactivation");
            Ok(Some(entry))
        })
        .await
    }

    async fn delete_once(
        &self,
        key: &ModelKey,
        version: VersionNumber,
        is_unknown: bool,
    ) -> Result<(), Setback> {
        let mut tx = self.begin_writing().await?;
        within(async move {
            let Some(model) = models::lock(&mut tx, key).await? else {
                return Err(versions::absent(&mut tx, key, version).await);
            };
            let active = ledger::last(&mut tx, key).await?.and_then(|entry| entry.to);
            if active == Some(version) {
                let model = key.clone();
                return Err(PersistError::VersionActive { model, version }.into());
            }
            let digest = match versions::delete(&mut tx, model.id, key, version).await {
                // It was there when the commit broke off: that one was made.
                Err(setback) if is_unknown && setback.is_absence() => return Ok(()),
                deleted => deleted?,
            };
            blobs::delete_if_unnamed(&mut tx, digest).await?;
            failpoint!("postgres: before the commit of a deletion");
            tx.commit().await?;
            failpoint!("postgres: after the commit of a deletion");
            Ok(())
        })
        .await
    }

    async fn properties_once(&self, key: &ModelKey) -> Result<Properties, Setback> {
        let mut tx = self.begin_reading().await?;
        within(async move {
            let last = ledger::last(&mut tx, key).await?;
            let model = models::find(&mut tx, key).await?;
            Ok(Properties {
                active_version: last.as_ref().and_then(|entry| entry.to),
                previous_version: last.as_ref().and_then(|entry| entry.from),
                ledger_revision: last.map_or(0, |entry| entry.revision),
                high_water_mark: crate::rows::mark_from(key, model.map_or(0, |model| model.high_water_mark))?,
                schema_version: schema::version(&mut tx, self.login.schema()).await?.unwrap_or(0),
            })
        })
        .await
    }

    async fn list_once(&self, key: &ModelKey) -> Result<Listing, Setback> {
        let mut tx = self.begin_reading().await?;
        within(async move { versions::list(&mut tx, key).await }).await
    }

    async fn ledger_once(&self, key: &ModelKey) -> Result<Vec<LedgerEntry>, Setback> {
        let mut tx = self.begin_reading().await?;
        within(async move { ledger::all(&mut tx, key).await }).await
    }

    async fn models_once(&self) -> Result<Vec<ModelKey>, Setback> {
        let mut tx = self.begin_reading().await?;
        within(async move { models::all(&mut tx).await }).await
    }
}

#[async_trait]
impl Persister for PostgresStore {
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

    async fn activate(&self, model: &ModelKey, wish: Activation) -> Result<LedgerEntry, PersistError> {
        let activated =
            async { patiently!(patience, self.activate_once(model, &wish, patience.is_unknown())) };
        self.address.explain(activated.await)
    }

    async fn deactivate(
        &self,
        model: &ModelKey,
        wish: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        let deactivated = async { patiently!(patience, self.deactivate_once(model, &wish)) };
        self.address.explain(deactivated.await)
    }

    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        let deleted = async { patiently!(patience, self.delete_once(model, version, patience.is_unknown())) };
        self.address.explain(deleted.await)
    }

    async fn list(&self, model: &ModelKey) -> Result<Listing, PersistError> {
        let listed = async { patiently!(patience, self.list_once(model)) };
        self.address.explain(listed.await)
    }

    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        let found = async { patiently!(patience, self.properties_once(model)) };
        self.address.explain(found.await)
    }

    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        let read = async { patiently!(patience, self.ledger_once(model)) };
        self.address.explain(read.await)
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        let listed = async { patiently!(patience, self.models_once()) };
        self.address.explain(listed.await)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
