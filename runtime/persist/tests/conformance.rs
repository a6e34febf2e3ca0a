//! Runs the conformance suite on every backend.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::sync::Arc;

use async_trait::async_trait;
use auriga_persist::{
    PersistError, Persister, StoreUri,
    conformance::{Load, TestStore, server::InDatabase},
    conformance_suite, open,
};
use tempfile::TempDir;

/// A store at an address within a folder that is removed with it.
struct InFolder {
    uri: StoreUri,
    _folder: TempDir,
}

impl InFolder {
    fn new(uri: &str) -> InFolder {
        let folder = tempfile::tempdir().unwrap();
        let uri = StoreUri::parse(uri, folder.path()).unwrap();
        InFolder { uri, _folder: folder }
    }
}

#[async_trait]
impl TestStore for InFolder {
    async fn handle(&self) -> Result<Arc<dyn Persister>, PersistError> {
        open(&self.uri).await
    }
}

conformance_suite!(folder, async || InFolder::new("file://auriga-data/models"));
conformance_suite!(sqlite, async || InFolder::new("sqlite://auriga-data/models.db"));
conformance_suite!(postgres, async || InDatabase::new(Load::default()).await);
