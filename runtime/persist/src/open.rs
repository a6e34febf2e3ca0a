//! Opens a store: the one place where a backend is chosen.

use std::sync::Arc;

use crate::{
    CredentialSource, NoCredentials, PersistError, Persister, StoreUri, objects::ObjectStorePersister,
    postgres::PostgresStore, sqlite::SqliteStore,
};

/// Opens a store for writing that asks for no credentials; makes it, with its parent folders, if there is none.
///
/// Errors: `Store` with the fault in words: not ours, damaged, too new, not writable, full, on a network file system.
pub async fn open(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    open_as(uri, Arc::new(NoCredentials)).await
}

/// Opens a store for writing, as whom `credentials` say; makes it if there is none. A database itself is never made: its
/// schema and tables are.
///
/// Errors: as [`open`], `Fault::CredentialsMissing` and `Fault::Refused`.
pub async fn open_as(
    uri: &StoreUri,
    credentials: Arc<dyn CredentialSource>,
) -> Result<Arc<dyn Persister>, PersistError> {
    match uri {
        StoreUri::Sqlite { path } => Ok(Arc::new(SqliteStore::open(path).await?)),
        StoreUri::Folder { path } => Ok(Arc::new(ObjectStorePersister::open_folder(path).await?)),
        StoreUri::Postgres(uri) => Ok(Arc::new(PostgresStore::open(uri, credentials).await?)),
    }
}

/// Opens a store that must exist already and asks for no credentials, for those who only look: nothing is made, not even
/// a folder.
///
/// Reading SQLite needs write access to the file and its folder nevertheless: readers of a write-ahead log lock its pages in a
/// file beside it. A read-only mount is refused rather than read as a file that nobody changes, because another process
/// may have the same volume mounted for writing; copy the store to a writable folder to look at it. A store in a folder is read without writing anything.
///
/// Errors: as [`open`], and `Fault::Absent`.
pub async fn open_existing(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    open_existing_as(uri, Arc::new(NoCredentials)).await
}

/// Opens a store that must exist already, as whom `credentials` say; as [`open_existing`].
///
/// Errors: as [`open_existing`], `Fault::CredentialsMissing` and `Fault::Refused`.
pub async fn open_existing_as(
    uri: &StoreUri,
    credentials: Arc<dyn CredentialSource>,
) -> Result<Arc<dyn Persister>, PersistError> {
    match uri {
        StoreUri::Sqlite { path } => Ok(Arc::new(SqliteStore::open_existing(path).await?)),
        StoreUri::Folder { path } => Ok(Arc::new(ObjectStorePersister::open_existing_folder(path).await?)),
        StoreUri::Postgres(uri) => Ok(Arc::new(PostgresStore::open_existing(uri, credentials).await?)),
    }
}
