//! Rows of the ledger: appended, never changed; the last one names the active version.

use auriga_crds::ModelKey;
use sqlx::{SqliteConnection, SqlitePool};

use crate::{
    LedgerEntry,
    failure::Failure,
    rows::{self, LedgerRow},
    seal,
};

/// The row of the latest activation.
pub(super) async fn last(
    connection: &mut SqliteConnection,
    model: &ModelKey,
) -> Result<Option<LedgerEntry>, Failure> {
    let row: Option<LedgerRow> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = ? AND name = ? ORDER BY revision DESC LIMIT 1",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| rows::ledger_entry(model, row)).transpose()
}

/// All rows, oldest first.
pub(super) async fn all(pool: &SqlitePool, model: &ModelKey) -> Result<Vec<LedgerEntry>, Failure> {
    let rows: Vec<LedgerRow> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = ? AND name = ? ORDER BY revision",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| rows::ledger_entry(model, row))
        .collect()
}

/// Appends a row, once the transaction commits. The model must have a version.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    entry: &LedgerEntry,
) -> Result<(), Failure> {
    let document = rows::ledger_document(entry);
    sqlx::query(
        "INSERT INTO ledger (model, revision, entry, seal)
         SELECT id, ?, ?, ? FROM model WHERE namespace = ? AND name = ?",
    )
    .bind(entry.revision as i64)
    .bind(&document)
    .bind(&seal::seal(model, &document).as_bytes()[..])
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
