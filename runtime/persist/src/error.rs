//! What can go wrong with a store.

use auriga_crds::{Digest, ModelKey, VersionNumber};
use thiserror::Error;

/// What a store could not do, and why.
#[derive(Debug, Error)]
pub enum PersistError {
    /// No such version.
    #[error("{model} has no version {version}; {}", match latest { Some(latest) => format!("the latest is {latest}"), None => "it has no version at all".to_owned() })]
    VersionAbsent {
        /// The model.
        model: ModelKey,
        /// The version asked for.
        version: VersionNumber,
        /// The highest version there is.
        latest: Option<VersionNumber>,
    },
    /// No version was activated yet.
    #[error("{model} has no active version; fit one, or activate one of its versions")]
    NothingActive {
        /// The model.
        model: ModelKey,
    },
    /// Somebody else moved the pointer first.
    #[error(
        "the ledger of {model} is at revision {found}, not {expected}: somebody else activated a version; look again"
    )]
    RevisionMoved {
        /// The model.
        model: ModelKey,
        /// The revision the caller had seen.
        expected: u64,
        /// The revision found.
        found: u64,
    },
    /// The active version cannot be deleted.
    #[error("version {version} of {model} is active; activate another one before deleting it")]
    VersionActive {
        /// The model.
        model: ModelKey,
        /// The version.
        version: VersionNumber,
    },
    /// What is stored is not what was written.
    #[error(
        "version {version} of {model} is damaged: {what}; delete it and fit again, or restore the store from a backup"
    )]
    Corrupt {
        /// The model.
        model: ModelKey,
        /// The version.
        version: VersionNumber,
        /// What does not fit, naming the key in the store.
        what: String,
    },
    /// A newer build wrote the version.
    #[error(
        "version {version} of {model} has a manifest of version {found}, this build reads up to {known}; use a newer auriga"
    )]
    VersionTooNew {
        /// The model.
        model: ModelKey,
        /// The version.
        version: VersionNumber,
        /// The shape of its manifest.
        found: u32,
        /// The newest shape that this build reads.
        known: u32,
    },
    /// The facts of a draft would not read back.
    #[error("a version of {model} cannot be kept: {what}")]
    NotKeepable {
        /// The model.
        model: ModelKey,
        /// The field and what is wrong with it.
        what: String,
    },
    /// The number of an imported version is that of another one here.
    #[error(
        "version {version} of {model} cannot be imported with digest {imported}: its number was given here to {}; import \
         it into another store", match found {
            Some(found) => format!("another version, with digest {found}"),
            None => "a version that has been deleted since".to_owned(),
        }
    )]
    NumberUsed {
        /// The model.
        model: ModelKey,
        /// The number that both have.
        version: VersionNumber,
        /// Digest of the version that was to come.
        imported: Digest,
        /// Digest of the version that is here; `None` if it was deleted. In a box, for the size of all errors.
        found: Option<Box<Digest>>,
    },
    /// An imported version is of the same write as one that has another number here.
    #[error(
        "version {version} of {model} cannot be imported: version {found} here was written under the same key, so both are \
         of one fit; use that one, or delete it first"
    )]
    KeyUsed {
        /// The model.
        model: ModelKey,
        /// The version that was to come.
        version: VersionNumber,
        /// The version that is here.
        found: VersionNumber,
    },
    /// The store as a whole.
    #[error("store {store} {fault}")]
    Store {
        /// The store's address, without credentials.
        store: String,
        /// What is wrong with it.
        fault: Fault,
        /// The backend's own error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// What is wrong with a store as a whole, and what to do.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Fault {
    /// There is nothing at its address.
    #[error("does not exist; fit a model first, or check the address")]
    Absent,
    /// What was opened is no longer at its address: writing on would lose what is written.
    #[error("was removed or replaced while it was open; start again to use what is there now")]
    Replaced,
    /// It does not answer.
    #[error("cannot be reached ({0}); try again, and look at its disk if that does not help")]
    Unavailable(String),
    /// It answers, but not to this process; in words, with the remedy.
    #[error("cannot be used: {0}")]
    Refused(String),
    /// This process lacks a part of the credentials that it needs; in words that name the place where it looked.
    #[error("cannot be used: {0}; add it")]
    CredentialsMissing(String),
    /// It has no room.
    #[error("is full; nothing was changed: free space or enlarge it, then try again")]
    Full,
    /// It refuses to be written. Who only looks meets this too: see [`open_existing`](crate::open_existing).
    #[error("cannot be written ({0}); check the permissions and whether the file system is read-only")]
    NotWritable(String),
    /// It is not one of ours, or damaged.
    #[error("is not an Auriga store, or is damaged ({0}); move it away or restore it from a backup")]
    NotAStore(String),
    /// A newer build made it.
    #[error("has schema version {found}, this build knows up to {known}; use a newer auriga")]
    TooNew {
        /// Its schema version.
        found: u32,
        /// The newest this build reads.
        known: u32,
    },
    /// It is on a file system that cannot lock.
    #[error("lies on a network file system ({0}), where SQLite cannot lock; use a local disk")]
    NetworkFileSystem(String),
    /// Where it lies, two writers could both be told that they made the same file.
    #[error(
        "lies where {0}, so that two writers could get one number; use a file system that can, such as ext4 or NFS"
    )]
    NotExclusive(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_what_was_tried_and_the_remedy() {
        let model: ModelKey = "default/iris".parse().unwrap();
        let version = VersionNumber::FIRST;
        let absent = |latest| PersistError::VersionAbsent {
            model: model.clone(),
            version,
            latest,
        };
        let store = |fault| PersistError::Store {
            store: "sqlite:///models.db".to_owned(),
            fault,
            source: None,
        };
        let check = |error: PersistError, expected: &str| assert_eq!(error.to_string(), expected);
        check(
            absent(VersionNumber::new(7)),
            "default/iris has no version 1; the latest is 7",
        );
        check(
            absent(None),
            "default/iris has no version 1; it has no version at all",
        );
        let corrupt = PersistError::Corrupt {
            model: model.clone(),
            version,
            what: "its manifest does not fit its seal".to_owned(),
        };
        check(
            corrupt,
            "version 1 of default/iris is damaged: its manifest does not fit its seal; delete it and fit again, or \
             restore the store from a backup",
        );
        let newer = PersistError::VersionTooNew {
            model: model.clone(),
            version,
            found: 2,
            known: 1,
        };
        check(
            newer,
            "version 1 of default/iris has a manifest of version 2, this build reads up to 1; use a newer auriga",
        );
        check(
            store(Fault::CredentialsMissing("the password is missing".to_owned())),
            "store sqlite:///models.db cannot be used: the password is missing; add it",
        );
        check(
            store(Fault::Unavailable("timed out".to_owned())),
            "store sqlite:///models.db cannot be reached (timed out); try again, and look at its disk if that does not help",
        );
        check(
            store(Fault::NotWritable("permission denied".to_owned())),
            "store sqlite:///models.db cannot be written (permission denied); check the permissions and whether the file \
             system is read-only",
        );
        check(
            store(Fault::Full),
            "store sqlite:///models.db is full; nothing was changed: free space or enlarge it, then try again",
        );
        check(
            store(Fault::NetworkFileSystem("NFS".to_owned())),
            "store sqlite:///models.db lies on a network file system (NFS), where SQLite cannot lock; use a local disk",
        );
        check(
            store(Fault::NotExclusive("no hard links can be made")),
            "store sqlite:///models.db lies where no hard links can be made, so that two writers could get one number; use a \
             file system that can, such as ext4 or NFS",
        );
        let used = |found| PersistError::NumberUsed {
            model: model.clone(),
            version,
            imported: Digest::from([0; 32]),
            found,
        };
        let (zeros, ones) = ("00".repeat(32), "01".repeat(32));
        check(
            used(Some(Box::new(Digest::from([1; 32])))),
            &format!(
                "version 1 of default/iris cannot be imported with digest sha256:{zeros}: its number was given here to \
                 another version, with digest sha256:{ones}; import it into another store"
            ),
        );
        check(
            used(None),
            &format!(
                "version 1 of default/iris cannot be imported with digest sha256:{zeros}: its number was given here to a \
                 version that has been deleted since; import it into another store"
            ),
        );
        let key_used = PersistError::KeyUsed {
            model: model.clone(),
            version: VersionNumber::new(7).unwrap(),
            found: version,
        };
        check(
            key_used,
            "version 7 of default/iris cannot be imported: version 1 here was written under the same key, so both are of one \
             fit; use that one, or delete it first",
        );
        check(
            store(Fault::TooNew { found: 2, known: 1 }),
            "store sqlite:///models.db has schema version 2, this build knows up to 1; use a newer auriga",
        );
    }
}
