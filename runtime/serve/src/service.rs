//! The state behind the routes: what answers, why nothing does, and what was answered so far.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use auriga_crds::{
    Reason, VersionNumber,
    contract::{Alive, AliveModel, AliveModelMetadata, Golden, ProcessMetadata},
};
use auriga_persist::{Persister, Properties, VersionManifest};

use crate::{
    LoadFailure, Loaded, MappingError, PredictorError, Process, Settings, SettingsError, state::State,
};

/// A model's front: answers from the version that was swapped in last, by the settings that were.
pub struct Service {
    /// Where the versions are; absent until it could be opened.
    persister: ArcSwapOption<Arc<dyn Persister>>,
    state: ArcSwap<State>,
    /// Held while the state is replaced: what one replacement keeps, another must not have replaced meanwhile.
    replacing: Mutex<()>,
    /// Why nothing is loaded; matters only while that is so.
    trouble: ArcSwapOption<Trouble>,
    ledger: ArcSwapOption<Properties>,
    ledger_stale: AtomicBool,
    draining: AtomicBool,
    process: Process,
    pub(crate) counts: Counts,
}

/// What the routes count, for `/alive`.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) ignored_values: AtomicU64,
}

struct Trouble {
    message: String,
    reason: Reason,
    golden: Golden,
}

impl Service {
    /// A front for `settings` that lists the versions of `persister` and has none loaded yet.
    pub fn new(settings: Settings, persister: Arc<dyn Persister>) -> Result<Service, SettingsError> {
        let service = Service::without_store(settings, Process::new(None, None))?;
        service.set_persister(persister);
        Ok(service)
    }

    /// A front whose store could not be opened yet, so that it can tell why nothing answers.
    pub fn without_store(settings: Settings, process: Process) -> Result<Service, SettingsError> {
        let settings = Arc::new(settings.checked()?);
        Ok(Service {
            persister: ArcSwapOption::empty(),
            state: ArcSwap::from_pointee(State::empty(settings)),
            replacing: Mutex::default(),
            trouble: ArcSwapOption::empty(),
            ledger: ArcSwapOption::empty(),
            ledger_stale: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            process,
            counts: Counts::default(),
        })
    }

    /// Lets `loaded` answer from now on; requests in flight finish on the version they began with.
    ///
    /// Errors: an entry point that does not fit the version. Then whatever answered before goes on answering.
    pub fn swap(&self, loaded: Loaded) -> Result<(), MappingError> {
        let guard = self.replacing();
        let settings = self.state.load().settings.clone();
        self.install(&guard, settings, Arc::new(loaded))
    }

    /// Lets `loaded` answer from now on, by `settings`. No connection is closed, and a request in flight finishes by the
    /// settings, and on the version, that it began with.
    ///
    /// Errors: settings with a fault, or an entry point that does not fit the version. Then whatever answered before
    /// goes on answering.
    pub fn replace(&self, settings: Settings, loaded: Loaded) -> Result<(), PredictorError> {
        let settings = Arc::new(settings.checked()?);
        let guard = self.replacing();
        Ok(self.install(&guard, settings, Arc::new(loaded))?)
    }

    /// Answers by `settings` from now on, from the version that answers already, if there is one; as
    /// [`Service::replace`] else.
    pub fn change(&self, settings: Settings) -> Result<(), PredictorError> {
        let settings = Arc::new(settings.checked()?);
        let guard = self.replacing();
        let loaded = self.state.load().live.as_ref().map(|live| live.loaded.clone());
        match loaded {
            Some(loaded) => self.install(&guard, settings, loaded)?,
            None => self.state.store(Arc::new(State::empty(settings))),
        }
        Ok(())
    }

    /// Lists the versions of `persister` from now on.
    pub fn set_persister(&self, persister: Arc<dyn Persister>) {
        self.persister.store(Some(Arc::new(persister)));
    }

    /// Remembers why no version could be loaded, in words and in one, for `/alive` and for requests that cannot be
    /// answered. A version that is loaded already goes on answering.
    pub fn report(&self, failure: &LoadFailure, reason: Reason) {
        let golden = match failure {
            LoadFailure::Golden { .. } => Golden::Failed,
            _ => Golden::None,
        };
        self.remember(failure.to_string(), reason, golden);
    }

    /// As [`Service::report`], where it did not come to loading. The message is read by clients: no address of a store
    /// belongs into it.
    pub fn explain(&self, message: impl Into<String>, reason: Reason) {
        self.remember(message.into(), reason, Golden::None);
    }

    /// Forgets why no version could be loaded: there is none to load.
    pub fn nothing_to_load(&self) {
        self.trouble.store(None);
    }

    /// Remembers what the ledger says, for `/alive`.
    pub fn set_ledger(&self, properties: Properties) {
        self.ledger.store(Some(Arc::new(properties)));
        self.ledger_stale.store(false, Ordering::Relaxed);
    }

