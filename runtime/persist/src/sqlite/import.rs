//! Takes a version over from another store, under the number it has there.

use auriga_crds::{ModelKey, VersionNumber};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{SqliteStore, blobs, versions};
use crate::{
    Draft, PersistError, Stored, VersionManifest, Written,
    failure::{Failure, off_the_runtime},
    rows::column,
};

impl SqliteStore {
    pub(super) async fn try_import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, Failure> {
        manifest.refuse_unimportable(model)?;
        let key = model.clone();
        let Stored { manifest, blob } =
            off_the_runtime(move || Stored::verified(&key, manifest, blob)).await??;
        let draft = Draft {
            idempotency_key: manifest.idempotency_key.clone(),
            blob: blob.into(),
            facts: manifest.facts.clone(),
            // An import brings no time of its own, and that of the version would make its upload old from the beginning.
            time: Timestamp::now(),
        };
        let upload = blobs::Upload::new(model, &draft, manifest.digest);
        for _ in 0..super::ATTEMPTS {
            let mut tx = self.begin_writing().await?;
            let same = same(&mut tx, model, &manifest).await?;
            drop(tx);
            if let Some(same) = same {
                return Ok(Written::Existing(same));
            }
            for sequence in 0..upload.n_early_chunks() {
                let mut tx = self.begin_writing().await?;
                upload.claim(&mut tx).await?;
                upload.put_chunk(&mut tx, sequence).await?;
                tx.commit().await?;
                failpoint!("sqlite: after the commit of an imported chunk");
            }
            if let Some(written) = self.commit_import(&upload, &manifest).await? {
                return Ok(written);
            }
        }
        Err(blobs::vanished(manifest.digest, super::ATTEMPTS))
    }

    /// Stores the last chunk and the manifest, both or neither. `None` when an earlier chunk is gone.
    async fn commit_import(
        &self,
        upload: &blobs::Upload<'_>,
        manifest: &VersionManifest,
    ) -> Result<Option<Written>, Failure> {
        let model = upload.model;
        let mut tx = self.begin_writing().await?;
        if let Some(same) = same(&mut tx, model, manifest).await? {
            upload.release(&mut tx).await?;
            tx.commit().await?;
            return Ok(Some(Written::Existing(same)));
        }
        upload.put_last_chunk(&mut tx).await?;
        if !blobs::is_whole(&mut tx, upload.digest, manifest.length).await? {
            return Ok(None);
        }
        let id = make_room(&mut tx, model, manifest.number).await?;
        versions::insert_row(&mut tx, id, model, manifest).await?;
        upload.release(&mut tx).await?;
        failpoint!("sqlite: before the commit of an import");
        tx.commit().await?;
        failpoint!("sqlite: after the commit of an import");
        Ok(Some(Written::New(manifest.clone())))
    }
}

/// The version itself, if it is here; `None` if its number and its key are free.
///
/// Errors: `NumberUsed`, `KeyUsed`, `Corrupt` and `VersionTooNew` when what has the number or the key is damaged.
async fn same(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    manifest: &VersionManifest,
) -> Result<Option<VersionManifest>, Failure> {
    let number = manifest.number;
    let used = |found| PersistError::NumberUsed {
        model: model.clone(),
        version: number,
        imported: manifest.digest,
        found,
    };
    match versions::get(connection, model, number).await {
        Ok(found) if found == *manifest => return Ok(Some(found)),
        Ok(found) => return Err(used(Some(Box::new(found.digest))).into()),
        Err(Failure::Refused(error)) if matches!(*error, PersistError::VersionAbsent { .. }) => {}
        Err(failure) => return Err(failure),
    }
    let is_given = number.get() <= versions::high_water_mark(connection, model).await?;
    if is_given && gap(connection, model, number).await?.is_none() {
        return Err(used(None).into());
    }
    match versions::by_key(connection, model, &manifest.idempotency_key).await? {
        None => Ok(None),
        Some(found) => Err(PersistError::KeyUsed {
            model: model.clone(),
            version: number,
            found: found.number,
        }
        .into()),
    }
}

/// Takes `number` out of its gap, or raises the high-water mark to it and leaves a gap below. Answers the model's id.
async fn make_room(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    number: VersionNumber,
) -> Result<i64, Failure> {
    let before = versions::high_water_mark(connection, model).await?;
    let number_column = column(number);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO model (namespace, name, high_water_mark) VALUES (?, ?, ?)
         ON CONFLICT (namespace, name) DO UPDATE SET high_water_mark = max(high_water_mark, excluded.high_water_mark)
         RETURNING id",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(number_column)
    .fetch_one(&mut *connection)
    .await?;
    // What is free around the number, the number itself taken out.
    let (first, last) = match gap(connection, model, number).await? {
        Some(gap) => gap,
        None => (before as i64 + 1, number_column),
    };
    sqlx::query("DELETE FROM gap WHERE model = ? AND first = ?")
        .bind(id)
        .bind(first)
        .execute(&mut *connection)
        .await?;
    for (first, last) in [(first, number_column - 1), (number_column + 1, last)] {
        if first <= last {
            sqlx::query("INSERT INTO gap (model, first, last) VALUES (?, ?, ?)")
                .bind(id)
                .bind(first)
                .bind(last)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(id)
}

/// The gap that a number is in.
async fn gap(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    number: VersionNumber,
) -> Result<Option<(i64, i64)>, Failure> {
    Ok(sqlx::query_as(
        "SELECT first, last FROM gap JOIN model ON model.id = gap.model
         WHERE namespace = ? AND name = ? AND ? BETWEEN first AND last",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(column(number))
    .fetch_optional(connection)
    .await?)
}
