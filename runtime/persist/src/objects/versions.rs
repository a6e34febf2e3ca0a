//! The row of the numbers: looked through, added to, imported beside, listed.

use std::{cmp::Reverse, collections::BTreeMap};

use auriga_crds::{ModelKey, VersionNumber};
use object_store::path::Path;

use super::{
    blobs::BlobName,
    bucket::Bucket,
    document::{self, Slot},
    paths::{MODELS, Row},
    shelf::{Seen, Shelf, numbers},
};
use crate::{Damaged, IdempotencyKey, Listing, PersistError, VersionManifest, Written, failure::Failure};

/// How far below the high-water mark to look before all numbers are listed.
const NEAR: u64 = 16;

/// What stands at a number, and where.
pub(super) struct Standing {
    row: Row,
    pub(super) path: Path,
    pub(super) bytes: Vec<u8>,
    /// `Err` when it cannot be read.
    pub(super) slot: Result<Slot, PersistError>,
}

impl Shelf {
    /// The highest number ever given.
    pub(super) async fn high_water_mark(&self, bucket: &Bucket) -> Result<u64, Failure> {
        let mut seen = self.seen.lock().await;
        self.look(bucket, &mut seen).await?;
        Ok(seen.high_water_mark)
    }

    /// What stands at a number: in a gap, what was imported there. `None` if it was never given.
    pub(super) async fn standing_at(
        &self,
        bucket: &Bucket,
        number: VersionNumber,
    ) -> Result<Option<Standing>, Failure> {
        let mut damaged = None;
        for row in [Row::Numbers, Row::Imported] {
            let path = self.paths.slot(row, number);
            let Some(bytes) = bucket.document(&path).await? else {
                continue;
            };
            let slot = Slot::parse(&self.model, number, &path, &bytes);
            let is_gap = matches!(slot, Ok(Slot::Gap { .. }));
            let standing = Standing {
                row,
                path,
                bytes,
                slot,
            };
            match row {
                // A gap that is damaged is one all the same where something was imported.
                Row::Numbers if standing.slot.is_err() => damaged = Some(standing),
                _ if is_gap => {}
                _ => return Ok(Some(standing)),
            }
        }
        Ok(damaged)
    }

    /// A version with the name of its bytes; `None` if it is deleted or was never there.
    ///
    /// Errors: `Corrupt`, `VersionTooNew`.
    pub(super) async fn version(
        &self,
        bucket: &Bucket,
        number: VersionNumber,
    ) -> Result<Option<(String, VersionManifest)>, Failure> {
        match self.standing_at(bucket, number).await? {
            None => Ok(None),
            Some(standing) => match standing.slot? {
                Slot::Version { blob, manifest } => Ok(Some((blob, *manifest))),
                Slot::Gap { .. } | Slot::Tombstone => Ok(None),
            },
        }
    }

    /// The version that was written under `key`, if it is there.
    pub(super) async fn existing(
        &self,
        bucket: &Bucket,
        key: &IdempotencyKey,
    ) -> Result<Option<VersionManifest>, Failure> {
        let mut seen = self.seen.lock().await;
        self.look(bucket, &mut seen).await?;
        self.by_key(bucket, &mut seen, key).await
    }

