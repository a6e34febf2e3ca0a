//! Keeps a service on the version that the ledger names.

use std::{convert::Infallible, sync::Arc, time::Duration};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{Cached, PersistError, Persister, Properties};
use auriga_serve::{LoadFailure, Loaded, Service, Settings};
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    activation,
    console::Console,
    failure::{self, Failure},
};

/// How often to look whether another process has activated a version.
const EVERY: Duration = Duration::from_secs(1);
/// The longest pause before a version that could not be loaded is tried again: it may be mended where it lies.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a [`Follower`] looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// While the version that it serves is the active one.
    pub(crate) every: Duration,
    /// While the version that it serves is about to become the active one.
    pub(crate) before_activation: Duration,
    /// The longest pause before a version that could not be loaded is tried again.
    pub(crate) patience: Duration,
}

impl Default for Pace {
    /// That of a service which somebody looks after.
    fn default() -> Pace {
        Pace {
            every: EVERY,
            before_activation: EVERY,
            patience: PATIENCE,
        }
    }
}

/// Brings the active version of one model into a service.
pub(crate) struct Follower {
    pub(crate) store: Arc<dyn Persister>,
    pub(crate) key: ModelKey,
    console: Console,
    /// The one version to serve, whatever is active.
    pinned: Option<VersionNumber>,
    /// What an earlier process saw of the store, for when it does not answer.
    cache: Option<Arc<Cached>>,
    pace: Pace,
    /// Two swaps at once could end with the older version on top.
    swapping: Mutex<Tried>,
}

/// A version that was loaded already, and settings that were found to fit it.
pub(crate) struct Candidate {
    pub(crate) loaded: Loaded,
    pub(crate) settings: Settings,
}

/// What went wrong last, so that it is told once and tried again ever more seldom.
#[derive(Default)]
struct Tried {
    failed: Option<Failed>,
    unreachable: bool,
}

/// A version that could not be loaded.
struct Failed {
    version: VersionNumber,
    pause: Duration,
    again: Instant,
}

impl Tried {
    /// Whether it is too early to try `version` once more.
    fn is_waiting_for(&self, version: VersionNumber) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|failed| failed.version == version && Instant::now() < failed.again)
    }

    /// Remembers that `version` could not be loaded; whether that is news.
    fn note(&mut self, version: VersionNumber, patience: Duration) -> bool {
        let before = self.failed.take().filter(|failed| failed.version == version);
        let pause = before
            .as_ref()
            .map_or(EVERY, |failed| (failed.pause * 2).min(patience));
        self.failed = Some(Failed {
            version,
            pause,
            again: Instant::now() + pause,
        });
        before.is_none()
    }
}

impl Follower {
    pub(crate) fn new(store: Arc<dyn Persister>, key: ModelKey, console: Console) -> Follower {
        Follower {
            store,
            key,
            console,
            pinned: None,
            cache: None,
            pace: Pace::default(),
            swapping: Mutex::default(),
        }
    }

    /// Serves one version, whatever is active; only what `/alive` says of the ledger is kept up to date.
    pub(crate) fn pinned(
        store: Arc<dyn Persister>,
        key: ModelKey,
        console: Console,
        number: VersionNumber,
    ) -> Follower {
        Follower {
            pinned: Some(number),
            ..Follower::new(store, key, console)
        }
    }

    /// The same, with what is kept of the store: until the store answers, a version is served from there.
    pub(crate) fn with_cache(self, cache: Option<Arc<Cached>>) -> Follower {
        Follower { cache, ..self }
    }

    /// The same at another pace.
    pub(crate) fn at(self, pace: Pace) -> Follower {
        Follower { pace, ..self }
    }

