//! `auriga delete`: deletes versions for good, after they were found to be there and not in use.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _},
};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{PersistError, Persister, StoreUri};
use clap::Args;
use serde_json::json;

use super::{
    named,
    selection::{ModelFlags, Selected},
};
use crate::{console::Console, failure::Failure, store};

/// Deletes versions for good; their numbers stay used.
#[derive(Args)]
pub(crate) struct Delete {
    /// The versions to delete
    #[arg(value_name = "NUMBER", required = true)]
    versions: Vec<VersionNumber>,
    #[command(flatten)]
    model: ModelFlags,
    /// Do not ask first
    #[arg(long, short)]
    yes: bool,
}

impl Delete {
    /// Errors: a version is not there, or is active; then none is deleted.
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let Selected { key, uri, .. } = self.model.select()?;
        let versions: BTreeSet<VersionNumber> = self.versions.into_iter().collect();
        let store = store::open_existing(&uri).await?;
        check(&*store, &key, &versions).await?;
        let all = named(&versions);
        if !self.yes && !is_confirmed(&all, &key, &uri, console)? {
            return console.result(
                "nothing was deleted",
                json!({ "model": key.to_string(), "deleted": [] }),
            );
        }
        let mut deleted = Vec::new();
        for version in versions {
            // Since the check, another process may have activated or deleted it.
            if let Err(error) = store.delete(&key, version).await {
                return Err(match deleted.is_empty() {
                    true => error.into(),
                    false => {
                        Failure::from(error).after(format_args!("deleted {} before this: ", named(&deleted)))
                    }
                });
            }
            deleted.push(version);
        }
        console.result(
            format_args!("{key}: deleted {all}"),
            json!({ "model": key.to_string(), "deleted": deleted }),
        )
    }
}

/// Whether all of them may be deleted; every fault is told.
async fn check(
    store: &dyn Persister,
    key: &ModelKey,
    versions: &BTreeSet<VersionNumber>,
) -> Result<(), Failure> {
    let listing = store.list(key).await?;
    let whole = listing.versions.iter().map(|version| version.number);
    let present: BTreeSet<VersionNumber> = whole
        .chain(listing.damaged.iter().map(|damaged| damaged.version))
        .collect();
    let active = store.properties(key).await?.active_version;
    let faults = versions.iter().filter_map(|&version| {
        if active == Some(version) {
            let model = key.clone();
            Some(PersistError::VersionActive { model, version })
        } else if present.contains(&version) {
            None
        } else {
            Some(PersistError::VersionAbsent {
                model: key.clone(),
                version,
                latest: present.last().copied(),
            })
        }
    });
    let mut lines: Vec<String> = faults.map(|fault| fault.to_string()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    if let Some(other) = present.iter().rev().find(|other| !versions.contains(other))
        && active.is_some_and(|active| versions.contains(&active))
    {
        lines.push(format!(
            "`auriga activate {other}` would make version {other} the active one"
        ));
    }
    Err(Failure::mistake(lines.join("\n")))
}

/// Asks on the terminal.
///
/// Errors: there is none.
fn is_confirmed(versions: &str, key: &ModelKey, uri: &StoreUri, console: &Console) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::mistake(format!(
            "deleting {versions} of {key} cannot be undone, and there is no terminal to ask on; confirm with --yes"
        )));
    }
    console.ask(&format!("delete {versions} of {key} in {uri} for good?"));
    let mut answer = String::new();
    (io::stdin().read_line(&mut answer))
        .map_err(|error| Failure::trouble(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
