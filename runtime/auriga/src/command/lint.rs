//! `auriga lint`: every fault of manifests, without reading data.

use clap::Args;
use serde_json::{Value, json};

use super::ManifestFlags;
use crate::{console::Console, failure::Failure, translate};

/// Checks manifests without reading data.
#[derive(Args)]
pub(crate) struct Lint {
    #[command(flatten)]
    manifest: ManifestFlags,
}

impl Lint {
    /// Errors: the faults, each with file, line, column and remedy.
    pub(crate) fn run(self, console: &Console) -> Result<(), Failure> {
        let files = self.manifest.files()?;
        let models = files.models(&files.read()?)?;
        if models.is_empty() {
            return Err(Failure::mistake(
                "there is no Model in these manifests; add a document of kind: Model",
            ));
        }
        for model in &models {
            translate::steps(&model.checked)
                .check()
                .map_err(|error| Failure::mistake(format!("Model {}: {error}", model.checked.key)))?;
        }
        let lines: Vec<String> = models
            .iter()
            .map(|model| format!("Model {} is valid", model.checked.key))
            .collect();
        let json: Vec<Value> = (models.iter())
            .map(|model| json!({ "model": model.checked.key.to_string(), "fitHash": model.fit_hash }))
            .collect();
        console.result(lines.join("\n"), json!({ "valid": true, "models": json }))
    }
}
