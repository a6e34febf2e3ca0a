//! Bytes, each under a name of its own, and what becomes of those that no version names.

use std::{collections::BTreeSet, fmt};

use auriga_crds::Digest;
use jiff::{SignedDuration, Timestamp};
use object_store::{PutPayload, path::Path};
use rand::RngExt;

use super::{bucket::Bucket, shelf::Shelf};
use crate::{PersistError, VersionManifest, failure::Failure};

/// How long a write may rest before its bytes are collected, by the clocks of the drafts.
const ORPHAN_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How often a handle looks for what was left behind, by the same clocks.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// The name of one version's bytes: their digest, when their write began, and what makes the name nobody else's.
#[derive(Debug, PartialEq)]
pub(super) struct BlobName {
    digest: String,
    begun_ms: i64,
    nonce: String,
}

impl BlobName {
    pub(super) fn new(digest: Digest, begun: Timestamp) -> BlobName {
        BlobName {
            digest: digest.hex(),
            begun_ms: begun.as_millisecond(),
            nonce: nonce(),
        }
    }

    /// When the write began, from a name.
    fn begun(name: &str) -> Option<Timestamp> {
        let begun_ms = name.split('.').nth(1)?.parse().ok()?;
        Timestamp::from_millisecond(begun_ms).ok()
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.digest, self.begun_ms, self.nonce)
    }
}

/// Sixteen random digits.
pub(super) fn nonce() -> String {
    format!("{:016x}", rand::rng().random::<u64>())
}

impl Shelf {
    pub(super) async fn put_blob(
        &self,
        bucket: &Bucket,
        name: &BlobName,
        blob: PutPayload,
    ) -> Result<(), Failure> {
        failpoint!("objects: before the bytes");
        bucket.overwrite(&self.blob(&name.to_string()), blob).await?;
        failpoint!("objects: after the bytes");
        Ok(())
    }

    pub(super) async fn has_blob(&self, bucket: &Bucket, name: &BlobName) -> Result<bool, Failure> {
        bucket.has(&self.blob(&name.to_string())).await
    }

    pub(super) async fn remove_blob(&self, bucket: &Bucket, name: &BlobName) -> Result<(), Failure> {
        bucket.remove(&self.blob(&name.to_string())).await
    }

    /// The bytes of a version, as long as its manifest says; the digest is for the caller to check. `None` when the
    /// version was deleted meanwhile.
    ///
    /// Errors: `Corrupt`, naming the key in the store, when there are none, more or fewer.
    pub(super) async fn read_blob(
        &self,
        bucket: &Bucket,
        name: &str,
        manifest: &VersionManifest,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.blob(name);
        let corrupt = |what: String| PersistError::Corrupt {
            model: self.model.clone(),
            version: manifest.number,
            what,
        };
        match bucket.bytes(&path, manifest.length).await? {
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(found)) => Err(corrupt(format!(
                "blob {} has {found} bytes where {} are expected ({path})",
                manifest.digest, manifest.length
            ))
            .into()),
            None if self.version(bucket, manifest.number).await?.is_none() => Ok(None),
            None => Err(corrupt(format!("blob {} is missing ({path})", manifest.digest)).into()),
        }
    }

    /// Removes the bytes that no version names and that were begun a day before `now` or earlier. Whether it was time
    /// to.
    pub(super) async fn sweep(&self, bucket: &Bucket, now: Timestamp) -> Result<bool, Failure> {
        {
            let mut swept = self.swept.lock().expect("nobody panics while holding it");
            if swept.is_some_and(|swept| now.duration_since(swept) < SWEEP_EVERY) {
                return Ok(false);
            }
            *swept = Some(now);
        }
        let mut old = bucket.names(&self.paths.blobs()).await?;
        old.retain(|name| BlobName::begun(name).is_some_and(|begun| now.duration_since(begun) >= ORPHAN_AGE));
        if old.is_empty() {
            return Ok(true);
        }
        let mut seen = self.seen.lock().await;
        self.look(bucket, &mut seen).await?;
        // The name that a damaged manifest held is not known. It may be mended yet, and then needs its bytes.
        if seen.damaged.is_empty() {
            let named: BTreeSet<&String> = seen.blobs.values().collect();
            for orphan in old.iter().filter(|name| !named.contains(name)) {
                bucket.remove(&self.blob(orphan)).await?;
            }
        }
        Ok(true)
    }

    fn blob(&self, name: &str) -> Path {
        self.paths.blobs().join(name)
    }
}
