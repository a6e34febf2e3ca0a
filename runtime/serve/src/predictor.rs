//! One entry point of one version, without HTTP: a request's rows in, JSON predictions out.

use std::sync::Arc;

use auriga_crds::VersionNumber;
use auriga_learn::{PredictOptions, Table};
use thiserror::Error;

use crate::{
    EntryPoint, ErrorCode, Loaded, MappingError, PredictMethod, Settings, SettingsError,
    decode::{json_rows, query_row},
    encode::{class_list, push_predictions, push_probabilities},
    entry::Entry,
    refusal::Refusal,
    unpredictable::unpredictable,
};

/// An entry point resolved against the version that answers there.
#[derive(Clone, Debug)]
pub struct Predictor {
    loaded: Arc<Loaded>,
    entry: Entry,
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
    /// is left as it was on an error. Parameters have their defaults. How many rows there are is bounded by the length of `body` alone.
    ///
    /// Errors: a body that is no list of rows, or a row that the model cannot predict; the message names row and column.
    pub fn rows(&self, body: &[u8], into: &mut Vec<u8>) -> Result<Predicted, RequestError> {
        let length = into.len();
        self.answer_rows("", body, usize::MAX, into).map_err(|refusal| {
            into.truncate(length);
            RequestError(refusal)
        })
    }

    /// The entry point on `loaded`.
    pub(crate) fn resolve(entry_point: &EntryPoint, loaded: Arc<Loaded>) -> Result<Predictor, MappingError> {
        Ok(Predictor {
            entry: Entry::resolve(entry_point, loaded.fitted())?,
            loaded,
        })
    }

    /// Where the service answers with this.
    pub fn path(&self) -> &str {
        &self.entry.path
    }

    /// The version that answers.
    pub fn version(&self) -> VersionNumber {
        self.loaded.manifest().number
    }

    /// The classes in the order of the probabilities, as a JSON list, if probabilities are answered.
    pub(crate) fn classes(&self) -> Option<String> {
        match self.entry.method {
            PredictMethod::Predict => None,
            PredictMethod::PredictProba => self.loaded.fitted().classes().map(class_list),
        }
    }

    /// As [`Predictor::rows`], but with at most `max_rows`, with the parameters in `query`, and leaving a broken answer
    /// to the caller.
    pub(crate) fn answer_rows(
        &self,
        query: &str,
        body: &[u8],
        max_rows: usize,
        into: &mut Vec<u8>,
    ) -> Result<Predicted, Refusal> {
        let Entry { inputs, params, .. } = &self.entry;
        let (options, ignored) = params.of_query(query, inputs.strict)?;
        let rows = json_rows(inputs, body, max_rows)?;
        into.push(b'[');
        self.predict(&rows.table, options, true, into)?;
        into.push(b']');
        Ok(Predicted {
            n_rows: rows.table.n_rows(),
            ignored: rows.ignored + ignored,
        })
    }

    /// Predicts the one row that `query` spells, and appends its prediction.
    pub(crate) fn answer_row(&self, query: &str, into: &mut Vec<u8>) -> Result<Predicted, Refusal> {
        let (rows, given) = query_row(&self.entry.inputs, &self.entry.params, query)?;
        self.predict(&rows.table, given.options, false, into)?;
        Ok(Predicted {
            n_rows: 1,
            ignored: rows.ignored,
        })
    }

    /// Appends what the method answers for each row, separated by commas.
    fn predict(
        &self,
        table: &Table,
        options: PredictOptions,
        is_list: bool,
        into: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let fitted = self.loaded.fitted();
        let refused = |error| unpredictable(&error, &self.entry.inputs, is_list);
        match self.entry.method {
            PredictMethod::Predict => {
                let predictions = fitted.predict_with(table, options).map_err(refused)?;
                push_predictions(into, &predictions, fitted.signature().task);
            }
            PredictMethod::PredictProba => {
                let shares = fitted.predict_proba(table).map_err(refused)?;
                let n_classes = shares.ncols();
                let (shares, _) = shares.into_raw_vec_and_offset();
                push_probabilities(into, &shares, n_classes);
            }
        }
        Ok(())
    }
}
