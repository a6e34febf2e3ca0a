//! A local folder as an object store: looked at, made, watched, swept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use auriga_crds::ModelKey;
use object_store::{Error as StoreError, PutMode, local::LocalFileSystem};

use super::{
    ObjectStorePersister,
    bucket::Bucket,
    document::Mark,
    failure::io_error,
    paths::{MARK, MODELS},
};
use crate::{
    Fault, PersistError, StoreUri,
    failure::{Address, Failure, damaged, off_the_runtime},
    identity::FileIdentity,
};

/// After this time a file in the making is no longer one: its writer was killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// What a folder needs beyond its objects.
pub(super) struct Folder {
    root: PathBuf,
    mark: FileIdentity,
}

impl ObjectStorePersister {
    /// Opens the store in the folder `path`, which is absolute; makes it if there is none.
    pub(crate) async fn open_folder(path: &Path) -> Result<ObjectStorePersister, PersistError> {
        open(path, true).await
    }

    /// Opens the store in the folder `path`, which is absolute; makes nothing.
    pub(crate) async fn open_existing_folder(path: &Path) -> Result<ObjectStorePersister, PersistError> {
        open(path, false).await
    }
}

async fn open(path: &Path, make: bool) -> Result<ObjectStorePersister, PersistError> {
    let root = path.to_owned();
    let uri = StoreUri::Folder { path: root.clone() };
    let (explaining, address) = (Address::of(&uri), Address::of(&uri));
    let opened = async {
        let at = root.clone();
        let has_mark = off_the_runtime(move || inspect(&at, make)).await??;
        // Without fsync a commit may be taken back by a power loss, and its number be given twice.
        let local = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        let bucket = Bucket::new(Arc::new(local), Some(root.clone()));
        if !has_mark {
            make_mark(&bucket).await?;
        }
        let mark = object_store::path::Path::from(MARK);
        let text = bucket.document(&mark).await?;
        Mark::check(&mark, &text.ok_or(Failure::Fault(Fault::Replaced))?)?;
        let mark = FileIdentity::of(&root.join(MARK))?;
        let folder = Folder { root, mark };
        Ok(ObjectStorePersister::new(address, bucket, Some(folder)))
    };
    explaining.explain(opened.await)
}

/// Looks for a store at `path`; whether its mark is there. Makes the folder if asked to.
///
/// Errors: nothing there and nothing to be made; a file; a folder that holds something else.
fn inspect(path: &Path, make: bool) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => return Err(damaged("it is a file, not a folder".to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && make => fs::create_dir_all(path)?,
        Err(error) => return Err(error.into()),
    }
    let has_mark = || path.join(MARK).try_exists();
    if has_mark()? {
        return Ok(true);
    }
    failpoint!("folder: between its mark and what is in it");
    if let Some(name) = other_thing(path)? {
        // What another process puts into a store comes after its mark, which was made meanwhile then.
        if has_mark()? {
            return Ok(true);
        }
        return Err(damaged(format!(
            "the folder holds other things, such as {name}, and no {MARK}"
        )));
    }
    match make {
        true => Ok(false),
        false => Err(Failure::Fault(Fault::Absent)),
    }
}

/// The name of something in a folder that is not there without a mark, if any.
fn other_thing(path: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        // A volume of its own has the one, a store in the making the other.
        if name != "lost+found" && !name.starts_with(MARK) {
            return Ok(Some(name.into_owned()));
        }
    }
    Ok(None)
}

/// Makes a folder a store, and sees that a file which exists is not created once more: all else rests on that.
pub(super) async fn make_mark(bucket: &Bucket) -> Result<(), Failure> {
    let mark = object_store::path::Path::from(MARK);
    match bucket.put(&mark, Mark::to_bytes(&mark), PutMode::Create).await {
        // Another process was faster.
        Err(StoreError::AlreadyExists { .. }) => return Ok(()),
        Err(error) if has_no_links(&error) => {
            return Err(Failure::Fault(Fault::NotExclusive("no hard links can be made")));
        }
        made => made?,
    }
    match bucket.create(&mark, Mark::to_bytes(&mark)).await? {
        false => Ok(()),
        true => Err(Failure::Fault(Fault::NotExclusive(
            "a file is created a second time where it exists",
        ))),
    }
}

/// Whether a file was not created because it could not be linked to its name: `EPERM`, other than `EACCES`, is what
/// link(2) says on a file system without links.
fn has_no_links(error: &StoreError) -> bool {
    use rustix::io::Errno;
    let code = io_error(error).and_then(io::Error::raw_os_error);
    let codes = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS];
    code.is_some_and(|code| codes.iter().any(|known| known.raw_os_error() == code))
}

impl Folder {
    /// Fails if another store, or none, is at the path now.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.mark.check()
    }

    /// The folder of a model.
    pub(super) fn of(&self, model: &ModelKey) -> PathBuf {
        self.root.join(MODELS).join(model.to_string())
    }

    /// Removes the files that writers of a model had in the making when they were killed a day ago or earlier. What
    /// resists stays: it is in nobody's way.
    pub(super) async fn sweep(&self, model: &ModelKey) {
        let root = self.of(model);
        // A runtime that ends sweeps nothing, and need not.
        let _ = off_the_runtime(move || sweep(&root, SystemTime::now())).await;
    }
}

/// Removes abandoned files below the folder of a model. The library that writes the objects writes them under their name
/// with `#` and a number first.
pub(super) fn sweep(model: &Path, now: SystemTime) {
    for folder in fs::read_dir(model).into_iter().flatten().flatten() {
        for entry in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.rsplit_once('#'))
                .map(|(_, number)| number);
            let is_staged = number.is_some_and(|number| number.parse::<u64>().is_ok());
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            if is_staged && age.is_some_and(|age| age >= ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
