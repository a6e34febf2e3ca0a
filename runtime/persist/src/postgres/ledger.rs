//! Rows of the ledger: appended, never changed; the last one names the active version.

use auriga_crds::ModelKey;
use sqlx::PgConnection;

use super::setback::Setback;
use crate::{
    LedgerEntry,
    rows::{self, LedgerRow},
    seal,
};

/// The row of the latest activation.
pub(super) async fn last(
    connection: &mut PgConnection,
    key: &ModelKey,
) -> Result<Option<LedgerEntry>, Setback> {
    let row: Option<LedgerRow> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = $1 AND name = $2 ORDER BY revision DESC LIMIT 1",
    )
    .bind(key.namespace.as_str())
    .bind(key.model.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| rows::ledger_entry(key, row)).transpose()?)
}

/// The row of this revision, if there is one.
pub(super) async fn at(
    connection: &mut PgConnection,
    id: i64,
    key: &ModelKey,
    revision: u64,
) -> Result<Option<LedgerEntry>, Setback> {
    let row: Option<LedgerRow> =
        sqlx::query_as("SELECT revision, entry, seal FROM ledger WHERE model = $1 AND revision = $2")
            .bind(id)
            .bind(i64::try_from(revision).unwrap_or(i64::MAX))
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|row| rows::ledger_entry(key, row)).transpose()?)
}

/// All rows, oldest first.
pub(super) async fn all(connection: &mut PgConnection, key: &ModelKey) -> Result<Vec<LedgerEntry>, Setback> {
    let rows: Vec<LedgerRow> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = $1 AND name = $2 ORDER BY revision",
    )
    .bind(key.namespace.as_str())
    .bind(key.model.as_str())
    .fetch_all(connection)
    .await?;
    let entries: Result<Vec<_>, _> = rows.into_iter().map(|row| rows::ledger_entry(key, row)).collect();
    Ok(entries?)
}

/// Appends a row to the ledger of the model with this id, once the transaction commits.
pub(super) async fn append(
    connection: &mut PgConnection,
    id: i64,
    key: &ModelKey,
    entry: &LedgerEntry,
) -> Result<(), Setback> {
    let document = rows::ledger_document(entry);
    sqlx::query("INSERT INTO ledger (model, revision, entry, seal) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(entry.revision as i64)
        .bind(&document)
        .bind(&seal::seal(key, &document).as_bytes()[..])
        .execute(connection)
        .await?;
    Ok(())
}
