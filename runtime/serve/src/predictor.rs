//! One entry point of one version, without HTTP: a request's rows in, JSON predictions out.

use std::sync::Arc;

use auriga_crds::VersionNumber;
use auriga_learn::Fitted;
use thiserror::Error;

use crate::{
    EntryPoint, ErrorCode, Loaded, MappingError, Settings, SettingsError,
    decode::{Rows, json_rows, query_row},
    encode::push_predictions,
    inputs::Inputs,
    refusal::Refusal,
    unpredictable::unpredictable,
};

/// An entry point resolved against the version that answers there.
#[derive(Clone, Debug)]
pub struct Predictor {
    loaded: Arc<Loaded>,
    path: String,
    inputs: Inputs,
}

/// What one call predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// Rows that were predicted.
    pub n_rows: usize,
    /// Values that the entry point does not know and ignored.
    pub ignored: u64,
}

/// Why an entry point cannot be served from a version.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PredictorError {
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The entry point does not fit the version.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// No entry point has this path.
    #[error("there is no entry point \"{path}\"; choose one of {known}")]
    UnknownPath {
        /// The path asked for.
        path: String,
        /// The paths there are.
        known: String,
    },
}

/// Why rows were not predicted. The message names row and column and is safe to show to whoever sent them.
#[derive(Clone, Debug, Error, PartialEq)]
#[error(transparent)]
pub struct RequestError(Refusal);

impl RequestError {
    /// The class of the fault, as in the service's answers.
    pub fn code(&self) -> ErrorCode {
        self.0.code()
    }
}

impl Predictor {
    /// The entry point at `path` of `settings`, answering from `loaded`.
    ///
    /// Errors: settings with a fault, a path that none of them has, an entry point that does not fit the version.
    pub fn new(loaded: Arc<Loaded>, settings: Settings, path: &str) -> Result<Predictor, PredictorError> {
        let entry_points = settings.checked()?.entry_points;
        match entry_points.iter().find(|entry_point| entry_point.path == path) {
            Some(entry_point) => Ok(Predictor::resolve(entry_point, loaded)?),
            None => {
                let known = entry_points.iter().map(|entry_point| entry_point.path.as_str());
                Err(PredictorError::UnknownPath {
                    path: path.to_owned(),
                    known: known.collect::<Vec<_>>().join(", "),
                })
            }
        }
    }

    /// Predicts a JSON list of rows, as in the body of a POST, and appends the JSON list of predictions to `into`, which
    /// is left as it was on an error. How many rows there are is bounded by the length of `body` alone.
    ///
    /// Errors: a body that is no list of rows, or a row that the model cannot predict; the message names row and column.
    pub fn rows(&self, body: &[u8], into: &mut Vec<u8>) -> Result<Predicted, RequestError> {
        let length = into.len();
        self.answer_rows(body, usize::MAX, into).map_err(|refusal| {
            into.truncate(length);
            RequestError(refusal)
        })
    }

    /// The entry point on `loaded`.
    pub(crate) fn resolve(entry_point: &EntryPoint, loaded: Arc<Loaded>) -> Result<Predictor, MappingError> {
        Ok(Predictor {
            inputs: Inputs::resolve(entry_point, loaded.fitted().signature())?,
            path: entry_point.path.clone(),
            loaded,
        })
    }

    /// Where the service answers with this.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The version that answers.
    pub fn version(&self) -> VersionNumber {
        self.loaded.manifest().number
    }

    /// As [`Predictor::rows`], but with at most `max_rows`, and leaving a broken answer to the caller.
    pub(crate) fn answer_rows(
        &self,
        body: &[u8],
        max_rows: usize,
        into: &mut Vec<u8>,
    ) -> Result<Predicted, Refusal> {
        into.push(b'[');
        let rows = json_rows(&self.inputs, body, max_rows)?;
        let predicted = self.predict(&rows, true, into)?;
        into.push(b']');
        Ok(predicted)
    }

    /// Predicts the one row that `query` spells, and appends its prediction.
    pub(crate) fn answer_row(&self, query: &str, into: &mut Vec<u8>) -> Result<Predicted, Refusal> {
        let rows = query_row(&self.inputs, query)?;
        self.predict(&rows, false, into)
    }

    fn predict(&self, rows: &Rows, is_list: bool, into: &mut Vec<u8>) -> Result<Predicted, Refusal> {
        let fitted = self.fitted();
        let predictions = fitted
            .predict(&rows.table)
            .map_err(|error| unpredictable(&error, &self.inputs, is_list))?;
        push_predictions(into, &predictions, fitted.signature().task);
        Ok(Predicted {
            n_rows: predictions.len(),
            ignored: rows.ignored,
        })
    }

    fn fitted(&self) -> &Fitted {
        self.loaded.fitted()
    }
}
