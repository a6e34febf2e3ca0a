//! The tables, and how an older store becomes one of today.

use sqlx::SqliteConnection;

use crate::{
    Fault,
    failure::{Failure, damaged},
};

/// Marks a SQLite file as ours in its header, "Auri" in ASCII; see `PRAGMA application_id`.
pub(super) const APPLICATION_ID: u32 = 0x4175_7269;

/// Each entry takes a store from the schema version that is its index to the next one. Entries are never edited once
/// released: an old store must become today's by the same steps everywhere.
const MIGRATIONS: [&str; 2] = [INITIAL, GAPS];

/// The schema version that this build writes, and the newest that it reads: kept in `PRAGMA user_version`.
pub(super) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// A `seal` is the sha256 of `<namespace>/<model>`, a line feed and the document beside it: it tells a document that
/// was altered, or moved to another row or model. The active version and the revision are the last ledger row, stored
/// nowhere else. A row of `upload` claims a blob for a write that has not committed.
const INITIAL: &str = "
CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    high_water_mark INTEGER NOT NULL CHECK (high_water_mark >= 0),
    UNIQUE (namespace, name)
) STRICT;

CREATE TABLE blob (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE chunk (
    digest BLOB NOT NULL REFERENCES blob (digest) ON DELETE CASCADE,
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    bytes BLOB NOT NULL,
    PRIMARY KEY (digest, sequence)
) STRICT;

CREATE TABLE upload (
    digest BLOB NOT NULL REFERENCES blob (digest),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    begun_ms INTEGER NOT NULL,
    PRIMARY KEY (digest, namespace, name, idempotency_key)
) STRICT;

CREATE TABLE version (
    model INTEGER NOT NULL REFERENCES model (id),
    number INTEGER NOT NULL CHECK (number > 0),
    idempotency_key TEXT NOT NULL,
    digest BLOB NOT NULL REFERENCES blob (digest),
    manifest TEXT NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (model, number),
    UNIQUE (model, idempotency_key)
) STRICT;

CREATE INDEX version_digest ON version (digest);

CREATE TABLE ledger (
    model INTEGER NOT NULL REFERENCES model (id),
    revision INTEGER NOT NULL CHECK (revision > 0),
    entry TEXT NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (model, revision)
) STRICT;

CREATE TRIGGER ledger_rows_stay_as_they_are BEFORE UPDATE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_rows_stay BEFORE DELETE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger is append-only'); END;
";

/// Numbers up to the high-water mark that were never given, because a version with a higher one was imported. All others
/// that have no version were deleted.
const GAPS: &str = "
CREATE TABLE gap (
    model INTEGER NOT NULL REFERENCES model (id),
    first INTEGER NOT NULL CHECK (first > 0),
    last INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (model, first)
) STRICT;
";

/// The schema version of the store.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<u32, Failure> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await?;
    u32::try_from(version).map_err(|_| damaged(format!("its schema version is {version}")))
}

/// Brings a store to [`NEWEST`]; does nothing if it is there. The caller has begun a writing transaction and commits
/// it, so that two processes do not migrate at once.
///
/// Errors: `Fault::TooNew`.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let found = version(connection).await?;
    refuse_newer(found)?;
    if found == NEWEST {
        return Ok(());
    }
    for migration in &MIGRATIONS[found as usize..] {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
    }
    let mark = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {NEWEST}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(mark))
        .execute(connection)
        .await?;
    Ok(())
}

/// Refuses what a newer build wrote.
pub(super) fn refuse_newer(found: u32) -> Result<(), Failure> {
    match found > NEWEST {
        true => Err(Failure::Fault(Fault::TooNew { found, known: NEWEST })),
        false => Ok(()),
    }
}
