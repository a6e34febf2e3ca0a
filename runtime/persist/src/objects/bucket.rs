//! The few things that are asked of an object store.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, path::Path,
};

use crate::{
    Fault,
    failure::{Failure, off_the_runtime},
};

/// Documents are read whole. One that is longer is none of ours, and would only fill the memory.
const LONGEST_DOCUMENT: u64 = 64 << 20;

/// How often an object is asked for that the store says exists, while it does not show it: some stores say so while
/// another creation is under way, some file systems remember for a moment that there was nothing.
const LOOKS: u32 = 50;

/// A store of objects.
#[derive(Clone)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// The folder that the store is, where rows of documents are read faster.
    root: Option<PathBuf>,
}

impl Bucket {
    /// A store, and the folder that it is, if it is one.
    pub(super) fn new(store: Arc<dyn ObjectStore>, root: Option<PathBuf>) -> Bucket {
        Bucket { store, root }
    }

    /// Creates an object if there is none of that name; whether this call did.
    pub(super) async fn create(&self, path: &Path, bytes: impl Into<PutPayload>) -> Result<bool, Failure> {
        match self.put(path, bytes, PutMode::Create).await {
            Ok(()) => Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates an object, or replaces the one of that name; readers see the one or the other.
    pub(super) async fn overwrite(&self, path: &Path, bytes: impl Into<PutPayload>) -> Result<(), Failure> {
        Ok(self.put(path, bytes, PutMode::Overwrite).await?)
    }

    /// As [`Bucket::create`], with the store's own error.
    pub(super) async fn put(
        &self,
        path: &Path,
        bytes: impl Into<PutPayload>,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        self.store.put_opts(path, bytes.into(), options).await.map(drop)
    }

    /// The document at a key. What is far too long comes back empty, which no seal fits.
    pub(super) async fn document(&self, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        let found = match self.store.get(path).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if found.meta.size > LONGEST_DOCUMENT {
            return Ok(Some(Vec::new()));
        }
        Ok(Some(found.bytes().await?.into()))
    }

    /// The documents of a row from `first` on, up to the first that is not there.
    pub(super) async fn documents_from(
        &self,
        first: u64,
        path: impl Fn(u64) -> Path + Send + 'static,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let Some(root) = self.root.clone() else {
            let mut found = Vec::new();
            for position in first.. {
                match self.document(&path(position)).await? {
                    Some(document) => found.push(document),
                    None => break,
                }
            }
            return Ok(found);
        };
        // Sixty processes that take turns read sixty documents each: one after the other in one go costs a tenth of asking
        // the store for each.
        off_the_runtime(move || {
            (first..)
                .map(|position| read_file(&root.join(path(position).as_ref())))
                .map_while(Result::transpose)
                .collect()
        })
        .await?
    }

    /// The document at a key that the store refused to create because it exists.
    pub(super) async fn existing_document(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        for look in 0..LOOKS {
            if let Some(document) = self.document(path).await? {
                return Ok(document);
            }
            tokio::time::sleep(Duration::from_millis(u64::from(look))).await;
        }
        let what = format!("it says that {path} exists, and does not show it");
        Err(Failure::Fault(Fault::Unavailable(what)))
    }

    /// The object at a key if it has this length, else the length it has.
    pub(super) async fn bytes(
        &self,
        path: &Path,
        length: u64,
    ) -> Result<Option<Result<Vec<u8>, u64>>, Failure> {
        match self.store.get(path).await {
            Ok(found) if found.meta.size != length => Ok(Some(Err(found.meta.size))),
            Ok(found) => Ok(Some(Ok(found.bytes().await?.into()))),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is an object of that name.
    pub(super) async fn has(&self, path: &Path) -> Result<bool, Failure> {
        match self.store.head(path).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an object; one that is not there is no error.
    pub(super) async fn remove(&self, path: &Path) -> Result<(), Failure> {
        match self.store.delete(path).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of the objects directly in a folder.
    pub(super) async fn names(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        let found: Vec<_> = self.store.list(Some(folder)).try_collect().await?;
        let names = found.iter().filter_map(|object| {
            let mut parts = object.location.prefix_match(folder)?;
            let name = parts.next()?.as_ref().to_owned();
            parts.next().is_none().then_some(name)
        });
        Ok(names.collect())
    }

    /// Whether there is an object in a folder.
    pub(super) async fn has_any(&self, folder: &Path) -> Result<bool, Failure> {
        Ok(self.store.list(Some(folder)).next().await.transpose()?.is_some())
    }

    /// The names of the folders directly in a folder.
    pub(super) async fn folders(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        let listed = self.store.list_with_delimiter(Some(folder)).await?;
        let names = listed.common_prefixes.iter().filter_map(Path::filename);
        Ok(names.map(str::to_owned).collect())
    }
}

/// As [`Bucket::document`], of a file.
fn read_file(path: &std::path::Path) -> Result<Option<Vec<u8>>, Failure> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    if file.metadata()?.len() <= LONGEST_DOCUMENT {
        file.read_to_end(&mut bytes)?;
    }
    Ok(Some(bytes))
}
