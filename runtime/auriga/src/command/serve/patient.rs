//! Serves where nobody would start the process again: what is missing is told at `/alive`, and waited for.

use std::{convert::Infallible, future::pending, path::PathBuf, sync::Arc, time::Duration};

use auriga_crds::{ModelKey, Reason, VersionNumber};
use auriga_persist::{Cached, PersistError, Persister, StoreUri};
use auriga_serve::{LoadFailure, Service};
use serde_json::json;
use tokio::{sync::Mutex, time::sleep};

use super::NOTHING_ACTIVE;
use crate::{
    console::Console,
    failure::{self, Failure},
    fence::Fence,
    follow::{Follower, Pace},
    store,
};

/// Pauses between two attempts to open the store double from the first to the longest of these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// What a pod serves, and from where.
pub(super) struct Patient {
    pub(super) uri: StoreUri,
    pub(super) key: ModelKey,
    /// The one version to serve; `None`: the active one.
    pub(super) version: Option<VersionNumber>,
    /// The file with the revision that the version may be activated from.
    pub(super) fence: Option<PathBuf>,
    /// The folder that keeps what is read of the store.
    pub(super) cache: Option<PathBuf>,
    pub(super) console: Console,
    /// The store, once it could be opened.
    pub(super) store: Mutex<Option<Arc<dyn Persister>>>,
}

/// A store that does not answer any more.
struct Lost {
    /// Whether it did before.
    was_found: bool,
    failure: Failure,
}

impl Patient {
    /// Opens the store, brings a version into `service` and keeps it there; begins again when the store is lost. Never
    /// ends: a process that did would be started again later and later.
    pub(super) async fn serve(&self, service: &Service) -> Infallible {
        let mut pause = PAUSES.0;
        let mut told = None;
        loop {
            let failure = match self.open().await {
                Ok((store, cache)) => {
                    service.set_persister(store.clone());
                    let before = self.store.lock().await.replace(store.clone());
                    if let Some(before) = before {
                        before.close().await;
                    }
                    let follower = self.follower(store).with_cache(cache);
                    let lost = tokio::select! {
                        lost = self.follow_until_lost(&follower, service) => lost,
                        never = self.watch_fence(&follower, service) => match never {},
                    };
                    if lost.was_found {
                        (pause, told) = (PAUSES.0, None);
                    }
                    lost.failure
                }
                Err(error) => {
                    let failure = LoadFailure::from(error);
                    service.report(&failure, failure::reason_of(&failure));
                    failure.into()
                }
            };
            let words = failure.to_string();
            if told.as_ref() != Some(&words) {
                self.console.warn(&failure);
                told = Some(words);
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// The store; with a cache it is opened once it is needed, and nothing can be wrong before.
    async fn open(&self) -> Result<(Arc<dyn Persister>, Option<Arc<Cached>>), PersistError> {
        Ok(match store::cached(self.cache.clone(), &self.uri) {
            Some(cache) => (cache.clone(), Some(cache)),
            None => (store::open_existing(&self.uri).await?, None),
        })
    }

    /// Lets go of the store.
    pub(super) async fn close(&self) {
        if let Some(store) = self.store.lock().await.take() {
            store.close().await;
        }
    }

    fn follower(&self, store: Arc<dyn Persister>) -> Follower {
        let (key, console) = (self.key.clone(), self.console.clone());
        let follower = match self.version {
            Some(version) => Follower::pinned(store, key, console, version),
            None => Follower::new(store, key, console),
        };
        let usual = Pace::default();
        follower.at(Pace {
            patience: PAUSES.1,
            // Whoever gave the fence waits until every pod says that it has passed it.
            before_activation: match self.fence {
                Some(_) => Duration::from_millis(250),
                None => usual.every,
            },
            // A pod that takes an activation elsewhere for its own would get the traffic without its row in the ledger.
            every: usual.every,
        })
    }

    /// Ends when the store does not answer: what is at its address now may be another one.
    async fn follow_until_lost(&self, follower: &Follower, service: &Service) -> Lost {
        let (mut was_found, mut is_told) = (false, false);
        loop {
            match follower.look(service, None).await {
                Err(failure)
                    if matches!(
                        failure.reason,
                        Reason::PersisterUnavailable | Reason::SecretNotFound
                    ) =>
                {
                    return Lost { was_found, failure };
                }
                Err(failure) => self.console.warn(&failure),
                Ok(()) if self.version.is_none() && service.version().is_none() && !is_told => {
                    self.console
                        .tell("waiting", NOTHING_ACTIVE, json!({ "message": NOTHING_ACTIVE }));
                    is_told = true;
                }
                Ok(()) => {}
            }
            was_found = true;
            sleep(follower.pause(service)).await;
        }
    }

    async fn watch_fence(&self, follower: &Follower, service: &Service) -> Infallible {
        match (&self.fence, self.version) {
            (Some(file), Some(version)) => {
                let fence = Fence::new(file.clone(), version, self.console.clone());
                fence.watch(follower, service).await
            }
            _ => pending().await,
        }
    }
}