    /// Looks once, and swaps if the ledger names another version than the one served. A `candidate` is served by its
    /// settings, and saves reading its version, unless somebody has activated another one since: then that one answers,
    /// by the candidate's settings.
    pub(crate) async fn look(&self, service: &Service, candidate: Option<Candidate>) -> Result<(), Failure> {
        let mut tried = self.swapping.lock().await;
        let properties = match self.store.properties(&self.key).await {
            Ok(properties) => {
                service.set_ledger(properties.clone());
                properties
            }
            Err(error) => self.seen_before(service, error).await?,
        };
        let wanted = self.pinned.or(properties.active_version);
        if wanted.is_none() {
            service.nothing_to_load();
        }
        let (candidate, settings) = candidate
            .map(|candidate| (candidate.loaded, candidate.settings))
            .unzip();
        let Some(wanted) = wanted.filter(|wanted| service.version() != Some(*wanted)) else {
            return Ok(settings.map_or(Ok(()), |settings| service.change(settings))?);
        };
        let loaded = match candidate.filter(|candidate| candidate.manifest().number == wanted) {
            Some(candidate) => Ok(candidate),
            None if tried.is_waiting_for(wanted) => {
                return Ok(settings.map_or(Ok(()), |settings| service.change(settings))?);
            }
            None => activation::load(&*self.store, &self.key, wanted).await,
        };
        let swapped = match (loaded, settings) {
            (Ok(loaded), Some(settings)) => service.replace(settings, loaded).map_err(Failure::from),
            (Ok(loaded), None) => service.swap(loaded).map_err(Failure::from),
            (Err(failure), settings) => {
                service.report(&failure, failure::reason_of(&failure));
                settings.map_or(Ok(()), |settings| service.change(settings))?;
                Err(Failure::from(failure))
            }
        };
        if let Err(failure) = swapped {
            let is_news = tried.note(wanted, self.pace.patience);
            if self.pinned.is_none() && service.version().is_none() {
                self.fall_back(service, wanted).await?;
            }
            return if is_news { Err(failure) } else { Ok(()) };
        }
        tried.failed = None;
        self.tell_serving(wanted);
        Ok(())
    }

    /// What to go by while the store does not answer and nothing is served yet: what an earlier process saw.
    ///
    /// Errors: the store's, if nothing was seen that names a version, or if something is served already, which then serves
    /// on.
    async fn seen_before(&self, service: &Service, error: PersistError) -> Result<Properties, Failure> {
        let Some(cache) = self.cache.as_ref().filter(|_| service.version().is_none()) else {
            service.miss_ledger(None);
            return Err(told(service, error));
        };
        let kept = cache.last_properties(&self.key).await;
        service.miss_ledger(kept.clone());
        // A given version may be kept where the ledger is not.
        match kept.or(self.pinned.map(|_| Properties::default())) {
            Some(kept) => Ok(kept),
            None => Err(told(service, error)),
        }
    }

    /// Lets the last version answer that was active before `damaged` and can still be loaded: an old answer is better
    /// than none. `/alive` then names another version than the active one.
    async fn fall_back(&self, service: &Service, damaged: VersionNumber) -> Result<(), Failure> {
        let mut tried = vec![damaged];
        let ledger = self.store.ledger(&self.key).await?;
        for before in ledger.into_iter().rev().filter_map(|entry| entry.to) {
            if tried.contains(&before) {
                continue;
            }
            tried.push(before);
            let Ok(loaded) = activation::load(&*self.store, &self.key, before).await else {
                continue;
            };
            if service.swap(loaded).is_ok() {
                self.tell_serving(before);
                return Ok(());
            }
        }
        Ok(())
    }

    fn tell_serving(&self, version: VersionNumber) {
        self.console.tell(
            "serving",
            format_args!("version {version} of {} answers", self.key),
            json!({ "version": version, "model": self.key.to_string() }),
        );
    }

    /// Looks again and again; never ends. A store that is down is told once; the version served serves on.
    pub(crate) async fn follow(&self, service: &Service) -> Infallible {
        loop {
            tokio::time::sleep(self.pause(service)).await;
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

    /// How long to wait for the next look.
    pub(crate) fn pause(&self, service: &Service) -> Duration {
        match service.version() {
            Some(_) if !service.is_active() => self.pace.before_activation,
            Some(_) => self.pace.every,
            None => EVERY,
        }
    }
}

/// The store's error, after `/alive` has learned of it.
fn told(service: &Service, error: PersistError) -> Failure {
    let failure = LoadFailure::from(error);
    service.report(&failure, failure::reason_of(&failure));
    failure.into()
}
