//! Turns what backends and the file system report into faults that a user can act on.

use std::io;

use crate::{Fault, PersistError, StoreUri};

/// How a step can end before it is done; becomes a [`PersistError`] where the store's address is known.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller's wish cannot be granted, or the version is damaged.
    Refused(Box<PersistError>),
    /// The store as a whole has a fault that no library reported.
    Fault(Fault),
    /// The store as a whole has a fault, and a library said so.
    Caused(Fault, Box<dyn std::error::Error + Send + Sync>),
}

impl From<PersistError> for Failure {
    fn from(error: PersistError) -> Failure {
        Failure::Refused(Box::new(error))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Caused(io_fault(&error), Box::new(error))
    }
}

/// Says that parts of the store contradict each other.
pub(crate) fn damaged(what: String) -> Failure {
    Failure::Fault(Fault::NotAStore(what))
}

/// The store's address as messages name it.
pub(crate) struct Address(String);

impl Address {
    pub(crate) fn of(uri: &StoreUri) -> Address {
        Address(uri.to_string())
    }

    /// Adds the address to a fault of the store.
    pub(crate) fn explain<T>(&self, result: Result<T, Failure>) -> Result<T, PersistError> {
        let (fault, source) = match result {
            Ok(value) => return Ok(value),
            Err(Failure::Refused(error)) => return Err(*error),
            Err(Failure::Fault(fault)) => (fault, None),
            Err(Failure::Caused(fault, source)) => (fault, Some(source)),
        };
        let store = self.0.clone();
        Err(PersistError::Store { store, fault, source })
    }
}

/// Does long work on a thread of its own, so that other tasks go on meanwhile: hashing a gigabyte takes about a second.
///
/// Errors: `Fault::Unavailable` when the runtime shuts down and no longer starts such work.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Failure::Fault(Fault::Unavailable("this process is ending".to_owned())))
}

/// What an error of the file system means for the store.
pub(crate) fn io_fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::Absent,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Fault::Full
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Fault::NotWritable(error.kind().to_string())
        }
        io::ErrorKind::IsADirectory => Fault::NotAStore("it is a folder".to_owned()),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            Fault::NotWritable("a part of its path is a file, not a folder".to_owned())
        }
        kind => Fault::Unavailable(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_file_system_becomes_the_fault_that_names_the_remedy() {
        let check = |kind: io::ErrorKind, expected: Fault| assert_eq!(io_fault(&kind.into()), expected);
        check(io::ErrorKind::StorageFull, Fault::Full);
        check(io::ErrorKind::QuotaExceeded, Fault::Full);
        check(io::ErrorKind::NotFound, Fault::Absent);
        check(
            io::ErrorKind::ReadOnlyFilesystem,
            Fault::NotWritable("read-only filesystem or storage medium".to_owned()),
        );
        check(
            io::ErrorKind::PermissionDenied,
            Fault::NotWritable("permission denied".to_owned()),
        );
        check(
            io::ErrorKind::TimedOut,
            Fault::Unavailable("timed out".to_owned()),
        );
    }
}
