//! The row of activations and deletions.

use auriga_crds::{Digest, VersionNumber};

use super::{
    blobs::nonce,
    bucket::Bucket,
    document::{Entry, Slot},
    shelf::{Newest, Shelf, numbers, read_all},
};
use crate::{
    Activation, Deactivation, LedgerEntry, PersistError,
    failure::{Failure, damaged},
};

impl Shelf {
    /// The move of the pointer that stands.
    pub(super) async fn standing(&self, bucket: &Bucket) -> Result<Option<LedgerEntry>, Failure> {
        let mut newest = self.newest.lock().await;
        self.look_at_ledger(bucket, &mut newest).await?;
        Ok(newest.standing().cloned())
    }

    /// The standing activation if it is what `wish` asks for; `None` if the version could be activated now.
    ///
    /// Errors: as [`Shelf::try_activate`]. Who is refused need not wait for a turn to be.
    pub(super) async fn refuse_activation(
        &self,
        bucket: &Bucket,
        wish: &Activation,
    ) -> Result<Option<LedgerEntry>, Failure> {
        let mut newest = self.newest.lock().await;
        let looked = self.look_at_wish(bucket, &mut newest, wish).await?;
        Ok(looked.err())
    }

    /// Activates a version; `None` when another writer got the place of the entry.
    ///
    /// Errors: `VersionAbsent`, `RevisionMoved`, `Corrupt`, `VersionTooNew`.
    pub(super) async fn try_activate(
        &self,
        bucket: &Bucket,
        wish: &Activation,
    ) -> Result<Option<LedgerEntry>, Failure> {
        let mut newest = self.newest.lock().await;
        let digest = match self.look_at_wish(bucket, &mut newest, wish).await? {
            Ok(digest) => digest,
            Err(standing) => return Ok(Some(standing)),
        };
        let entry = LedgerEntry {
            revision: wish.from_revision + 1,
            from: newest.standing().and_then(|entry| entry.to),
            to: Some(wish.version),
            digest: Some(digest),
            reason: wish.reason.clone(),
            actor: wish.actor.clone(),
            time: wish.time,
        };
        failpoint!("objects: before the entry of an activation");
        let is_ours = self
            .append(bucket, &mut newest, Some(entry.clone()), None)
            .await?;
        failpoint!("objects: after the entry of an activation");
        Ok(is_ours.then_some(entry))
    }

    /// The digest of a version that could be activated now, or the standing activation if it is what is asked for.
    async fn look_at_wish(
        &self,
        bucket: &Bucket,
        newest: &mut Newest,
        wish: &Activation,
    ) -> Result<Result<Digest, LedgerEntry>, Failure> {
        self.look_at_ledger(bucket, newest).await?;
        self.finish(bucket, newest).await?;
        if let Some(standing) = newest.standing().filter(|entry| entry.to == Some(wish.version)) {
            return Ok(Err(standing.clone()));
        }
        let Some((_, manifest)) = self.version(bucket, wish.version).await? else {
            return Err(self.absent(bucket, wish.version).await?);
        };
        let found = newest.standing().map_or(0, |entry| entry.revision);
        match found == wish.from_revision {
            true => Ok(Ok(manifest.digest)),
            false => Err(PersistError::RevisionMoved {
                model: self.model.clone(),
                expected: wish.from_revision,
                found,
            }
            .into()),
        }
    }

    /// Lets no version be active; the row that says so, or `None` in its place where nothing is. `None` when another writer
    /// got the place of the entry.
    pub(super) async fn try_deactivate(
        &self,
        bucket: &Bucket,
        wish: &Deactivation,
    ) -> Result<Option<Option<LedgerEntry>>, Failure> {
        let mut newest = self.newest.lock().await;
        self.look_at_ledger(bucket, &mut newest).await?;
        self.finish(bucket, &mut newest).await?;
        let Some(entry) = newest
            .standing()
            .and_then(|entry| entry.deactivated(wish.clone()))
        else {
            return Ok(Some(None));
        };
        failpoint!("objects: before the entry of a deactivation");
        let is_ours = self
            .append(bucket, &mut newest, Some(entry.clone()), None)
            .await?;
        failpoint!("objects: after the entry of a deactivation");
        Ok(is_ours.then_some(Some(entry)))
    }

