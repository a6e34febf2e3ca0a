//! Rows of the ledger: appended, never changed; the last one names the active version.

use auriga_crds::ModelKey;
use sqlx::{SqliteConnection, SqlitePool};

use crate::{
    LedgerEntry,
    failure::{Failure, damaged},
    seal,
};

/// A stored row: revision, entry, seal.
type Row = (i64, String, Vec<u8>);

/// The row of the latest activation.
pub(super) async fn last(
    connection: &mut SqliteConnection,
    model: &ModelKey,
) -> Result<Option<LedgerEntry>, Failure> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = ? AND name = ? ORDER BY revision DESC LIMIT 1",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| unseal(model, row)).transpose()
}

/// All rows, oldest first.
pub(super) async fn all(pool: &SqlitePool, model: &ModelKey) -> Result<Vec<LedgerEntry>, Failure> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT revision, entry, seal FROM ledger JOIN model ON model.id = ledger.model
         WHERE namespace = ? AND name = ? ORDER BY revision",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| unseal(model, row)).collect()
}

/// Appends a row, once the transaction commits. The model must have a version.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    model: &ModelKey,
    entry: &LedgerEntry,
) -> Result<(), Failure> {
    let document =
        serde_json::to_string(entry).expect("an entry has text keys and no number that is not finite");
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

fn unseal(model: &ModelKey, (revision, document, found): Row) -> Result<LedgerEntry, Failure> {
    let unreadable = |why: String| damaged(format!("revision {revision} of the ledger of {model} {why}"));
    if !seal::fits(model, &document, &found) {
        return Err(unreadable("does not fit its seal".to_owned()));
    }
    let entry: LedgerEntry =
        serde_json::from_str(&document).map_err(|error| unreadable(format!("cannot be read ({error})")))?;
    if i64::try_from(entry.revision) != Ok(revision) {
        return Err(unreadable(format!("is that of revision {}", entry.revision)));
    }
    Ok(entry)
}
