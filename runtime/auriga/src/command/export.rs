//! `auriga export`: copies versions into another store, under the same numbers.

use std::path::Path;

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{PersistError, Persister, StoreUri, Which, Written};
use clap::Args;
use serde_json::json;

use super::{
    named,
    selection::{ModelFlags, Selected},
};
use crate::{
    activation,
    console::{Console, Unit},
    failure::Failure,
    store, translate, watch,
};

/// Copies versions into another store: the active one unless told otherwise, with number, bytes and facts as they are. What
/// is there already stays, so that it may be run again.
#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    model: ModelFlags,
    /// The store to copy into, such as file:///mnt/models; it is made if there is none. A relative path starts where the
    /// command runs.
    #[arg(long, value_name = "URI")]
    to: String,
    /// Copy this version
    #[arg(long, value_name = "NUMBER", conflicts_with = "all")]
    version: Option<VersionNumber>,
    /// Copy all versions
    #[arg(long)]
    all: bool,
    /// Make the version active there, after it has shown that it works; with --all the one that is active here
    #[arg(long)]
    activate: bool,
}

/// What became of the versions.
#[derive(Default)]
struct Copied {
    new: Vec<VersionNumber>,
    existing: Vec<VersionNumber>,
    /// Deleted by somebody else since they were listed.
    gone: Vec<VersionNumber>,
    /// Why others could not be copied.
    damaged: Vec<String>,
}

impl Export {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let Export {
            model,
            to,
            version,
            all,
            activate,
        } = self;
        let Selected { key, uri, manifest } = model.select()?;
        let to = StoreUri::parse(&to, Path::new("."))?;
        if to == uri {
            return Err(Failure::mistake(format!(
                "--to {to} is the store that the versions are in; name another one"
            )));
        }
        watch::unless_asked_to_end(async {
            let source = store::open_existing(&uri).await?;
            let active = source.properties(&key).await?.active_version;
            // The one that `--activate` is about; looked for before anything is copied.
            let chosen = version.or(active);
            if chosen.is_none() && (activate || !all) {
                return Err(PersistError::NothingActive { model: key }.into());
            }
            let mut damaged = Vec::new();
            let numbers = if all {
                let listing = source.list(&key).await?;
                damaged.extend(listing.damaged.into_iter().map(|damaged| damaged.message));
                listing.versions.iter().map(|version| version.number).collect()
            } else {
                Vec::from_iter(chosen)
            };
            if numbers.is_empty() && damaged.is_empty() {
                return Err(Failure::mistake(format!(
                    "{key} has no version at all in {uri}; check the name, or fit one"
                )));
            }
            // A mistake, or a version that cannot be served, must leave no store behind.
            match (chosen, &manifest) {
                (Some(number), Some(manifest)) if activate => {
                    let loaded = activation::load(&*source, &key, number).await?;
                    translate::settings(&manifest.checked).check(&loaded)?;
                }
                (Some(number), _) if activate || !all => {
                    source.read(&key, Which::Number(number)).await?;
                }
                _ => {}
            }
            let target = store::open(&to).await?;
            let mut copied = copy(&*source, &*target, &key, &numbers, all, console).await?;
            copied.damaged.extend(damaged);
            if let Some(number) = chosen.filter(|_| activate) {
                let loaded = activation::load(&*target, &key, number).await?;
                activation::activate(&*target, &key, &loaded, "export").await?;
            }
            let active = target.properties(&key).await?.active_version;
            told(&key, &to, copied, active, console)
        })
        .await
    }
}

/// Copies one after the other, so that no more than one is in memory. A damaged one holds up no other; nor, if these
/// are `all` that were listed, does one that is gone meanwhile.
async fn copy(
    source: &dyn Persister,
    target: &dyn Persister,
    key: &ModelKey,
    numbers: &[VersionNumber],
    all: bool,
    console: &Console,
) -> Result<Copied, Failure> {
    let mut copied = Copied::default();
    let bar = console.bar("exporting", Unit::Steps);
    bar.set_length(numbers.len() as u64);
    for &number in numbers {
        let written = match source.read(key, Which::Number(number)).await {
            Ok(stored) => target.import(key, stored.manifest, stored.blob).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(Written::New(_)) => copied.new.push(number),
            Ok(Written::Existing(_)) => copied.existing.push(number),
            Err(PersistError::VersionAbsent { .. }) if all => copied.gone.push(number),
            Err(error @ PersistError::Corrupt { .. }) if numbers.len() > 1 => {
                copied.damaged.push(error.to_string());
            }
            Err(error) => {
                bar.finish_and_clear();
                return Err(match copied.new.is_empty() {
                    true => error.into(),
                    false => Failure::from(error)
                        .after(format_args!("exported {} before this: ", named(&copied.new))),
                });
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(copied)
}

/// Errors: some could not be copied, though all others were.
fn told(
    key: &ModelKey,
    to: &StoreUri,
    Copied {
        new,
        existing,
        gone,
        damaged,
    }: Copied,
    active: Option<VersionNumber>,
    console: &Console,
) -> Result<(), Failure> {
    let mut parts = Vec::new();
    if !new.is_empty() {
        parts.push(format!("exported {} to {to}", named(&new)));
    }
    if !existing.is_empty() {
        let were = if existing.len() == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} in {to} already", named(&existing)));
    }
    if !gone.is_empty() {
        let were = if gone.len() == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} deleted meanwhile", named(&gone)));
    }
    if new.is_empty() && existing.is_empty() {
        parts.push("there is no version to export".to_owned());
    }
    parts.push(match active {
        Some(active) => format!("version {active} is active there"),
        None => "none is active there".to_owned(),
    });
    let text = format!("{key}: {}", parts.join("; "));
    if !damaged.is_empty() {
        return Err(Failure::trouble(format!("{text}\n{}", damaged.join("\n"))));
    }
    console.result(
        text,
        json!({
            "model": key.to_string(),
            "store": to.to_string(),
            "exported": new,
            "existing": existing,
            "gone": gone,
            "activeVersion": active,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Format;

    #[tokio::test]
    async fn a_version_deleted_after_it_was_listed_holds_up_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let uri = |name: &str| StoreUri::parse(&format!("sqlite://{name}.db"), folder.path()).unwrap();
        let source = auriga_persist::open(&uri("source")).await.unwrap();
        let target = auriga_persist::open(&uri("target")).await.unwrap();
        let key = "default/flowers".parse().unwrap();
        let numbers = [1, 2].map(|number| VersionNumber::new(number).unwrap());
        let console = Console::new(Format::Json, false);
        let copied = copy(&*source, &*target, &key, &numbers, true, &console)
            .await
            .unwrap();
        assert_eq!(copied.gone, numbers);
        let copied = copy(&*source, &*target, &key, &numbers, false, &console).await;
        assert!(copied.is_err_and(|failure| failure.is_mistake));
    }
}
