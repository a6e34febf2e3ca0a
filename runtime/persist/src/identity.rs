//! Notices that the file a store lives by was removed or replaced.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{Fault, failure::Failure};

/// Which file was opened. A file that is removed stays writable for those who have it open: what is written then is
/// gone with the last of them.
pub(crate) struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// Of the file that is at `path` now.
    pub(crate) fn of(path: &Path) -> io::Result<FileIdentity> {
        let found = fs::metadata(path)?;
        Ok(FileIdentity {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }

    /// Fails if another file, or none, is there now.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match FileIdentity::of(&self.path) {
            Ok(found) if (found.device, found.inode) == (self.device, self.inode) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Err(Failure::Fault(Fault::Replaced)),
        }
    }
}
