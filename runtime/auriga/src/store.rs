//! Finds the store that a command works on, and opens it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use auriga_persist::{Cached, Lazy, PersistError, Persister, StoreUri};

use crate::{credentials, failure::Failure, manifest::Manifest};

/// Where versions are kept unless something else is written: in the folder where the command runs.
const DEFAULT_URI: &str = "sqlite://auriga-data/models.db";

/// The store's address: of the command line (relative to where the command runs), else of the manifest (relative to its
/// folder), else the default.
pub(crate) fn uri(written: Option<&str>, manifest: Option<&Manifest>) -> Result<StoreUri, Failure> {
    let in_manifest =
        manifest.and_then(|manifest| Some((manifest.checked.persister_uri.as_deref()?, &*manifest.base)));
    let (text, base) = match (written, in_manifest) {
        (Some(written), _) => (written, Path::new(".")),
        (None, Some(found)) => found,
        (None, None) => (DEFAULT_URI, Path::new(".")),
    };
    Ok(StoreUri::parse(text, base)?)
}

/// Opens a store for writing with the credentials of this process; makes it if there is none.
pub(crate) async fn open(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    auriga_persist::open_as(uri, credentials::source()).await
}

/// Opens a store that must exist already, with the credentials of this process.
pub(crate) async fn open_existing(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    auriga_persist::open_existing_as(uri, credentials::source()).await
}

/// A store that must exist already, with what was read of it kept in `folder`: opened when it is first needed, so that
/// a process can start while it is down. `None` without a folder.
pub(crate) fn cached(folder: Option<PathBuf>, uri: &StoreUri) -> Option<Arc<Cached>> {
    let store = || Arc::new(Lazy::new(uri.clone(), credentials::source()));
    folder.map(|folder| Arc::new(Cached::new(store(), folder)))
}
