//! Takes a version over from another store, under the number it has there.

use auriga_crds::{ModelKey, VersionNumber};
use jiff::Timestamp;
use sqlx::PgConnection;

use super::{
    PostgresStore, blobs,
    connect::within,
    models::{self, Model},
    patiently,
    setback::{Patience, Setback},
    versions,
};
use crate::{
    Draft, PersistError, Stored, VersionManifest, Written,
    failure::{Failure, off_the_runtime},
    rows::column,
};

impl PostgresStore {
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
            for sequence in 0..upload.n_early_chunks() {
                if let Some(same) = patiently!(patience, self.upload_import(&upload, &manifest, sequence))? {
                    return Ok(Written::Existing(same));
                }
            }
            if let Some(written) = patiently!(patience, self.commit_import(&upload, &manifest))? {
                return Ok(written);
            }
        }
        Err(blobs::vanished(manifest.digest, super::ATTEMPTS))
    }

    /// Stores a chunk that is not the last. Answers the version itself if it is here already.
    async fn upload_import(
        &self,
        upload: &blobs::Upload<'_>,
        manifest: &VersionManifest,
        sequence: usize,
    ) -> Result<Option<VersionManifest>, Setback> {
        let mut tx = self.begin_writing().await?;
        within(async move {
            if sequence == 0
                && let Some(model) = models::find(&mut tx, upload.model).await?
                && let Some(same) = same(&mut tx, model, upload.model, manifest).await?
            {
                return Ok(Some(same));
            }
            upload.claim(&mut tx).await?;
            upload.put_chunk(&mut tx, sequence).await?;
            tx.commit().await?;
            failpoint!("postgres: after the commit of an imported chunk");
            Ok(None)
        })
        .await
    }

    /// Stores the last chunk and the manifest, both or neither. `None` when an earlier chunk is gone.
    async fn commit_import(
        &self,
        upload: &blobs::Upload<'_>,
        manifest: &VersionManifest,
    ) -> Result<Option<Written>, Setback> {
        let key = upload.model;
        let mut tx = self.begin_writing().await?;
        within(async move {
            let model = models::lock_or_make(&mut tx, key).await?;
            if let Some(same) = same(&mut tx, model, key, manifest).await? {
                upload.release(&mut tx).await?;
                tx.commit().await?;
                return Ok(Some(Written::Existing(same)));
            }
            upload.put_last_chunk(&mut tx).await?;
            if !blobs::is_whole(&mut tx, upload.digest, manifest.length).await? {
                return Ok(None);
            }
            make_room(&mut tx, model, manifest.number).await?;
            versions::insert_row(&mut tx, model.id, key, manifest).await?;
            upload.release(&mut tx).await?;
            failpoint!("postgres: before the commit of an import");
            tx.commit().await?;
            failpoint!("postgres: after the commit of an import");
            Ok(Some(Written::New(manifest.clone())))
        })
        .await
    }
}

/// The version itself, if it is here; `None` if its number and its key are free.
///
/// Errors: `NumberUsed`, `KeyUsed`, `Corrupt` and `VersionTooNew` when what has the number or the key is damaged.
async fn same(
    connection: &mut PgConnection,
    model: Model,
    key: &ModelKey,
    manifest: &VersionManifest,
) -> Result<Option<VersionManifest>, Setback> {
    let number = manifest.number;
    let used = |found| PersistError::NumberUsed {
        model: key.clone(),
        version: number,
        imported: manifest.digest,
        found,
    };
    match versions::get(connection, key, number).await {
        Ok(found) if found == *manifest => return Ok(Some(found)),
        Ok(found) => return Err(used(Some(Box::new(found.digest))).into()),
        Err(setback) if setback.is_absence() => {}
        Err(setback) => return Err(setback),
    }
    let is_given = column(number) <= model.high_water_mark;
    if is_given && gap(connection, model, number).await?.is_none() {
        return Err(used(None).into());
    }
    match versions::by_key(connection, model.id, key, &manifest.idempotency_key).await? {
        None => Ok(None),
        Some(found) => Err(PersistError::KeyUsed {
            model: key.clone(),
            version: number,
            found: found.number,
        }
        .into()),
    }
}

/// Takes `number` out of its gap, or raises the high-water mark to it and leaves a gap below.
async fn make_room(
    connection: &mut PgConnection,
    model: Model,
    number: VersionNumber,
) -> Result<(), Setback> {
    let number_column = column(number);
    // What is free around the number, the number itself taken out.
    let (first, last) = match gap(connection, model, number).await? {
        Some(gap) => gap,
        None => (model.high_water_mark + 1, number_column),
    };
    sqlx::query("DELETE FROM gap WHERE model = $1 AND first = $2")
        .bind(model.id)
        .bind(first)
        .execute(&mut *connection)
        .await?;
    for (first, last) in [(first, number_column - 1), (number_column + 1, last)] {
        if first <= last {
            sqlx::query("INSERT INTO gap (model, first, last) VALUES ($1, $2, $3)")
                .bind(model.id)
                .bind(first)
                .bind(last)
                .execute(&mut *connection)
                .await?;
        }
    }
    models::set_mark(connection, model.id, model.high_water_mark.max(number_column)).await
}

/// The gap that a number is in.
async fn gap(
    connection: &mut PgConnection,
    model: Model,
    number: VersionNumber,
) -> Result<Option<(i64, i64)>, Setback> {
    Ok(
        sqlx::query_as("SELECT first, last FROM gap WHERE model = $1 AND $2 BETWEEN first AND last")
            .bind(model.id)
            .bind(column(number))
            .fetch_optional(connection)
            .await?,
    )
}
