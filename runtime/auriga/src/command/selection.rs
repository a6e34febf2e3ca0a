//! Which model in which store: named by a manifest, or by its name.

use std::path::PathBuf;

use auriga_crds::ModelKey;
use auriga_persist::StoreUri;
use clap::Args;

use super::{StoreFlags, value};
use crate::{
    failure::Failure,
    manifest::{ConfigMapTexts, Files, Manifest},
    store,
};

/// The model that a command works on, and its store.
#[derive(Args)]
pub(super) struct ModelFlags {
    /// A manifest: names the model and its store; "-" is the standard input. May be given more than once.
    #[arg(long = "file", short, value_name = "FILE", required_unless_present = "model")]
    file: Vec<PathBuf>,
    /// The model in the place of a manifest, such as iris or team/iris
    #[arg(long, value_name = "[NAMESPACE/]NAME", value_parser = value::model, conflicts_with = "file")]
    model: Option<ModelKey>,
    #[command(flatten)]
    store: StoreFlags,
}

/// What the flags named.
pub(super) struct Selected {
    pub(super) key: ModelKey,
    pub(super) uri: StoreUri,
    /// If it was named by one.
    pub(super) manifest: Option<Manifest>,
}

impl ModelFlags {
    pub(super) fn select(self) -> Result<Selected, Failure> {
        self.select_with(ConfigMapTexts::Documents)
    }

    /// As [`ModelFlags::select`], with the texts of ConfigMaps from another place.
    pub(super) fn select_with(self, config_maps: ConfigMapTexts) -> Result<Selected, Failure> {
        let written = self.store.persister.as_deref();
        if let Some(key) = self.model {
            let uri = store::uri(written, None)?;
            return Ok(Selected {
                key,
                uri,
                manifest: None,
            });
        }
        let files = Files::new(self.file)?.with_config_maps(config_maps);
        let manifest = files.manifest(&files.read()?)?;
        Ok(Selected {
            key: manifest.checked.key.clone(),
            uri: store::uri(written, Some(&manifest))?,
            manifest: Some(manifest),
        })
    }
}
