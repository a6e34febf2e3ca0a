//! `auriga diff`: what two versions differ in, or whether a manifest would be fitted again and why.

mod refit;
mod versions;

use auriga_crds::{Difference, ModelKey, VersionNumber};
use auriga_persist::{Fault, Listing, PersistError, VersionManifest};
use clap::Args;
use serde_json::Value;

use super::selection::{ModelFlags, Selected};
use crate::{console::Console, failure::Failure, store};

/// Compares two versions field by field; or, with -f and at most one number, a manifest with that version, the active one
/// or the newest: would it be fitted again, and because of which fields?
///
/// The exit code is 0 whatever differs, since 1 means trouble here; programs read `wouldRefit` of --output json.
#[derive(Args)]
pub(crate) struct Diff {
    /// The versions to compare
    #[arg(value_name = "NUMBER", num_args = 0..=2)]
    versions: Vec<VersionNumber>,
    #[command(flatten)]
    model: ModelFlags,
}

impl Diff {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let Selected { key, uri, manifest } = self.model.select()?;
        let opened = store::open_existing(&uri).await;
        if let [first, second] = self.versions[..] {
            let listing = opened?.list(&key).await?;
            let (old, new) = (named(&key, &listing, first)?, named(&key, &listing, second)?);
            return versions::compare(&key, old, new, console);
        }
        let Some(manifest) = manifest else {
            return Err(Failure::mistake(
                "name two versions to compare, or with -f a manifest to compare with one",
            ));
        };
        let (listing, active) = match opened {
            Ok(store) => (
                store.list(&key).await?,
                store.properties(&key).await?.active_version,
            ),
            // Before the first fit there is nothing to compare with, which is an answer too.
            Err(PersistError::Store {
                fault: Fault::Absent, ..
            }) if self.versions.is_empty() => (Listing::default(), None),
            Err(error) => return Err(error.into()),
        };
        let base = match (self.versions.first(), active) {
            (Some(&number), _) => Some(named(&key, &listing, number)?),
            (None, active) => {
                let found = (listing.versions.iter()).find(|version| Some(version.number) == active);
                found.or_else(|| listing.versions.last())
            }
        };
        refit::compare(&manifest, base, &listing.versions, active, console)
    }
}

/// What is known of a version.
///
/// Errors: it is not there, or is damaged.
fn named<'a>(
    key: &ModelKey,
    listing: &'a Listing,
    number: VersionNumber,
) -> Result<&'a VersionManifest, Failure> {
    if let Some(version) = (listing.versions.iter()).find(|version| version.number == number) {
        return Ok(version);
    }
    if let Some(damaged) = (listing.damaged.iter()).find(|damaged| damaged.version == number) {
        return Err(Failure::trouble(&damaged.message));
    }
    let latest = listing.versions.last().map(|version| version.number);
    let absent = PersistError::VersionAbsent {
        model: key.clone(),
        version: number,
        latest: latest.max(listing.newest_damaged()),
    };
    Err(absent.into())
}

/// How two specs differ.
struct Specs {
    differences: Vec<Difference>,
    /// Why no more than the hashes could be compared.
    unknown: Option<String>,
}

/// Compares what decided a version's fit with what decides another one, by their hashes if that is all there is.
fn specs(old: &VersionManifest, hash: &str, spec: Option<&Value>) -> Specs {
    let old_hash = &old.facts.spec_hash;
    let mut found = match (&old.facts.spec, spec) {
        (Some(old), Some(new)) => Specs {
            differences: auriga_crds::differences(old, new),
            unknown: None,
        },
        _ => Specs {
            differences: Vec::new(),
            unknown: (old_hash != hash).then(|| {
                "a version of an older build does not know the fields that decided its fit, only their hash".to_owned()
            }),
        },
    };
    if found.differences.is_empty() && old_hash != hash {
        found.differences.push(Difference {
            path: "specHash".to_owned(),
            old: Some(old_hash.as_str().into()),
            new: Some(hash.into()),
        });
    }
    found
}

/// `path: old -> new`, each value in at most a line.
fn line(difference: &Difference) -> String {
    let Difference { path, old, new } = difference;
    format!("  {path}: {} -> {}", shown(old.as_ref()), shown(new.as_ref()))
}

fn shown(value: Option<&Value>) -> String {
    const LONGEST: usize = 80;
    let text = match value {
        None => return "absent".to_owned(),
        Some(Value::String(text)) if text.contains(|c: char| c.is_control()) || text.is_empty() => {
            Value::from(text.as_str()).to_string()
        }
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
