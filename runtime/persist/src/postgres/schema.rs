//! The tables, made once by whoever opens the store first, and how an older store becomes one of today.

use sqlx::PgConnection;

use super::setback::Setback;
use crate::{
    Fault,
    failure::{Failure, damaged},
};

/// Taken while tables are made or changed, so that of several pods that start at once only one does so. "Auriga" in ASCII.
const LOCK: i64 = 0x41_75_72_69_67_61;

/// Each entry takes a store from the schema version that is its index to the next one. Entries are never edited once
/// released: an old store must become today's by the same steps everywhere.
const MIGRATIONS: [&str; 1] = [INITIAL];

/// The schema version that this build writes, and the newest that it reads: kept in the table `store`.
pub(super) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// A `seal` is the sha256 of `<namespace>/<model>`, a line feed and the document beside it: it tells a document that
/// was altered, or moved to another row or model. The active version and the revision are the last ledger row, stored
/// nowhere else. A row of `upload` claims a blob for a write that has not committed. Numbers of `gap` were never given,
/// because a version with a higher one was imported. Names are compared byte by byte, whatever the database's language.
const INITIAL: &str = r#"
CREATE TABLE store (
    is_the_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    schema_version integer NOT NULL
);
INSERT INTO store (schema_version) VALUES (0);

CREATE TABLE model (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    high_water_mark bigint NOT NULL CHECK (high_water_mark >= 0),
    UNIQUE (namespace, name)
);

CREATE TABLE blob (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32)
);

CREATE TABLE chunk (
    digest bytea NOT NULL REFERENCES blob (digest) ON DELETE CASCADE,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    bytes bytea NOT NULL,
    PRIMARY KEY (digest, sequence)
);
-- Numbers hardly compress, and the length of what is not compressed is known without reading it.
ALTER TABLE chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE upload (
    digest bytea NOT NULL REFERENCES blob (digest),
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    begun_ms bigint NOT NULL,
    PRIMARY KEY (digest, namespace, name, idempotency_key)
);
CREATE INDEX upload_begun ON upload (begun_ms);

CREATE TABLE version (
    model bigint NOT NULL REFERENCES model (id),
    number bigint NOT NULL CHECK (number > 0),
    idempotency_key text COLLATE "C" NOT NULL,
    digest bytea NOT NULL REFERENCES blob (digest),
    manifest text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (model, number),
    UNIQUE (model, idempotency_key)
);
CREATE INDEX version_digest ON version (digest);

CREATE TABLE ledger (
    model bigint NOT NULL REFERENCES model (id),
    revision bigint NOT NULL CHECK (revision > 0),
    entry text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (model, revision)
);

CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

CREATE TABLE gap (
    model bigint NOT NULL REFERENCES model (id),
    first bigint NOT NULL CHECK (first > 0),
    last bigint NOT NULL CHECK (last >= first),
    PRIMARY KEY (model, first)
);
"#;

/// The schema version of the store; `None` where there is none.
pub(super) async fn version(connection: &mut PgConnection, schema: &str) -> Result<Option<u32>, Setback> {
    let table = format!("{schema}.store");
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(None);
    }
    let version: Option<i32> = sqlx::query_scalar("SELECT schema_version FROM store")
        .fetch_optional(connection)
        .await?;
    let version = version.ok_or_else(|| damaged("its schema version is missing".to_owned()))?;
    match u32::try_from(version) {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(damaged(format!("its schema version is {version}")).into()),
    }
}

/// Brings a store to [`NEWEST`], from nothing too. The caller has begun a transaction and commits it.
///
/// Errors: `Fault::TooNew`, `Fault::NotWritable`.
pub(super) async fn migrate(connection: &mut PgConnection, schema: &str) -> Result<(), Setback> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    // Who may not make a schema may still be given one that is there.
    let has_schema: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *connection)
            .await?;
    if !has_schema {
        run(connection, format!("CREATE SCHEMA {schema}")).await?;
    }
    let found = version(connection, schema).await?.unwrap_or(0);
    refuse_newer(found)?;
    for migration in &MIGRATIONS[found as usize..] {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
    }
    run(connection, format!("UPDATE store SET schema_version = {NEWEST}")).await
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), Setback> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
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
