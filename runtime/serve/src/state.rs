//! What answers at one moment: settings and version, replaced together.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::HeaderValue;

use crate::{Loaded, MappingError, Predictor, Settings, metadata::Metadata};

/// A request takes this once and answers from it alone, so that an answer never mixes two versions or two settings.
pub(crate) struct State {
    /// Checked, every default filled in.
    pub(crate) settings: Arc<Settings>,
    /// The version that answers, if there is one.
    pub(crate) live: Option<Live>,
    /// The entry points, in the order of the settings; none without a version.
    pub(crate) doors: Vec<Door>,
    /// Of error answers.
    pub(crate) metadata: Metadata,
    pub(crate) service_metadata: BTreeMap<String, String>,
}

/// The version that answers, and its number as a header.
pub(crate) struct Live {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) version_header: HeaderValue,
}

/// One entry point of the version that answers.
pub(crate) struct Door {
    pub(crate) predictor: Predictor,
    /// What follows the result in an answer.
    pub(crate) after_result: String,
}

impl State {
    /// Without a version.
    pub(crate) fn empty(settings: Arc<Settings>) -> State {
        State {
            metadata: Metadata::new(&settings.service_metadata),
            service_metadata: settings.service_metadata.clone(),
            settings,
            live: None,
            doors: Vec::new(),
        }
    }

    /// With a version; the settings must be checked.
    pub(crate) fn new(settings: Arc<Settings>, loaded: Arc<Loaded>) -> Result<State, MappingError> {
        let manifest = loaded.manifest();
        let mut service_metadata = settings.service_metadata.clone();
        service_metadata
            .entry("service_version".to_owned())
            .or_insert_with(|| manifest.number.to_string());
        let metadata = Metadata::new(&service_metadata);
        let door = |entry_point| {
            let predictor = Predictor::resolve(entry_point, loaded.clone())?;
            let after_result = metadata.after_result(manifest.number, manifest.digest);
            Ok(Door {
                predictor,
                after_result,
            })
        };
        let doors = settings
            .entry_points
            .iter()
            .map(door)
            .collect::<Result<_, MappingError>>()?;
        Ok(State {
            doors,
            live: Some(Live {
                version_header: HeaderValue::from(manifest.number.get()),
                loaded,
            }),
            settings,
            metadata,
            service_metadata,
        })
    }

    /// Where the entry point at `path` stands in the settings.
    pub(crate) fn entry_point(&self, path: &str) -> Option<usize> {
        self.settings
            .entry_points
            .iter()
            .position(|entry_point| entry_point.path == path)
    }
}
