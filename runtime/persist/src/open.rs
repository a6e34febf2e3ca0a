//! Opens a store: the one place where a backend is chosen.

use std::sync::Arc;

use crate::{PersistError, Persister, StoreUri, sqlite::SqliteStore};

/// Opens a store for writing; makes it, with its parent folders, if there is none.
///
/// Errors: `Store` with the fault in words: not ours, damaged, too new, not writable, full, on a network file system.
pub async fn open(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    match uri {
        StoreUri::Sqlite { path } => Ok(Arc::new(SqliteStore::open(path).await?)),
    }
}

/// Opens a store that must exist already, for those who only look: nothing is made, not even a folder.
///
/// Errors: as [`open`], and `Fault::Absent`.
pub async fn open_existing(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    match uri {
        StoreUri::Sqlite { path } => Ok(Arc::new(SqliteStore::open_existing(path).await?)),
    }
}
