//! `auriga activate`: proves a version and moves the active pointer to it.

use auriga_crds::VersionNumber;
use clap::Args;
use serde_json::json;

use super::{
    selection::{ModelFlags, Selected},
    value,
};
use crate::{activation, console::Console, failure::Failure, store, translate};

/// Makes a version the active one, after it has shown that it works: digest, golden requests, and with -f the entry
/// points of the manifest.
///
/// Whatever serves the model takes it over within a second. An older version than the active one is a rollback.
#[derive(Args)]
pub(crate) struct Activate {
    /// The version to become active
    #[arg(value_name = "NUMBER")]
    version: VersionNumber,
    #[command(flatten)]
    model: ModelFlags,
    /// Why, for the ledger; "rollback" or "activate" unless given
    #[arg(long, value_name = "TEXT", value_parser = value::reason)]
    reason: Option<String>,
}

impl Activate {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let Selected { key, uri, manifest } = self.model.select()?;
        let store = store::open_existing(&uri).await?;
        let loaded = activation::load(&*store, &key, self.version).await?;
        if let Some(manifest) = manifest {
            translate::settings(&manifest.checked).check(&loaded)?;
        }
        let before = store.properties(&key).await?;
        let is_rollback = (before.active_version).is_some_and(|active| active > self.version);
        let usual = if is_rollback { "rollback" } else { "activate" };
        let reason = self.reason.as_deref().unwrap_or(usual);
        let entry = activation::activate(&*store, &key, &loaded, reason).await?;

        let was_active =
            before.active_version == Some(self.version) && entry.revision <= before.ledger_revision;
        let text = if was_active {
            format!(
                "{key}: version {} is active already, since {}; ledger revision {}",
                self.version, entry.time, entry.revision
            )
        } else {
            let from = match entry.from {
                Some(from) => format!("version {from}"),
                None => "nothing".to_owned(),
            };
            format!(
                "{key}: {from} -> version {} is active; ledger revision {}, reason: {}",
                self.version, entry.revision, entry.reason
            )
        };
        let mut json = json!(entry);
        json["model"] = key.to_string().into();
        json["changed"] = (!was_active).into();
        console.result(text, json)
    }
}
