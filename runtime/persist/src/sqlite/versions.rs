//! Rows of versions: numbered, committed, found, deleted.

use auriga_crds::{Digest, ModelKey, VersionNumber};
use sqlx::{SqliteConnection, SqlitePool};

use crate::{
    Draft, IdempotencyKey, Listing, PersistError, VersionManifest,
    failure::Failure,
    rows::{self, VersionRow, column},
    seal,
};

/// Commits a draft under the next number, once the transaction commits. The blob must be stored.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    draft: &Draft,
    digest: Digest,
) -> Result<VersionManifest, Failure> {
    let (id, number): (i64, i64) = sqlx::query_as(
        "INSERT INTO model (namespace, name, high_water_mark) VALUES (?, ?, 1)
         ON CONFLICT (namespace, name) DO UPDATE SET high_water_mark = high_water_mark + 1
         RETURNING id, high_water_mark",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_one(&mut *connection)
    .await?;
    let manifest = VersionManifest {
        manifest_version: VersionManifest::MANIFEST_VERSION,
        number: rows::number_from(model, number)?,
        digest,
        length: draft.blob.len() as u64,
        idempotency_key: draft.idempotency_key.clone(),
        created: draft.time,
        facts: draft.facts.clone(),
    };
    insert_row(connection, id, model, &manifest).await?;
    Ok(manifest)
}

/// Adds the row of a version to the model with this id.
pub(super) async fn insert_row(
    connection: &mut SqliteConnection,
    id: i64,
    model: &ModelKey,
    manifest: &VersionManifest,
) -> Result<(), Failure> {
    let document = manifest.to_json();
    sqlx::query(
        "INSERT INTO version (model, number, idempotency_key, digest, manifest, seal) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(column(manifest.number))
    .bind(&manifest.idempotency_key.0)
    .bind(&manifest.digest.as_bytes()[..])
    .bind(&document)
    .bind(&seal::seal(model, &document).as_bytes()[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// The version that was written under `key`, if it is there.
pub(super) async fn by_key(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    key: &IdempotencyKey,
) -> Result<Option<VersionManifest>, Failure> {
    let row: Option<VersionRow> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? AND idempotency_key = ?",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(&key.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| rows::manifest(model, row)).transpose()
}

/// One version.
///
/// Errors: `VersionAbsent`, `Corrupt`, `VersionTooNew`.
pub(super) async fn get(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    version: VersionNumber,
) -> Result<VersionManifest, Failure> {
    let row: Option<VersionRow> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? AND number = ?",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(column(version))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => rows::manifest(model, row),
        None => Err(absent(connection, model, version).await?),
    }
}

/// Deletes the row of a version; answers the digest of its blob, which the row no longer keeps.
///
/// Errors: `VersionAbsent`.
pub(super) async fn delete(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    version: VersionNumber,
) -> Result<Digest, Failure> {
    let digest: Option<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM version WHERE number = ? AND model = (SELECT id FROM model WHERE namespace = ? AND name = ?)
         RETURNING digest",
    )
    .bind(column(version))
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(digest) = digest else {
        return Err(absent(connection, model, version).await?);
    };
    rows::digest_from(digest, || format!("version {version} of {model}"))
}

/// All versions, the damaged ones apart.
pub(super) async fn list(pool: &SqlitePool, model: &ModelKey) -> Result<Listing, Failure> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? ORDER BY number",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_all(pool)
    .await?;
    rows::listing(model, rows)
}

/// The highest number ever given; 0 for an unknown model.
pub(super) async fn high_water_mark(
    connection: &mut SqliteConnection,
    model: &ModelKey,
) -> Result<u64, Failure> {
    let mark: Option<i64> =
        sqlx::query_scalar("SELECT high_water_mark FROM model WHERE namespace = ? AND name = ?")
            .bind(model.namespace.as_str())
            .bind(model.model.as_str())
            .fetch_optional(connection)
            .await?;
    rows::mark_from(model, mark.unwrap_or(0))
}

/// All models, by namespace, then by name.
pub(super) async fn models(pool: &SqlitePool) -> Result<Vec<ModelKey>, Failure> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT namespace, name FROM model ORDER BY namespace, name")
            .fetch_all(pool)
            .await?;
    rows::models(rows)
}

async fn absent(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    version: VersionNumber,
) -> Result<Failure, Failure> {
    let latest: Option<i64> = sqlx::query_scalar(
        "SELECT max(number) FROM version JOIN model ON model.id = version.model WHERE namespace = ? AND name = ?",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_one(connection)
    .await?;
    Ok(Failure::from(PersistError::VersionAbsent {
        model: model.clone(),
        version,
        latest: latest
            .map(|number| rows::number_from(model, number))
            .transpose()?,
    }))
}
