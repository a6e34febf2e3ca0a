//! `auriga list`: the versions in a store, and which one is or was active.

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{LedgerEntry, Listing, Persister, Properties, VersionManifest};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

use super::{StoreFlags, value};
use crate::{console::Console, failure::Failure, fit::Report, manifest::Files, store};

/// Heads the column of the estimators.
const ESTIMATOR: &str = "ESTIMATOR";

/// Lists the versions in a store.
#[derive(Args)]
pub(crate) struct List {
    /// A manifest: lists its Model, in its store. Without one, all models of the store are listed.
    #[arg(long = "file", short, value_name = "FILE")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreFlags,
    /// Show as active what was active at that time (RFC 3339, such as 2026-01-31T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    at: Option<Timestamp>,
}

/// One model of the store.
struct Listed {
    key: ModelKey,
    properties: Properties,
    listing: Listing,
    ledger: Vec<LedgerEntry>,
    at: Option<Timestamp>,
    /// At that time, or now.
    active: Option<VersionNumber>,
    /// At that time, or now.
    revision: u64,
}

impl List {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let manifest = if self.file.is_empty() {
            None
        } else {
            let files = Files::new(self.file)?;
            Some(files.manifest(&files.read()?)?)
        };
        let uri = store::uri(self.store.persister.as_deref(), manifest.as_ref())?;
        let store = store::open_existing(&uri).await?;
        let listed = Listed::all(&*store, manifest.map(|manifest| manifest.checked.key), self.at).await;
        store.close().await;
        let models = listed?;
        let text = match models.as_slice() {
            [] => format!("{uri} holds no model yet"),
            models => models.iter().map(Listed::text).collect::<Vec<_>>().join("\n\n"),
        };
        let json: Vec<Value> = models.iter().map(Listed::json).collect();
        console.result(text, json!({ "store": uri.to_string(), "models": json }))
    }
}

impl Listed {
    /// One model, or all there are.
    async fn all(
        store: &dyn Persister,
        only: Option<ModelKey>,
        at: Option<Timestamp>,
    ) -> Result<Vec<Listed>, Failure> {
        let keys = match only {
            Some(key) => vec![key],
            None => store.models().await?,
        };
        let mut models = Vec::new();
        for key in keys {
            models.push(Listed::read(store, key, at).await?);
        }
        Ok(models)
    }

    async fn read(store: &dyn Persister, key: ModelKey, at: Option<Timestamp>) -> Result<Listed, Failure> {
        let properties = store.properties(&key).await?;
        let ledger = store.ledger(&key).await?;
        let (active, revision) = match at {
            // Rows are in the order of their revisions; a clock that ran backwards must not reorder them.
            Some(at) => match ledger.iter().rfind(|entry| entry.time <= at) {
                Some(entry) => (entry.to, entry.revision),
                None => (None, 0),
            },
            None => (properties.active_version, properties.ledger_revision),
        };
        Ok(Listed {
            listing: store.list(&key).await?,
            key,
            properties,
            ledger,
            at,
            active,
            revision,
        })
    }

    fn text(&self) -> String {
        let active = self
            .active
            .map_or_else(|| "no version".to_owned(), |active| format!("version {active}"));
        let when = self
            .at
            .map_or_else(|| "is active".to_owned(), |at| format!("was active at {at}"));
        let mut lines = vec![format!(
            "{}: {active} {when}, ledger revision {}",
            self.key, self.revision
        )];
        let Listing { versions, damaged } = &self.listing;
        let names = versions.iter().map(|version| version.facts.estimator.len());
        let width = names.chain([ESTIMATOR.len()]).max().unwrap_or_default();
        if versions.is_empty() && damaged.is_empty() {
            lines.push("  it has no versions; fit one with `auriga fit`".to_owned());
        } else {
            lines.push(format!(
                "  {:>7}  {:6}  {:20}  {ESTIMATOR:width$}  SCORES",
                "VERSION", "ACTIVE", "CREATED"
            ));
        }
        let whole = versions
            .iter()
            .map(|version| (version.number, shown_facts(version, width)));
        let damaged = damaged
            .iter()
            .map(|damaged| (damaged.version, damaged.message.clone()));
        let rows: BTreeMap<VersionNumber, String> = whole.chain(damaged).collect();
        for (number, row) in rows {
            let active = if Some(number) == self.active { "yes" } else { "" };
            lines.push(format!("  {number:>7}  {active:6}  {row}").trim_end().to_owned());
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "model": self.key.to_string(),
            "activeVersion": self.active,
            "properties": self.properties,
            "versions": self.listing.versions,
            "damaged": self.listing.damaged,
            "ledger": self.ledger,
        })
    }
}

/// What stands beside the number of a whole version; its estimator takes `width` characters.
fn shown_facts(version: &VersionManifest, width: usize) -> String {
    let created = version.created.strftime("%Y-%m-%dT%H:%M:%SZ");
    let facts = &version.facts;
    format!(
        "{created:20}  {:width$}  {}",
        facts.estimator,
        Report::of(facts).line()
    )
}