    async fn by_key(
        &self,
        bucket: &Bucket,
        seen: &mut Seen,
        key: &IdempotencyKey,
    ) -> Result<Option<VersionManifest>, Failure> {
        let digest = document::key_digest(key);
        if let Some(number) = seen.keys.get(&digest).copied() {
            match self.version(bucket, number).await? {
                Some((_, manifest)) => return Ok(Some(manifest)),
                None => {
                    seen.keys.remove(&digest);
                    seen.blobs.remove(&number);
                }
            }
        }
        for number in seen.damaged.clone() {
            let Some(standing) = self.standing_at(bucket, number).await? else {
                continue;
            };
            match standing.slot {
                Err(error) if document::shows(&standing.bytes, key) => return Err(error.into()),
                Err(_) => {}
                // It was restored or deleted since.
                Ok(slot) => {
                    seen.damaged.remove(&number);
                    self.note(seen, standing.row, number, &standing.bytes);
                    if let Slot::Version { manifest, .. } = slot
                        && manifest.idempotency_key == *key
                    {
                        return Ok(Some(*manifest));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Creates the manifest under the next number after all that were given, none of which has its key. `None` when
    /// another writer got that number.
    pub(super) async fn try_commit(
        &self,
        bucket: &Bucket,
        name: &BlobName,
        mut manifest: VersionManifest,
    ) -> Result<Option<Written>, Failure> {
        let mut seen = self.seen.lock().await;
        self.look(bucket, &mut seen).await?;
        if let Some(existing) = self.by_key(bucket, &mut seen, &manifest.idempotency_key).await? {
            return Ok(Some(Written::Existing(existing)));
        }
        manifest.number = seen
            .high_water_mark
            .checked_add(1)
            .and_then(VersionNumber::new)
            .ok_or_else(|| PersistError::NotKeepable {
                model: self.model.clone(),
                what: "all numbers are used up".to_owned(),
            })?;
        failpoint!("objects: before the manifest");
        let is_ours = self
            .create_version(bucket, &mut seen, Row::Numbers, name, &manifest)
            .await?;
        failpoint!("objects: after the manifest");
        Ok(is_ours.then_some(Written::New(manifest)))
    }

    /// Makes the high-water mark at least `number`, by a gap that ends there. False when another writer got the number
    /// that the gap was to begin with.
    pub(super) async fn raise(&self, bucket: &Bucket, number: VersionNumber) -> Result<bool, Failure> {
        let mut seen = self.seen.lock().await;
        self.look(bucket, &mut seen).await?;
        let next = seen.high_water_mark.checked_add(1).and_then(VersionNumber::new);
        let Some(first) = next.filter(|first| *first <= number) else {
            return Ok(true);
        };
        let path = self.paths.slot(Row::Numbers, first);
        let gap = Slot::Gap { to: number }.to_bytes(&path);
        let is_ours = bucket.create(&path, gap.clone()).await?;
        if is_ours {
            self.note(&mut seen, Row::Numbers, first, &gap);
        }
        Ok(is_ours)
    }

    /// The version itself, if it was imported or written here before.
    ///
    /// Errors: `NumberUsed`, `KeyUsed`, `Corrupt` and `VersionTooNew` when what has the number is damaged.
    pub(super) async fn same_import(
        &self,
        bucket: &Bucket,
        manifest: &VersionManifest,
    ) -> Result<Option<VersionManifest>, Failure> {
        if let Some(standing) = self.standing_at(bucket, manifest.number).await? {
            return match standing.slot? {
                Slot::Version { manifest: found, .. } if *found == *manifest => Ok(Some(*found)),
                Slot::Version { manifest: found, .. } => {
                    Err(number_used(&self.model, manifest, Some(&found)))
                }
                Slot::Gap { .. } | Slot::Tombstone => Err(number_used(&self.model, manifest, None)),
            };
        }
        match self.existing(bucket, &manifest.idempotency_key).await? {
            None => Ok(None),
            Some(found) => Err(key_used(&self.model, manifest, &found)),
        }
    }

    /// Creates the manifest of an imported version in its gap; whether this call did.
    pub(super) async fn try_import(
        &self,
        bucket: &Bucket,
        name: &BlobName,
        manifest: &VersionManifest,
    ) -> Result<bool, Failure> {
        let mut seen = self.seen.lock().await;
        // The bytes took their time; a write under the same key may have come to its end meanwhile.
        self.look(bucket, &mut seen).await?;
        let key = &manifest.idempotency_key;
        let other = self.by_key(bucket, &mut seen, key).await?;
        if let Some(found) = other.filter(|found| found.number != manifest.number) {
            return Err(key_used(&self.model, manifest, &found));
        }
        self.create_version(bucket, &mut seen, Row::Imported, name, manifest)
            .await
    }

    async fn create_version(
        &self,
        bucket: &Bucket,
        seen: &mut Seen,
        row: Row,
        name: &BlobName,
        manifest: &VersionManifest,
    ) -> Result<bool, Failure> {
        let path = self.paths.slot(row, manifest.number);
        let slot = Slot::Version {
            blob: name.to_string(),
            manifest: Box::new(manifest.clone()),
        };
        let bytes = slot.to_bytes(&path);
        // A store that tried a lost request again by itself refuses what this very call created: the name of the bytes,
        // which is nobody else's, tells.
        let is_ours =
            bucket.create(&path, bytes.clone()).await? || bucket.existing_document(&path).await? == bytes;
        if is_ours {
            self.note(seen, row, manifest.number, &bytes);
        }
        Ok(is_ours)
    }

    /// All versions, the damaged ones apart.
    pub(super) async fn list(&self, bucket: &Bucket) -> Result<Listing, Failure> {
        let mut found = BTreeMap::new();
        for row in [Row::Numbers, Row::Imported] {
            for (number, bytes) in self.slots(bucket, row, &Default::default()).await? {
                match Slot::parse(&self.model, number, &self.paths.slot(row, number), &bytes) {
                    Ok(Slot::Version { manifest, .. }) => drop(found.insert(number, Ok(*manifest))),
                    Ok(Slot::Gap { .. }) => {}
                    // Of a version that was imported into a gap, which may be damaged.
                    Ok(Slot::Tombstone) => drop(found.remove(&number)),
                    Err(error) => drop(found.insert(number, Err(error))),
                }
            }
        }
        let mut listing = Listing::default();
        for (version, slot) in found {
            match slot {
                Ok(manifest) => listing.versions.push(manifest),
                Err(error) => listing.damaged.push(Damaged {
                    version,
                    message: error.to_string(),
                }),
            }
        }
        Ok(listing)
    }

    /// The highest number of a version, damaged or not.
    async fn latest(&self, bucket: &Bucket) -> Result<Option<VersionNumber>, Failure> {
        // Near the high-water mark, where it nearly always is, one need not list what may be thousands of numbers.
        let mark = self.high_water_mark(bucket).await?;
        let near = (0..NEAR).map_while(|below| mark.checked_sub(below));
        if let Some(found) = self.first_standing(bucket, near.collect()).await? {
            return Ok(Some(found));
        }
        let mut given = numbers(bucket, &self.paths.row(Row::Numbers)).await?;
        given.extend(numbers(bucket, &self.paths.row(Row::Imported)).await?);
        given.sort_unstable_by_key(|number| Reverse(*number));
        self.first_standing(bucket, given).await
    }

    /// The first of these numbers at which there is a version, damaged or not.
    async fn first_standing(
        &self,
        bucket: &Bucket,
        numbers: Vec<u64>,
    ) -> Result<Option<VersionNumber>, Failure> {
        for number in numbers.into_iter().filter_map(VersionNumber::new) {
            let standing = self.standing_at(bucket, number).await?;
            if standing.is_some_and(|standing| !matches!(standing.slot, Ok(Slot::Tombstone))) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Says that a version is not there, and which one is the latest.
    pub(super) async fn absent(&self, bucket: &Bucket, version: VersionNumber) -> Result<Failure, Failure> {
        let latest = self.latest(bucket).await?;
        let model = self.model.clone();
        Ok(PersistError::VersionAbsent {
            model,
            version,
            latest,
        }
        .into())
    }
}

/// All models, by namespace, then by name. A folder that has no model's name is somebody else's.
pub(super) async fn models(bucket: &Bucket) -> Result<Vec<ModelKey>, Failure> {
    let mut models = Vec::new();
    let root = Path::from(MODELS);
    for namespace in bucket.folders(&root).await? {
        for name in bucket.folders(&root.clone().join(namespace.as_str())).await? {
            let Ok(model) = format!("{namespace}/{name}").parse::<ModelKey>() else {
                continue;
            };
            // The bytes of a first version come before the version.
            if bucket
                .has_any(&Shelf::new(&model).paths.row(Row::Numbers))
                .await?
            {
                models.push(model);
            }
        }
    }
    models.sort_unstable();
    Ok(models)
}

/// Says that another version was written under the key of one that is to be imported.
fn key_used(model: &ModelKey, manifest: &VersionManifest, found: &VersionManifest) -> Failure {
    PersistError::KeyUsed {
        model: model.clone(),
        version: manifest.number,
        found: found.number,
    }
    .into()
}

/// Says that the number of an imported version is taken; `found` is the version that has it, `None` for a deleted one.
pub(super) fn number_used(
    model: &ModelKey,
    imported: &VersionManifest,
    found: Option<&VersionManifest>,
) -> Failure {
    PersistError::NumberUsed {
        model: model.clone(),
        version: imported.number,
        imported: imported.digest,
        found: found.map(|found| Box::new(found.digest)),
    }
    .into()
}
