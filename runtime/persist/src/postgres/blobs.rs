//! Bytes in chunks, claimed while they are uploaded, deleted when nobody names them.
//!
//! Two models may share a blob, so locking a model is not enough: who names a blob anew and who deletes it both lock its
//! row first, and look at who names it only then.

use auriga_crds::{Digest, ModelKey};
use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::time::timeout;

use super::{connect::ANSWER, setback::Setback};
use crate::{Draft, Fault, PersistError, VersionManifest, failure::Failure, rows};

/// Bytes of a chunk: one transaction each, so that a large blob holds up nobody. Part of the schema: a build with
/// another length would tear the blobs that versions of two builds share.
const CHUNK_LENGTH: usize = 1 << 20;

/// How long an upload may rest before its bytes are collected, by the clocks of the drafts.
const ORPHAN_AGE_MS: i64 = 24 * 60 * 60 * 1000;

/// The bytes of a draft on their way into the store.
pub(super) struct Upload<'a> {
    pub(super) model: &'a ModelKey,
    pub(super) draft: &'a Draft,
    pub(super) digest: Digest,
    chunks: Vec<&'a [u8]>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(model: &'a ModelKey, draft: &'a Draft, digest: Digest) -> Upload<'a> {
        let chunks = draft.blob.chunks(CHUNK_LENGTH).collect();
        Upload {
            model,
            draft,
            digest,
            chunks,
        }
    }

    /// The number of chunks that are stored before the transaction that commits.
    pub(super) fn n_early_chunks(&self) -> usize {
        self.chunks.len().saturating_sub(1)
    }

    /// Keeps the bytes from being deleted until [`Upload::release`].
    pub(super) async fn claim(&self, connection: &mut PgConnection) -> Result<(), Setback> {
        self.name_blob(connection).await?;
        sqlx::query(
            "INSERT INTO upload (digest, namespace, name, idempotency_key, begun_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (digest, namespace, name, idempotency_key) DO UPDATE SET begun_ms = excluded.begun_ms",
        )
        .bind(&self.digest.as_bytes()[..])
        .bind(self.model.namespace.as_str())
        .bind(self.model.model.as_str())
        .bind(&self.draft.idempotency_key.0)
        .bind(self.draft.time.as_millisecond())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Gives the claim up, and the bytes with it if no version names them.
    pub(super) async fn release(&self, connection: &mut PgConnection) -> Result<(), Setback> {
        let released = sqlx::query(
            "DELETE FROM upload WHERE digest = $1 AND namespace = $2 AND name = $3 AND idempotency_key = $4",
        )
        .bind(&self.digest.as_bytes()[..])
        .bind(self.model.namespace.as_str())
        .bind(self.model.model.as_str())
        .bind(&self.draft.idempotency_key.0)
        .execute(&mut *connection)
        .await?;
        match released.rows_affected() {
            0 => Ok(()),
            _ => delete_if_unnamed(connection, self.digest).await,
        }
    }

    /// Stores one chunk. One that is there already is left alone if it is right, and mended if it is not: these bytes
    /// are known to have the digest.
    pub(super) async fn put_chunk(
        &self,
        connection: &mut PgConnection,
        sequence: usize,
    ) -> Result<(), Setback> {
        sqlx::query(
            "INSERT INTO chunk (digest, sequence, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (digest, sequence) DO UPDATE SET bytes = excluded.bytes WHERE chunk.bytes <> excluded.bytes",
        )
        .bind(&self.digest.as_bytes()[..])
        .bind(sequence as i64)
        .bind(self.chunks[sequence])
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Stores the chunk that the transaction of the manifest brings along; an empty blob has none.
    pub(super) async fn put_last_chunk(&self, connection: &mut PgConnection) -> Result<(), Setback> {
        self.name_blob(connection).await?;
        match self.chunks.len().checked_sub(1) {
            Some(last) => self.put_chunk(connection, last).await,
            None => Ok(()),
        }
    }

    /// Makes the row of the blob, or locks the one that is there: an update that changes nothing does both in one step,
    /// where to look first and then to insert leaves a moment in between.
    async fn name_blob(&self, connection: &mut PgConnection) -> Result<(), Setback> {
        sqlx::query(
            "INSERT INTO blob (digest) VALUES ($1) ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest",
        )
        .bind(&self.digest.as_bytes()[..])
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Whether the chunks of a blob add up to `length` bytes. Reads no bytes.
pub(super) async fn is_whole(
    connection: &mut PgConnection,
    digest: Digest,
    length: u64,
) -> Result<bool, Setback> {
    Ok(stored_length(connection, digest).await? == length)
}

async fn stored_length(connection: &mut PgConnection, digest: Digest) -> Result<u64, Setback> {
    let length: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(octet_length(bytes)), 0)::bigint FROM chunk WHERE digest = $1",
    )
    .bind(&digest.as_bytes()[..])
    .fetch_one(connection)
    .await?;
    Ok(length as u64)
}

/// The bytes of a version, as long as its manifest says; the digest is for the caller to check.
///
/// Errors: `Corrupt` when there are more or fewer.
pub(super) async fn read(
    connection: &mut PgConnection,
    model: &ModelKey,
    manifest: &VersionManifest,
) -> Result<Vec<u8>, Setback> {
    let found = stored_length(connection, manifest.digest).await?;
    if found != manifest.length {
        return Err(PersistError::Corrupt {
            model: model.clone(),
            version: manifest.number,
            what: format!(
                "blob {} has {found} bytes where {} are expected",
                manifest.digest, manifest.length
            ),
        }
        .into());
    }
    let mut blob = Vec::with_capacity(found as usize);
    // One row at a time, so that no more than one chunk is held twice.
    for sequence in 0_i64.. {
        let chunk = sqlx::query_scalar("SELECT bytes FROM chunk WHERE digest = $1 AND sequence = $2")
            .bind(&manifest.digest.as_bytes()[..])
            .bind(sequence)
            .fetch_optional(&mut *connection);
        let chunk: Option<Vec<u8>> = timeout(ANSWER, chunk).await.map_err(|_| silent())??;
        match chunk {
            Some(bytes) => blob.extend_from_slice(&bytes),
            None => break,
        }
    }
    Ok(blob)
}

/// Deletes a blob that neither a version nor an upload names.
pub(super) async fn delete_if_unnamed(connection: &mut PgConnection, digest: Digest) -> Result<(), Setback> {
    sqlx::query("SELECT 1 FROM blob WHERE digest = $1 FOR UPDATE")
        .bind(&digest.as_bytes()[..])
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "DELETE FROM blob WHERE digest = $1
         AND NOT EXISTS (SELECT 1 FROM version WHERE digest = $1)
         AND NOT EXISTS (SELECT 1 FROM upload WHERE digest = $1)",
    )
    .bind(&digest.as_bytes()[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives up the claims of writers that have not come back for a day, and deletes the bytes that nobody else names.
pub(super) async fn collect_orphans(connection: &mut PgConnection, now: Timestamp) -> Result<(), Setback> {
    let given_up: Vec<Vec<u8>> =
        sqlx::query_scalar("DELETE FROM upload WHERE begun_ms < $1 RETURNING digest")
            .bind(now.as_millisecond() - ORPHAN_AGE_MS)
            .fetch_all(&mut *connection)
            .await?;
    for digest in given_up {
        let digest = rows::digest_from(digest, || "an upload".to_owned())?;
        delete_if_unnamed(connection, digest).await?;
    }
    Ok(())
}

/// Says that an upload had to begin again too often.
pub(super) fn vanished(digest: Digest, n_times: usize) -> Failure {
    let what = format!(
        "the bytes of blob {digest} vanished {n_times} times while they were written; check the clocks of the writers"
    );
    Failure::Fault(Fault::Unavailable(what))
}

/// Says that the server took a request and has been silent since.
fn silent() -> Failure {
    Failure::Fault(Fault::Unavailable(
        "the server does not answer any more".to_owned(),
    ))
}
