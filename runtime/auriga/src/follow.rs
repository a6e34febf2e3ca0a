//! Keeps a service on the version that the ledger names.

use std::{convert::Infallible, sync::Arc, time::Duration};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::Persister;
use auriga_serve::{Loaded, Service};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{activation, console::Console, failure::Failure};

/// How often to look whether another process has activated a version.
const EVERY: Duration = Duration::from_secs(1);

/// Brings the active version of one model into a service.
pub(crate) struct Follower {
    store: Arc<dyn Persister>,
    key: ModelKey,
    console: Console,
    /// The one version to serve, whatever is active.
    pinned: Option<VersionNumber>,
    /// Two swaps at once could end with the older version on top.
    swapping: Mutex<Tried>,
}

/// The last version that could not be loaded, so that it is told once and not every second.
#[derive(Default)]
struct Tried {
    failed: Option<VersionNumber>,
    unreachable: bool,
}

impl Follower {
    pub(crate) fn new(store: Arc<dyn Persister>, key: ModelKey, console: Console) -> Follower {
        Follower { store, key, console, pinned: None, swapping: Mutex::default() }
    }

    /// Serves one version, whatever is active; only what `/alive` says of the ledger is kept up to date.
    pub(crate) fn pinned(store: Arc<dyn Persister>, key: ModelKey, console: Console, number: VersionNumber) -> Follower {
        Follower { pinned: Some(number), ..Follower::new(store, key, console) }
    }

    /// Looks once, and swaps if the ledger names another version than the one served. `candidate` saves reading a
    /// version that was loaded already, and found to fit `service`.
    pub(crate) async fn look(&self, service: &Service, candidate: Option<Loaded>) -> Result<(), Failure> {
        let mut tried = self.swapping.lock().await;
        let properties = self.store.properties(&self.key).await?;
        let wanted = self.pinned.or(properties.active_version);
        service.set_ledger(properties);
        let Some(wanted) = wanted.filter(|wanted| service.version() != Some(*wanted)) else { return Ok(()) };
        let loaded = match candidate.filter(|candidate| candidate.manifest().number == wanted) {
            Some(candidate) => Ok(candidate),
            None if tried.failed == Some(wanted) => return Ok(()),
            None => activation::load(&*self.store, &self.key, wanted).await,
        };
        let swapped = match loaded {
            Ok(loaded) => service.swap(loaded).map_err(Failure::from),
            Err(failure) => {
                service.report(&failure);
                Err(Failure::from(failure))
            }
        };
        tried.failed = swapped.is_err().then_some(wanted);
        swapped?;
        self.console.tell(
            "serving",
            format_args!("version {wanted} of {} answers", self.key),
            json!({ "version": wanted, "model": self.key.to_string() }),
        );
        Ok(())
    }

    /// Looks again and again; never ends. A store that is down is told once; the version served serves on.
    pub(crate) async fn follow(&self, service: &Service) -> Infallible {
        loop {
            tokio::time::sleep(EVERY).await;
            let looked = self.look(service, None).await;
            let mut tried = self.swapping.lock().await;
            match looked {
                Err(failure) if !tried.unreachable => {
                    self.console.warn(&failure);
                    tried.unreachable = true;
                }
                Err(_) => {}
                Ok(()) => tried.unreachable = false,
            }
        }
    }
}
