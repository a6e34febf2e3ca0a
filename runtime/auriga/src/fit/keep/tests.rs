//! A store that goes away when the fit is done.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use auriga_crds::{ModelKey, Reason, VersionNumber};
use auriga_persist::{
    Activation, Deactivation, Draft, Fault, LedgerEntry, Listing, PersistError, Persister, Properties,
    StoreUri, Stored, VersionManifest, Which, Written,
    conformance::fixtures::{draft, model},
};

use super::write;
use crate::{
    console::{Console, Format},
    progress::Progress,
};

/// A store that cannot be reached for the first so many writes.
struct Away {
    store: Arc<dyn Persister>,
    n_failures: AtomicU32,
    progress: Arc<Progress>,
}

#[async_trait]
impl Persister for Away {
    async fn write(&self, key: &ModelKey, draft: Draft) -> Result<Written, PersistError> {
        let left = self
            .n_failures
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        let Ok(left) = left else {
            let (reason, waits) = self.progress.waiting_for().unwrap();
            assert_eq!(reason, Reason::PersisterUnavailable);
            assert!(
                waits.contains("store sqlite://models.db cannot be reached"),
                "{waits}"
            );
            return self.store.write(key, draft).await;
        };
        Err(PersistError::Store {
            store: "sqlite://models.db".to_owned(),
            fault: Fault::Unavailable(format!("{left} to go")),
            source: None,
        })
    }

    async fn read(&self, key: &ModelKey, which: Which) -> Result<Stored, PersistError> {
        self.store.read(key, which).await
    }

    async fn import(
        &self,
        key: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError> {
        self.store.import(key, manifest, blob).await
    }

    async fn activate(&self, key: &ModelKey, wish: Activation) -> Result<LedgerEntry, PersistError> {
        self.store.activate(key, wish).await
    }

    async fn deactivate(
        &self,
        key: &ModelKey,
        wish: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        self.store.deactivate(key, wish).await
    }

    async fn delete(&self, key: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        self.store.delete(key, version).await
    }

    async fn list(&self, key: &ModelKey) -> Result<Listing, PersistError> {
        self.store.list(key).await
    }

    async fn properties(&self, key: &ModelKey) -> Result<Properties, PersistError> {
        self.store.properties(key).await
    }

    async fn ledger(&self, key: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        self.store.ledger(key).await
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        self.store.models().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// Writes to a store that cannot be reached for `n_failures` writes, with so many seconds of patience.
async fn written(n_failures: u32, patience: u64) -> (Result<Written, PersistError>, Arc<Progress>) {
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::parse("sqlite://models.db", folder.path()).unwrap();
    let progress = Arc::new(Progress::new());
    let store = Away {
        store: auriga_persist::open(&uri).await.unwrap(),
        n_failures: AtomicU32::new(n_failures),
        progress: progress.clone(),
    };
    let console = Console::new(Format::Json, false).telling(progress.clone());
    let (key, patience) = (model("default/iris"), Duration::from_secs(patience));
    (
        write(&store, &key, draft("fit"), patience, &console).await,
        progress,
    )
}

#[tokio::test]
async fn a_fit_waits_for_its_store_and_says_so() {
    let (ended, progress) = written(2, 3).await;
    assert!(matches!(ended, Ok(Written::New(_))));
    assert_eq!(progress.waiting_for(), None, "it goes on");
    assert_eq!(progress.status().progress_percentage, Some(97));
}

#[tokio::test]
async fn a_fit_does_not_wait_longer_than_it_was_told_to() {
    let (ended, _) = written(u32::MAX, 0).await;
    assert!(
        matches!(
            ended,
            Err(PersistError::Store {
                fault: Fault::Unavailable(_),
                ..
            })
        ),
        "{ended:?}"
    );
}
