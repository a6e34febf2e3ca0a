//! Opens a store: looks at the place, makes the file if asked to, connects.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    SqliteStore, create,
    place::{self, Found},
    schema,
};
use crate::{
    Fault, PersistError, StoreUri,
    failure::{Address, Failure, off_the_runtime},
    identity::FileIdentity,
};

/// How long a transaction waits for those of other processes. Many times what even a large chunk takes, so that only a
/// process that hangs with the lock makes a write fail.
const PATIENCE: Duration = Duration::from_secs(30);

/// Readers at once per handle; each connection is a thread and a page cache of up to 2 MiB.
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the store at `path`, which is absolute; makes it if there is none.
    pub(crate) async fn open(path: &Path) -> Result<SqliteStore, PersistError> {
        address(path).explain(open(path, true, options(path)).await)
    }

    /// Opens the store at `path`, which is absolute; makes nothing.
    pub(crate) async fn open_existing(path: &Path) -> Result<SqliteStore, PersistError> {
        address(path).explain(open(path, false, options(path)).await)
    }
}

pub(super) async fn open(
    path: &Path,
    make: bool,
    options: SqliteConnectOptions,
) -> Result<SqliteStore, Failure> {
    match (inspect(path.to_owned()).await?, make) {
        (Found::Store, _) => {}
        (Found::Nothing, true) => create::create(path, &options).await?,
        (Found::Nothing, false) => return Err(Failure::Fault(Fault::Absent)),
    }
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(PATIENCE * 4)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(has_left_its_transaction(connection)))
    };
    let writer = pool()
        .max_connections(1)
        .idle_timeout(None)
        .connect_with(options.clone().journal_mode(SqliteJournalMode::Wal))
        .await?;
    let readers = pool()
        .max_connections(READERS)
        .idle_timeout(Duration::from_secs(60))
        .connect_lazy_with(options.pragma("query_only", "ON"));

    let mut connection = writer.acquire().await?;
    let found = schema::version(&mut connection).await?;
    schema::refuse_newer(found)?;
    if found < schema::NEWEST {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        schema::migrate(&mut tx).await?;
        tx.commit().await?;
    }
    drop(connection);
    let address = address(path);
    let file = FileIdentity::of(path)?;
    Ok(SqliteStore {
        address,
        file,
        writer,
        readers,
    })
}

pub(super) fn address(path: &Path) -> Address {
    let path = path.to_owned();
    Address::of(&StoreUri::Sqlite { path })
}

/// What every connection to a store has in common.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        // The default, but a commit that a power loss takes back would be a number given twice.
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
}

/// SQLite itself rolls a transaction back when the disk is full or fails. The driver still counts it as open: the next
/// writer on this connection could not begin, the next reader would keep its snapshot for good. Such a connection is
/// closed, and the pool makes a new one.
async fn has_left_its_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // The driver queues the rollback of a dropped transaction; the ping comes behind it.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Reads from the file system, which may hang, on a thread of its own.
async fn inspect(path: PathBuf) -> Result<Found, Failure> {
    off_the_runtime(move || place::inspect(&path)).await?
}