    /// Remembers that the store did not answer, for `/alive`: what is known of the ledger is from before. `kept` is what
    /// an earlier process saw; it counts only while this one has seen nothing itself.
    pub fn miss_ledger(&self, kept: Option<Properties>) {
        if self.ledger.load().is_none() {
            self.ledger.store(kept.map(Arc::new));
        }
        self.ledger_stale.store(true, Ordering::Relaxed);
    }

    /// The version that answers.
    pub fn version(&self) -> Option<VersionNumber> {
        let state = self.state.load();
        state.live.as_ref().map(|live| live.loaded.manifest().number)
    }

    /// Whether the version that answers is the one that the ledger names, as last seen.
    pub fn is_active(&self) -> bool {
        let ledger = self.ledger.load();
        let active = ledger.as_ref().and_then(|ledger| ledger.active_version);
        active.is_some() && active == self.version()
    }

    /// What answers are given by.
    pub fn settings(&self) -> Arc<Settings> {
        self.state.load().settings.clone()
    }

    /// What `/alive` says; 200 if there is no message, else 503.
    pub fn alive(&self) -> Alive {
        let state = self.state.load();
        let ledger = self.ledger.load();
        let active_version = ledger.as_ref().and_then(|ledger| ledger.active_version);
        let loaded = state.live.as_ref().map(|live| &*live.loaded);
        let trouble = self.trouble.load();
        let (is_draining, process) = (self.is_draining(), self.process.alive());
        Alive {
            service_metadata: state.service_metadata.clone(),
            model: loaded.map(|loaded| AliveModel {
                updated: loaded.updated().to_string(),
                metadata: facts(loaded.manifest()),
            }),
            process_metadata: self.counts.shown(),
            active: active_version.is_some() && active_version == self.version_of(loaded),
            active_version,
            previous_version: ledger.as_ref().and_then(|ledger| ledger.previous_version),
            ledger_revision: ledger.as_ref().map(|ledger| ledger.ledger_revision),
            ledger_stale: self.ledger_stale.load(Ordering::Relaxed),
            golden: match (loaded, trouble.as_ref()) {
                (Some(loaded), _) => loaded.golden(),
                (None, Some(trouble)) => trouble.golden,
                (None, None) => Golden::None,
            },
            message: if is_draining {
                Some("shutting down".to_owned())
            } else if loaded.is_none() {
                // Of the same trouble as the reason beside it.
                Some(self.words_about(trouble.as_deref()))
            } else {
                None
            },
            reason: match (loaded, trouble.as_ref()) {
                (None, Some(trouble)) if !is_draining => Some(trouble.reason.word().to_owned()),
                _ => None,
            },
            ..process
        }
    }

    pub(crate) fn persister(&self) -> Option<Arc<dyn Persister>> {
        let persister = self.persister.load_full();
        persister.map(|persister| Arc::clone(&*persister))
    }

    /// What a request answers from.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    pub(crate) fn why_nothing_is_loaded(&self) -> String {
        self.words_about(self.trouble.load().as_deref())
    }

    fn words_about(&self, trouble: Option<&Trouble>) -> String {
        match trouble {
            Some(trouble) => trouble.message.clone(),
            None => format!(
                "no version of {} is loaded yet; try again soon",
                self.state.load().settings.model
            ),
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn replacing(&self) -> MutexGuard<'_, ()> {
        // What a panic could have left half done was never stored.
        self.replacing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn install(
        &self,
        _replacing: &MutexGuard<'_, ()>,
        settings: Arc<Settings>,
        loaded: Arc<Loaded>,
    ) -> Result<(), MappingError> {
        match State::new(settings, loaded) {
            Ok(state) => {
                self.state.store(Arc::new(state));
                self.trouble.store(None);
                Ok(())
            }
            Err(error) => {
                self.remember(error.to_string(), Reason::InvalidSpec, Golden::None);
                Err(error)
            }
        }
    }

    fn remember(&self, message: String, reason: Reason, golden: Golden) {
        self.trouble.store(Some(Arc::new(Trouble {
            message,
            reason,
            golden,
        })));
    }

    fn version_of(&self, loaded: Option<&Loaded>) -> Option<VersionNumber> {
        loaded.map(|loaded| loaded.manifest().number)
    }
}

impl Counts {
    fn shown(&self) -> ProcessMetadata {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ProcessMetadata {
            jobs: BTreeMap::new(),
            predict_requests: count(&self.requests),
            predict_rows: count(&self.rows),
            predict_errors: count(&self.errors),
            ignored_values: count(&self.ignored_values),
        }
    }
}

/// What is shown of a version: its metadata in `/alive` and in `/list`.
pub(crate) fn facts(manifest: &VersionManifest) -> AliveModelMetadata {
    let scores = manifest.facts.scores.iter().flat_map(|(split, scores)| {
        scores
            .iter()
            .map(move |(metric, score)| (format!("{metric}_{split}"), *score))
    });
    AliveModelMetadata {
        version: manifest.number,
        digest: manifest.digest,
        train_timestamp: manifest.facts.trained.to_string(),
        estimator: manifest.facts.estimator.clone(),
        scores: scores.collect(),
    }
}
