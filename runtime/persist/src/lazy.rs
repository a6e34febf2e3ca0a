//! A store that is opened when it is needed, so that a process can start while it is down.

use std::sync::Arc;

use async_trait::async_trait;
use auriga_crds::{ModelKey, VersionNumber};
use tokio::sync::OnceCell;

use crate::{
    Activation, CredentialSource, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister,
    Properties, StoreUri, Stored, VersionManifest, Which, Written, open_existing_as,
};

/// An existing store, opened by the first call that succeeds in it. Until then every call tries, and answers why it could
/// not.
pub struct Lazy {
    uri: StoreUri,
    credentials: Arc<dyn CredentialSource>,
    opened: OnceCell<Arc<dyn Persister>>,
}

impl Lazy {
    /// Opens nothing yet.
    pub fn new(uri: StoreUri, credentials: Arc<dyn CredentialSource>) -> Lazy {
        Lazy {
            uri,
            credentials,
            opened: OnceCell::new(),
        }
    }

    async fn store(&self) -> Result<&Arc<dyn Persister>, PersistError> {
        self.opened
            .get_or_try_init(|| open_existing_as(&self.uri, self.credentials.clone()))
            .await
    }
}

#[async_trait]
impl Persister for Lazy {
    async fn write(&self, model: &ModelKey, draft: Draft) -> Result<Written, PersistError> {
        self.store().await?.write(model, draft).await
    }

    async fn read(&self, model: &ModelKey, which: Which) -> Result<Stored, PersistError> {
        self.store().await?.read(model, which).await
    }

    async fn import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError> {
        self.store().await?.import(model, manifest, blob).await
    }

    async fn activate(&self, model: &ModelKey, activation: Activation) -> Result<LedgerEntry, PersistError> {
        self.store().await?.activate(model, activation).await
    }

    async fn deactivate(
        &self,
        model: &ModelKey,
        deactivation: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        self.store().await?.deactivate(model, deactivation).await
    }

    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        self.store().await?.delete(model, version).await
    }

    async fn list(&self, model: &ModelKey) -> Result<Listing, PersistError> {
        self.store().await?.list(model).await
    }

    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        self.store().await?.properties(model).await
    }

    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        self.store().await?.ledger(model).await
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        self.store().await?.models().await
    }

    async fn close(&self) {
        if let Some(store) = self.opened.get() {
            store.close().await;
        }
    }
}
