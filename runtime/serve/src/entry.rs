//! What one entry point takes and answers, resolved against one version.

use auriga_learn::Fitted;

use crate::{EntryPoint, MappingError, PredictMethod, inputs::Inputs, params::Params};

/// An entry point that fits a version.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) inputs: Inputs,
    pub(crate) params: Params,
    pub(crate) method: PredictMethod,
}

impl Entry {
    /// `entry_point` for the version of `fitted`.
    pub(crate) fn resolve(entry_point: &EntryPoint, fitted: &Fitted) -> Result<Entry, MappingError> {
        let path = entry_point.path.clone();
        if entry_point.method == PredictMethod::PredictProba && fitted.classes().is_none() {
            let estimator = fitted.estimator_name();
            return Err(MappingError::NoProbabilities { path, estimator });
        }
        let inputs = Inputs::resolve(entry_point, fitted.signature())?;
        Ok(Entry {
            params: Params::resolve(entry_point, &inputs, fitted)?,
            method: entry_point.method,
            inputs,
            path,
        })
    }
}
