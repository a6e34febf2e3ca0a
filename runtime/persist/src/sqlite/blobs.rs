//! Bytes in chunks, claimed while they are uploaded, deleted when nobody names them.

use auriga_crds::{Digest, ModelKey};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::failure::is_damage;
use crate::{Draft, Fault, PersistError, VersionManifest, failure::Failure, rows};

/// Bytes of a chunk: one transaction each, so that other writers get their turn in between. Part of the schema: a build
/// with another length would tear the blobs that versions of two builds share.
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
    pub(super) async fn claim(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        self.name_blob(connection).await?;
        sqlx::query(
            "INSERT OR REPLACE INTO upload (digest, namespace, name, idempotency_key, begun_ms) VALUES (?, ?, ?, ?, ?)",
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
    pub(super) async fn release(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        sqlx::query(
            "DELETE FROM upload WHERE digest = ? AND namespace = ? AND name = ? AND idempotency_key = ?",
        )
        .bind(&self.digest.as_bytes()[..])
        .bind(self.model.namespace.as_str())
        .bind(self.model.model.as_str())
        .bind(&self.draft.idempotency_key.0)
        .execute(&mut *connection)
        .await?;
        delete_if_unnamed(connection, self.digest).await
    }

    /// Stores one chunk. One that is there already is left alone if it is right, and mended if it is not: these bytes
    /// are known to have the digest.
    pub(super) async fn put_chunk(
        &self,
        connection: &mut SqliteConnection,
        sequence: usize,
    ) -> Result<(), Failure> {
        sqlx::query(
            "INSERT INTO chunk (digest, sequence, bytes) VALUES (?, ?, ?)
             ON CONFLICT (digest, sequence) DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes",
        )
        .bind(&self.digest.as_bytes()[..])
        .bind(sequence as i64)
        .bind(self.chunks[sequence])
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Stores the chunk that the transaction of the manifest brings along; an empty blob has none.
    pub(super) async fn put_last_chunk(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        self.name_blob(connection).await?;
        match self.chunks.len().checked_sub(1) {
            Some(last) => self.put_chunk(connection, last).await,
            None => Ok(()),
        }
    }

    async fn name_blob(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        sqlx::query("INSERT INTO blob (digest) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(&self.digest.as_bytes()[..])
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Whether the chunks of a blob add up to `length` bytes. Reads no bytes: SQLite knows the length of a value without.
pub(super) async fn is_whole(
    connection: &mut SqliteConnection,
    digest: Digest,
    length: u64,
) -> Result<bool, Failure> {
    Ok(stored_length(connection, digest).await? == length)
}

async fn stored_length(connection: &mut SqliteConnection, digest: Digest) -> Result<u64, sqlx::Error> {
    let length: i64 =
        sqlx::query_scalar("SELECT coalesce(sum(length(bytes)), 0) FROM chunk WHERE digest = ?")
            .bind(&digest.as_bytes()[..])
            .fetch_one(connection)
            .await?;
    Ok(length as u64)
}

/// The bytes of a version, as long as its manifest says; the digest is for the caller to check.
///
/// Errors: `Corrupt` when there are more or fewer, or when SQLite finds its pages damaged.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    manifest: &VersionManifest,
) -> Result<Vec<u8>, Failure> {
    let corrupt = |what: String| {
        Failure::from(PersistError::Corrupt {
            model: model.clone(),
            version: manifest.number,
            what,
        })
    };
    let pages_damaged = |error: sqlx::Error| match is_damage(&error) {
        true => corrupt(format!("blob {} cannot be read ({error})", manifest.digest)),
        false => error.into(),
    };
    let found = stored_length(connection, manifest.digest)
        .await
        .map_err(pages_damaged)?;
    if found != manifest.length {
        return Err(corrupt(format!(
            "blob {} has {found} bytes where {} are expected",
            manifest.digest, manifest.length
        )));
    }
    let mut blob = Vec::with_capacity(found as usize);
    // One row at a time: the driver reads ahead, and fifty chunks would be held twice.
    for sequence in 0_i64.. {
        let chunk: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT bytes FROM chunk WHERE digest = ? AND sequence = ?")
                .bind(&manifest.digest.as_bytes()[..])
                .bind(sequence)
                .fetch_optional(&mut *connection)
                .await
                .map_err(pages_damaged)?;
        match chunk {
            Some(bytes) => blob.extend_from_slice(&bytes),
            None => break,
        }
    }
    Ok(blob)
}

/// Deletes a blob that neither a version nor an upload names.
pub(super) async fn delete_if_unnamed(
    connection: &mut SqliteConnection,
    digest: Digest,
) -> Result<(), Failure> {
    sqlx::query(
        "DELETE FROM blob WHERE digest = ?1
         AND NOT EXISTS (SELECT 1 FROM version WHERE digest = ?1)
         AND NOT EXISTS (SELECT 1 FROM upload WHERE digest = ?1)",
    )
    .bind(&digest.as_bytes()[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives up the claims of writers that have not come back for a day, and deletes the bytes that nobody else names.
pub(super) async fn collect_orphans(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(), Failure> {
    let given_up: Vec<Vec<u8>> = sqlx::query_scalar("DELETE FROM upload WHERE begun_ms < ? RETURNING digest")
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
