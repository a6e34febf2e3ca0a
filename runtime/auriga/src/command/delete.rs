//! `auriga delete`: deletes versions for good, after they were found to be there and not in use.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _},
};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{Deactivation, Fault, PersistError, Persister, StoreUri, forget};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    named,
    selection::{ModelFlags, Selected},
};
use crate::{activation, console::Console, failure::Failure, manifest::ConfigMapTexts, store};

/// Deletes versions for good; their numbers stay used.
#[derive(Args)]
pub(crate) struct Delete {
    /// The versions to delete
    #[arg(
        value_name = "NUMBER",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    versions: Vec<VersionNumber>,
    /// Delete all versions
    #[arg(long)]
    all: bool,
    /// The active one, too; afterwards none is active
    #[arg(long, requires = "all")]
    active: bool,
    #[command(flatten)]
    model: ModelFlags,
    /// Do not ask first
    #[arg(long, short)]
    yes: bool,
}

impl Delete {
    /// Errors: a version is not there, or is active; then none is deleted.
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let Selected { key, uri, .. } = self.model.select_with(ConfigMapTexts::IfGiven)?;
        let nothing = || {
            console.result(
                "nothing was deleted",
                json!({ "model": key.to_string(), "deleted": [] }),
            )
        };
        let store = match store::open_existing(&uri).await {
            // Whoever wants nothing to be left has it already.
            Err(PersistError::Store {
                fault: Fault::Absent, ..
            }) if self.all => return nothing(),
            opened => opened?,
        };
        let versions = match self.all {
            true => present(&*store, &key).await?,
            false => self.versions.into_iter().collect(),
        };
        if self.active {
            let all = named(&versions);
            let everything = if versions.is_empty() { "all versions" } else { &all };
            if !self.yes && !is_confirmed(everything, &key, &uri, console)? {
                return nothing();
            }
            let wish = Deactivation {
                reason: "delete".to_owned(),
                actor: activation::actor(),
                time: Timestamp::now(),
            };
            let deleted = forget(&*store, &key, &wish).await;
            store.close().await;
            return told(&key, &deleted?, console);
        }
        check(&*store, &key, &versions, self.all).await?;
        if versions.is_empty() {
            return nothing();
        }
        let all = named(&versions);
        if !self.yes && !is_confirmed(&all, &key, &uri, console)? {
            return nothing();
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
        told(&key, &deleted, console)
    }
}

fn told(key: &ModelKey, deleted: &[VersionNumber], console: &Console) -> Result<(), Failure> {
    let text = match deleted {
        [] => format!("{key}: it had no versions"),
        deleted => format!("{key}: deleted {}", named(deleted)),
    };
    console.result(text, json!({ "model": key.to_string(), "deleted": deleted }))
}

/// The numbers of all versions, damaged or not.
async fn present(store: &dyn Persister, key: &ModelKey) -> Result<BTreeSet<VersionNumber>, Failure> {
    let listing = store.list(key).await?;
    let whole = listing.versions.iter().map(|version| version.number);
    Ok(whole
        .chain(listing.damaged.iter().map(|damaged| damaged.version))
        .collect())
}

/// Whether all of them may be deleted; every fault is told.
async fn check(
    store: &dyn Persister,
    key: &ModelKey,
    versions: &BTreeSet<VersionNumber>,
    are_all: bool,
) -> Result<(), Failure> {
    let present = present(store, key).await?;
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
    if are_all {
        lines.push("add --active to delete it as well".to_owned());
    } else if let Some(other) = present.iter().rev().find(|other| !versions.contains(other))
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
