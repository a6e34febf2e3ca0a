//! The state behind the routes: which version answers, why none does, and what was answered so far.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwapOption;
use auriga_crds::{
    VersionNumber,
    contract::{Alive, AliveModel, AliveModelMetadata, Golden, ProcessMetadata},
};
use auriga_persist::{Persister, Properties, VersionManifest};
use axum::http::HeaderValue;

use crate::{
    LoadFailure, Loaded, MappingError, Predictor, Settings, SettingsError, inputs::Inputs, memory,
    metadata::Metadata,
};

/// A model's front: answers from the version that was swapped in last.
pub struct Service {
    settings: Settings,
    persister: Arc<dyn Persister>,
    live: ArcSwapOption<Live>,
    /// Why nothing is loaded; matters only while that is so.
    trouble: ArcSwapOption<Trouble>,
    ledger: ArcSwapOption<Properties>,
    draining: AtomicBool,
    started: Instant,
    unloaded_metadata: Metadata,
    pub(crate) counts: Counts,
}

/// One version with everything that an answer needs. A request takes it once and answers from it alone, so that a
/// swap never mixes two versions.
pub(crate) struct Live {
    pub(crate) loaded: Arc<Loaded>,
    /// By entry point, in the order of the settings.
    pub(crate) predictors: Vec<Predictor>,
    pub(crate) metadata: Metadata,
    pub(crate) after_result: String,
    pub(crate) version_header: HeaderValue,
    service_metadata: BTreeMap<String, String>,
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
    golden: Golden,
}

impl Service {
    /// A front for `settings` that lists the versions of `persister` and has none loaded yet.
    pub fn new(settings: Settings, persister: Arc<dyn Persister>) -> Result<Service, SettingsError> {
        let settings = settings.checked()?;
        Ok(Service {
            unloaded_metadata: Metadata::new(&settings.service_metadata),
            settings,
            persister,
            live: ArcSwapOption::empty(),
            trouble: ArcSwapOption::empty(),
            ledger: ArcSwapOption::empty(),
            draining: AtomicBool::new(false),
            started: Instant::now(),
            counts: Counts::default(),
        })
    }

    /// Whether the entry points fit `loaded`, so that [`Service::swap`] will not fail.
    pub fn check(&self, loaded: &Loaded) -> Result<(), MappingError> {
        let entry_points = self.settings.entry_points.iter();
        entry_points
            .map(|entry_point| Inputs::resolve(entry_point, loaded.fitted().signature()).map(drop))
            .collect()
    }

    /// Lets `loaded` answer from now on; requests in flight finish on the version they began with.
    ///
    /// Errors: an entry point that does not fit the version. Then whatever answered before goes on answering.
    pub fn swap(&self, loaded: Loaded) -> Result<(), MappingError> {
        match Live::new(&self.settings, loaded) {
            Ok(live) => {
                self.live.store(Some(Arc::new(live)));
                self.trouble.store(None);
                Ok(())
            }
            Err(error) => {
                self.explain(error.to_string(), Golden::None);
                Err(error)
            }
        }
    }

    /// Remembers why no version could be loaded, for `/alive` and for requests that cannot be answered. A version that
    /// is loaded already goes on answering.
    pub fn report(&self, failure: &LoadFailure) {
        let golden = match failure {
            LoadFailure::Golden { .. } => Golden::Failed,
            _ => Golden::None,
        };
        self.explain(failure.to_string(), golden);
    }

    /// Remembers what the ledger says, for `/alive`.
    pub fn set_ledger(&self, properties: Properties) {
        self.ledger.store(Some(Arc::new(properties)));
    }

    /// The version that answers.
    pub fn version(&self) -> Option<VersionNumber> {
        self.live
            .load()
            .as_ref()
            .map(|live| live.loaded.manifest().number)
    }

    /// What `/alive` says; 200 if there is no message, else 503.
    pub fn alive(&self) -> Alive {
        let live = self.live();
        let ledger = self.ledger.load();
        let active_version = ledger.as_ref().and_then(|ledger| ledger.active_version);
        let loaded = live.as_ref().map(|live| &*live.loaded);
        let trouble = self.trouble.load();
        let memory = memory::used();
        Alive {
            auriga_version: env!("CARGO_PKG_VERSION").to_owned(),
            memory_usage: memory.resident,
            memory_usage_vms: memory.virtual_size,
            uptime_seconds: self.started.elapsed().as_secs_f64(),
            service_metadata: match &live {
                Some(live) => live.service_metadata.clone(),
                None => self.settings.service_metadata.clone(),
            },
            model: loaded.map(|loaded| AliveModel {
                updated: loaded.updated().to_string(),
                metadata: facts(loaded.manifest()),
            }),
            process_metadata: self.counts.shown(),
            active: active_version.is_some() && active_version == self.version_of(loaded),
            active_version,
            ledger_revision: ledger.as_ref().map(|ledger| ledger.ledger_revision),
            golden: match (loaded, trouble.as_ref()) {
                (Some(loaded), _) => loaded.golden(),
                (None, Some(trouble)) => trouble.golden,
                (None, None) => Golden::None,
            },
            message: if self.is_draining() {
                Some("shutting down".to_owned())
            } else if loaded.is_none() {
                Some(self.why_nothing_is_loaded())
            } else {
                None
            },
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn persister(&self) -> &dyn Persister {
        &*self.persister
    }

    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.load_full()
    }

    /// The metadata of an answer that `live` gives, or nobody.
    pub(crate) fn metadata<'a>(&'a self, live: Option<&'a Live>) -> &'a Metadata {
        live.map_or(&self.unloaded_metadata, |live| &live.metadata)
    }

    pub(crate) fn why_nothing_is_loaded(&self) -> String {
        match self.trouble.load().as_ref() {
            Some(trouble) => trouble.message.clone(),
            None => format!(
                "no version of {} is loaded yet; try again soon",
                self.settings.model
            ),
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn explain(&self, message: String, golden: Golden) {
        self.trouble.store(Some(Arc::new(Trouble { message, golden })));
    }

    fn version_of(&self, loaded: Option<&Loaded>) -> Option<VersionNumber> {
        loaded.map(|loaded| loaded.manifest().number)
    }
}

impl Live {
    fn new(settings: &Settings, loaded: Loaded) -> Result<Live, MappingError> {
        let loaded = Arc::new(loaded);
        let manifest = loaded.manifest();
        let entry_points = settings.entry_points.iter();
        let predictors = entry_points.map(|entry_point| Predictor::resolve(entry_point, loaded.clone()));
        let mut service_metadata = settings.service_metadata.clone();
        service_metadata
            .entry("service_version".to_owned())
            .or_insert_with(|| manifest.number.to_string());
        let metadata = Metadata::new(&service_metadata);
        Ok(Live {
            predictors: predictors.collect::<Result<_, _>>()?,
            after_result: metadata.after_result(manifest.number, manifest.digest),
            metadata,
            version_header: HeaderValue::from(manifest.number.get()),
            service_metadata,
            loaded,
        })
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