    /// Deletes a version; false when another writer got the place of the entry.
    ///
    /// Errors: `VersionAbsent`, `VersionActive`.
    pub(super) async fn try_delete(&self, bucket: &Bucket, version: VersionNumber) -> Result<bool, Failure> {
        let mut newest = self.newest.lock().await;
        self.look_at_ledger(bucket, &mut newest).await?;
        self.finish(bucket, &mut newest).await?;
        if newest.standing().is_some_and(|entry| entry.to == Some(version)) {
            let model = self.model.clone();
            return Err(PersistError::VersionActive { model, version }.into());
        }
        match self.standing_at(bucket, version).await? {
            None => return Err(self.absent(bucket, version).await?),
            Some(found) if matches!(found.slot, Ok(Slot::Tombstone)) => {
                return Err(self.absent(bucket, version).await?);
            }
            // A damaged version can be deleted, too.
            Some(_) => {}
        }
        failpoint!("objects: before the entry of a deletion");
        let standing = newest.standing().cloned();
        let is_ours = self.append(bucket, &mut newest, standing, Some(version)).await?;
        if is_ours {
            failpoint!("objects: after the entry of a deletion");
            self.finish(bucket, &mut newest).await?;
            failpoint!("objects: after a deletion");
        }
        Ok(is_ours)
    }

    /// All moves of the pointer, oldest first.
    pub(super) async fn ledger(&self, bucket: &Bucket) -> Result<Vec<LedgerEntry>, Failure> {
        let last = numbers(bucket, &self.paths.ledger()).await?.into_iter().max();
        let positions: Vec<u64> = (1..=last.unwrap_or(0)).collect();
        let n_expected = positions.len();
        let read = read_all(bucket, positions, |position| self.paths.entry(*position)).await?;
        if read.len() < n_expected {
            let what = format!("entries of the ledger of {} are missing", self.model);
            return Err(damaged(what));
        }
        let mut activations = Vec::new();
        for (position, bytes) in read {
            let entry = Entry::parse(&self.model, &self.paths.entry(position), &bytes)?;
            if entry.deleted.is_none() {
                activations.extend(entry.standing);
            }
        }
        Ok(activations)
    }

    /// Sees all entries that were made until now.
    async fn look_at_ledger(&self, bucket: &Bucket, newest: &mut Newest) -> Result<(), Failure> {
        if !newest.has_looked {
            let last = numbers(bucket, &self.paths.ledger()).await?.into_iter().max();
            // The one before is what the loop begins after.
            newest.position = last.unwrap_or(0).saturating_sub(1);
            newest.has_looked = true;
        }
        let paths = self.paths.clone();
        let found = bucket
            .documents_from(newest.position + 1, move |position| paths.entry(position))
            .await?;
        for bytes in found {
            let path = self.paths.entry(newest.position + 1);
            newest.step(Entry::parse(&self.model, &path, &bytes)?);
        }
        Ok(())
    }

    /// Adds an entry after the newest; whether this call did.
    async fn append(
        &self,
        bucket: &Bucket,
        newest: &mut Newest,
        standing: Option<LedgerEntry>,
        deleted: Option<VersionNumber>,
    ) -> Result<bool, Failure> {
        let entry = Entry {
            nonce: nonce(),
            standing,
            deleted,
        };
        let path = self.paths.entry(newest.position + 1);
        let bytes = entry.to_bytes(&path);
        // As with manifests, a store may refuse what this very call created.
        let is_ours =
            bucket.create(&path, bytes.clone()).await? || bucket.existing_document(&path).await? == bytes;
        if is_ours {
            newest.step(entry);
        }
        Ok(is_ours)
    }

    /// Lays the tombstone that the newest entry decided, if it is missing, and removes the bytes.
    async fn finish(&self, bucket: &Bucket, newest: &mut Newest) -> Result<(), Failure> {
        let deleted = newest.entry.as_ref().and_then(|entry| entry.deleted);
        let Some(version) = deleted.filter(|_| !newest.is_done) else {
            return Ok(());
        };
        if let Some(found) = self.standing_at(bucket, version).await?
            && !matches!(found.slot, Ok(Slot::Tombstone))
        {
            bucket
                .overwrite(&found.path, Slot::Tombstone.to_bytes(&found.path))
                .await?;
            failpoint!("objects: after a tombstone");
            if let Ok(Slot::Version { blob, .. }) = found.slot {
                bucket.remove(&self.paths.blobs().join(blob.as_str())).await?;
            }
        }
        newest.is_done = true;
        Ok(())
    }
}

impl Newest {
    fn standing(&self) -> Option<&LedgerEntry> {
        self.entry.as_ref()?.standing.as_ref()
    }

    fn step(&mut self, entry: Entry) {
        self.position += 1;
        self.is_done = false;
        self.entry = Some(entry);
    }
}
