//! Keeps what a serving pod has read in a folder, so that its next start needs no store.
//!
//! A version never changes under its number, so one that was kept whole is as good as one that is read anew; its digest is
//! looked at every time. The ledger does change: what was last seen of it is kept, and given only to who asks for just
//! that. A file that is cut, altered or of another model counts as not there, and a folder that cannot be written keeps
//! nothing: neither is an error.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey, VersionNumber};

use crate::{
    Activation, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister, Properties, Stored,
    VersionManifest, Which, Written, failure::off_the_runtime, seal,
};

/// Versions of a model that are kept: the one that is served, the one before, and a candidate.
const KEPT: usize = 3;

/// Ends the name of a file with a version.
const VERSION: &str = ".version";

/// Ends the name of a file in the making. There is one per kept file, so that a process that is killed leaves no more.
const DRAFT: &str = ".new";

const PROPERTIES: &str = "properties";

/// A store with a folder beside it, for one process.
pub struct Cached {
    store: Arc<dyn Persister>,
    folder: PathBuf,
    /// What was written last, so that a look at the ledger each second writes nothing.
    noted: Mutex<Option<(ModelKey, Properties)>>,
}

impl Cached {
    /// Keeps what is read from `store` in `folder`, which is made when it is first needed.
    pub fn new(store: Arc<dyn Persister>, folder: PathBuf) -> Cached {
        Cached {
            store,
            folder,
            noted: Mutex::default(),
        }
    }

    /// What was seen of the model when the store answered last, perhaps by an earlier process.
    pub async fn last_properties(&self, model: &ModelKey) -> Option<Properties> {
        let (file, owner) = (self.file(model, PROPERTIES), model.clone());
        let (document, _) = off_the_runtime(move || read(&file, &owner)).await.ok()??;
        serde_json::from_str(&document).ok()
    }

    async fn kept(&self, model: &ModelKey, number: VersionNumber) -> Option<Stored> {
        let (file, owner) = (self.file(model, &version_file(number)), model.clone());
        let kept = off_the_runtime(move || {
            let (document, blob) = read(&file, &owner)?;
            let manifest = VersionManifest::from_json(&document).ok()?;
            Stored::verified(&owner, manifest, blob).ok()
        });
        kept.await.ok()?.filter(|stored| stored.manifest.number == number)
    }

    async fn keep(&self, model: &ModelKey, stored: Stored) -> Stored {
        let file = self.file(model, &version_file(stored.manifest.number));
        let (owner, document) = (model.clone(), stored.manifest.to_json());
        let blob = bytes::Bytes::from(stored.blob);
        let shared = blob.clone();
        // What cannot be kept is read from the store next time.
        let _ = off_the_runtime(move || {
            write(&file, &owner, &document, &shared).and_then(|()| forget_the_oldest(&file))
        })
        .await;
        Stored {
            manifest: stored.manifest,
            blob: blob.into(),
        }
    }

    async fn note(&self, model: &ModelKey, properties: &Properties) {
        let seen = Some((model.clone(), properties.clone()));
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if *noted == seen {
                return;
            }
            *noted = seen;
        }
        let document =
            serde_json::to_string(properties).expect("properties have text keys and whole numbers only");
        let (file, owner) = (self.file(model, PROPERTIES), model.clone());
        let _ = off_the_runtime(move || write(&file, &owner, &document, &[])).await;
    }

    /// Names of models are made of letters, digits and hyphens, so they are safe as names of folders.
    fn file(&self, model: &ModelKey, name: &str) -> PathBuf {
        self.folder
            .join(model.namespace.as_str())
            .join(model.model.as_str())
            .join(name)
    }
}

#[async_trait]
impl Persister for Cached {
    async fn write(&self, model: &ModelKey, draft: Draft) -> Result<Written, PersistError> {
        self.store.write(model, draft).await
    }

    async fn read(&self, model: &ModelKey, which: Which) -> Result<Stored, PersistError> {
        if let Which::Number(number) = which
            && let Some(kept) = self.kept(model, number).await
        {
            return Ok(kept);
        }
        let stored = self.store.read(model, which).await?;
        Ok(self.keep(model, stored).await)
    }

    async fn import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError> {
        self.store.import(model, manifest, blob).await
    }

    async fn activate(&self, model: &ModelKey, activation: Activation) -> Result<LedgerEntry, PersistError> {
        self.store.activate(model, activation).await
    }

    async fn deactivate(
        &self,
        model: &ModelKey,
        deactivation: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        self.store.deactivate(model, deactivation).await
    }

    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        self.store.delete(model, version).await?;
        let file = self.file(model, &version_file(version));
        let _ = off_the_runtime(move || fs::remove_file(file)).await;
        Ok(())
    }

    async fn list(&self, model: &ModelKey) -> Result<Listing, PersistError> {
        self.store.list(model).await
    }

    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        let properties = self.store.properties(model).await?;
        self.note(model, &properties).await;
        Ok(properties)
    }

    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        self.store.ledger(model).await
    }

    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        self.store.models().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

fn version_file(number: VersionNumber) -> String {
    format!("{number}{VERSION}")
}

/// A document and the bytes behind it: the seal in hexadecimal digits, a line feed, the document, a line feed, the bytes.
fn write(file: &Path, owner: &ModelKey, document: &str, blob: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut name = file.as_os_str().to_owned();
    name.push(DRAFT);
    let mut draft = File::create(&name)?;
    let mark = seal::seal(owner, document);
    draft.write_all(format!("{mark}\n{document}\n").as_bytes())?;
    draft.write_all(blob)?;
    draft.sync_all()?;
    fs::rename(&name, file)?;
    File::open(folder)?.sync_all()
}

/// What [`write`] left, if it is as it was.
fn read(file: &Path, owner: &ModelKey) -> Option<(String, Vec<u8>)> {
    let mut bytes = fs::read(file).ok()?;
    let mark_end = bytes.iter().position(|byte| *byte == b'\n')?;
    let document_end = mark_end + 1 + bytes[mark_end + 1..].iter().position(|byte| *byte == b'\n')?;
    let mark: Digest = str::from_utf8(&bytes[..mark_end]).ok()?.parse().ok()?;
    let document = str::from_utf8(&bytes[mark_end + 1..document_end])
        .ok()?
        .to_owned();
    bytes.drain(..=document_end);
    seal::fits(owner, &document, mark.as_bytes()).then_some((document, bytes))
}

/// Removes what was kept longest ago, beyond [`KEPT`] versions; never `newest`.
fn forget_the_oldest(newest: &Path) -> io::Result<()> {
    let mut kept: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(newest.parent().unwrap_or(Path::new("/")))? {
        let path = entry?.path();
        if path != newest && path.to_string_lossy().ends_with(VERSION) {
            kept.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    kept.sort();
    let n_old = (kept.len() + 1).saturating_sub(KEPT);
    kept[..n_old]
        .iter()
        .try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests;
