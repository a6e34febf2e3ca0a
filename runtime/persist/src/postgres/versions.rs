//! Rows of versions: numbered, committed, found, deleted.

use auriga_crds::{Digest, ModelKey, VersionNumber};
use sqlx::PgConnection;

use super::{
    models::{self, Model},
    setback::Setback,
};
use crate::{
    Draft, IdempotencyKey, Listing, PersistError, VersionManifest,
    rows::{self, VersionRow, column},
    seal,
};

/// Commits a draft under the next number, once the transaction commits. The model is locked, the blob is stored.
pub(super) async fn insert(
    connection: &mut PgConnection,
    Model { id, high_water_mark }: Model,
    key: &ModelKey,
    draft: &Draft,
    digest: Digest,
) -> Result<VersionManifest, Setback> {
    let number = high_water_mark + 1;
    let manifest = VersionManifest {
        manifest_version: VersionManifest::MANIFEST_VERSION,
        number: rows::number_from(key, number)?,
        digest,
        length: draft.blob.len() as u64,
        idempotency_key: draft.idempotency_key.clone(),
        created: draft.time,
        facts: draft.facts.clone(),
    };
    models::set_mark(connection, id, number).await?;
    insert_row(connection, id, key, &manifest).await?;
    Ok(manifest)
}

/// Adds the row of a version to the model with this id.
pub(super) async fn insert_row(
    connection: &mut PgConnection,
    id: i64,
    key: &ModelKey,
    manifest: &VersionManifest,
) -> Result<(), Setback> {
    let document = manifest.to_json();
    sqlx::query(
        "INSERT INTO version (model, number, idempotency_key, digest, manifest, seal) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(column(manifest.number))
    .bind(&manifest.idempotency_key.0)
    .bind(&manifest.digest.as_bytes()[..])
    .bind(&document)
    .bind(&seal::seal(key, &document).as_bytes()[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// The version of the model with this id that was written under `written_as`, if it is there.
pub(super) async fn by_key(
    connection: &mut PgConnection,
    id: i64,
    key: &ModelKey,
    written_as: &IdempotencyKey,
) -> Result<Option<VersionManifest>, Setback> {
    let row: Option<VersionRow> = sqlx::query_as(
        "SELECT number, convert_to(manifest, 'UTF8'), seal FROM version WHERE model = $1 AND idempotency_key = $2",
    )
    .bind(id)
    .bind(&written_as.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| rows::manifest(key, row)).transpose()?)
}

/// One version.
///
/// Errors: `VersionAbsent`, `Corrupt`, `VersionTooNew`.
pub(super) async fn get(
    connection: &mut PgConnection,
    key: &ModelKey,
    version: VersionNumber,
) -> Result<VersionManifest, Setback> {
    let row: Option<VersionRow> = sqlx::query_as(
        "SELECT number, convert_to(manifest, 'UTF8'), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = $1 AND name = $2 AND number = $3",
    )
    .bind(key.namespace.as_str())
    .bind(key.model.as_str())
    .bind(column(version))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => Ok(rows::manifest(key, row)?),
        None => Err(absent(connection, key, version).await),
    }
}

/// Deletes the row of a version; answers the digest of its blob.
///
/// Errors: `VersionAbsent`.
pub(super) async fn delete(
    connection: &mut PgConnection,
    id: i64,
    key: &ModelKey,
    version: VersionNumber,
) -> Result<Digest, Setback> {
    let digest: Option<Vec<u8>> =
        sqlx::query_scalar("DELETE FROM version WHERE model = $1 AND number = $2 RETURNING digest")
            .bind(id)
            .bind(column(version))
            .fetch_optional(&mut *connection)
            .await?;
    match digest {
        Some(digest) => Ok(rows::digest_from(digest, || {
            format!("version {version} of {key}")
        })?),
        None => Err(absent(connection, key, version).await),
    }
}

/// All versions, the damaged ones apart.
pub(super) async fn list(connection: &mut PgConnection, key: &ModelKey) -> Result<Listing, Setback> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT number, convert_to(manifest, 'UTF8'), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = $1 AND name = $2 ORDER BY number",
    )
    .bind(key.namespace.as_str())
    .bind(key.model.as_str())
    .fetch_all(connection)
    .await?;
    Ok(rows::listing(key, rows)?)
}

/// Says that a version is not there, and which is the latest.
pub(super) async fn absent(connection: &mut PgConnection, key: &ModelKey, version: VersionNumber) -> Setback {
    let latest: Result<Option<i64>, sqlx::Error> = sqlx::query_scalar(
        "SELECT max(number) FROM version JOIN model ON model.id = version.model WHERE namespace = $1 AND name = $2",
    )
    .bind(key.namespace.as_str())
    .bind(key.model.as_str())
    .fetch_one(connection)
    .await;
    let latest = match latest {
        Ok(latest) => latest.map(|number| rows::number_from(key, number)).transpose(),
        Err(error) => return error.into(),
    };
    match latest {
        Ok(latest) => PersistError::VersionAbsent {
            model: key.clone(),
            version,
            latest,
        }
        .into(),
        Err(failure) => failure.into(),
    }
}
