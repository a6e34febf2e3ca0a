//! Rows of versions: numbered, committed, found, deleted.

use auriga_crds::{Digest, ModelKey, VersionNumber};
use sqlx::{SqliteConnection, SqlitePool};

use crate::{
    Damaged, Draft, IdempotencyKey, Listing, PersistError, VersionManifest,
    failure::{Failure, damaged},
    seal,
    version::Unreadable,
};

/// A stored row: number, manifest, seal. The manifest comes as bytes: damaged text may not be text any more, and the
/// driver would then refuse the rows beside it as well.
type Row = (i64, Vec<u8>, Vec<u8>);

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
        number: number_from(model, number)?,
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
    let row: Option<Row> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? AND idempotency_key = ?",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(&key.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| unseal(model, row)).transpose()
}

/// One version.
///
/// Errors: `VersionAbsent`, `Corrupt`, `VersionTooNew`.
pub(super) async fn get(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    version: VersionNumber,
) -> Result<VersionManifest, Failure> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? AND number = ?",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .bind(column(version))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => unseal(model, row),
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
    let digest: [u8; 32] = digest.try_into().map_err(|_| {
        damaged(format!(
            "the digest of version {version} of {model} does not have 32 bytes"
        ))
    })?;
    Ok(digest.into())
}

/// All versions, the damaged ones apart.
pub(super) async fn list(pool: &SqlitePool, model: &ModelKey) -> Result<Listing, Failure> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, CAST(manifest AS BLOB), seal FROM version JOIN model ON model.id = version.model
         WHERE namespace = ? AND name = ? ORDER BY number",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_all(pool)
    .await?;
    let mut listing = Listing::default();
    for row in rows {
        let version = number_from(model, row.0)?;
        match unseal(model, row) {
            Ok(manifest) => listing.versions.push(manifest),
            Err(Failure::Refused(error)) => listing.damaged.push(Damaged {
                version,
                message: error.to_string(),
            }),
            Err(failure) => return Err(failure),
        }
    }
    Ok(listing)
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
    u64::try_from(mark.unwrap_or(0))
        .map_err(|_| damaged(format!("the high-water mark of {model} is below 0")))
}

/// All models, by namespace, then by name.
pub(super) async fn models(pool: &SqlitePool) -> Result<Vec<ModelKey>, Failure> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT namespace, name FROM model ORDER BY namespace, name")
            .fetch_all(pool)
            .await?;
    let key = |(namespace, name): (String, String)| {
        format!("{namespace}/{name}")
            .parse()
            .map_err(|error| damaged(format!("{error}")))
    };
    rows.into_iter().map(key).collect()
}

/// The manifest of a row, if the row is as it was written.
fn unseal(model: &ModelKey, (number, document, found): Row) -> Result<VersionManifest, Failure> {
    let version = number_from(model, number)?;
    let corrupt = |what: String| PersistError::Corrupt {
        model: model.clone(),
        version,
        what,
    };
    let Some(document) = String::from_utf8(document)
        .ok()
        .filter(|document| seal::fits(model, document, &found))
    else {
        return Err(corrupt("its manifest does not fit its seal".to_owned()).into());
    };
    let manifest = VersionManifest::from_json(&document).map_err(|unreadable| match unreadable {
        Unreadable::Malformed(what) => corrupt(what),
        Unreadable::TooNew(found) => PersistError::VersionTooNew {
            model: model.clone(),
            version,
            found,
            known: VersionManifest::MANIFEST_VERSION,
        },
    })?;
    if manifest.number != version {
        return Err(corrupt(format!("its manifest is that of version {}", manifest.number)).into());
    }
    Ok(manifest)
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
        latest: latest.map(|number| number_from(model, number)).transpose()?,
    }))
}

fn number_from(model: &ModelKey, number: i64) -> Result<VersionNumber, Failure> {
    u64::try_from(number)
        .ok()
        .and_then(VersionNumber::new)
        .ok_or_else(|| damaged(format!("{model} has a version numbered {number}")))
}

/// The number as a column has it. Numbers beyond its range were never given, and 0 neither.
pub(super) fn column(version: VersionNumber) -> i64 {
    i64::try_from(version.get()).unwrap_or(0)
}
