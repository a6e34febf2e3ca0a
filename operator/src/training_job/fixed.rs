//! What a TrainingJob fits: the Model as it was when the fit began, or as it is while none has begun.

use auriga_crds::{Checked, Model, contract::pod, document, fit_hash};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;

use crate::{labels, runnable, seen::Texts};

/// A Model that can be fitted, and the hash of what that would fit.
pub(super) struct Fixed {
    pub(super) model: Model,
    pub(super) checked: Checked,
    pub(super) fit_hash: String,
}

/// The Model as it is now; every text that it names is among `texts`.
///
/// Errors: what keeps it from being fitted, in sentences.
pub(super) fn now(model: &Model, texts: &Texts) -> Result<Fixed, String> {
    let checked = runnable::check(model)?;
    let fit_hash = fit_hash(&checked, &texts.found);
    Ok(Fixed {
        model: model.clone(),
        checked,
        fit_hash,
    })
}

/// The Model as `config_map` has kept it: a later edit changes nothing about a fit that has begun.
///
/// Errors: a ConfigMap that is not as it was made.
pub(super) fn then(config_map: &ConfigMap) -> Result<Fixed, String> {
    let name = config_map.name_any();
    let fault = |what: &str| format!("ConfigMap {name} holds no manifest of a Model: {what}; delete it");
    let text = config_map
        .data
        .as_ref()
        .and_then(|data| data.get(pod::MANIFEST_FILE));
    let text = text.ok_or_else(|| fault(&format!("it has no key {}", pod::MANIFEST_FILE)))?;
    let documents = document::read(text).map_err(|faults| fault(&faults.to_string()))?;
    let document = documents.into_iter().next().ok_or_else(|| fault("it is empty"))?;
    let model: Model = serde_json::from_value(document.value).map_err(|error| fault(&error.to_string()))?;
    let checked = runnable::check(&model).map_err(|words| fault(&words))?;
    let hash = config_map.annotations().get(labels::FIT_HASH).cloned();
    Ok(Fixed {
        model,
        checked,
        fit_hash: hash.ok_or_else(|| fault(&format!("it has no annotation {}", labels::FIT_HASH)))?,
    })
}
