//! What stands in the objects: sealed texts.

use auriga_crds::{Digest, ModelKey, VersionNumber};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::{
    Fault, IdempotencyKey, LedgerEntry, PersistError, VersionManifest,
    failure::{Failure, damaged},
    seal,
    version::Unreadable,
};

/// Shape of the store; a newer one is refused.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// What makes a place a store.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    /// The application whose store this is.
    store: String,
    /// Shape of the store.
    schema_version: u32,
}

impl Mark {
    /// The sealed text of the mark at `path`.
    pub(super) fn to_bytes(path: &Path) -> Vec<u8> {
        let mark = Mark {
            store: "auriga".to_owned(),
            schema_version: SCHEMA_VERSION,
        };
        let document = serde_json::to_string(&mark).expect("a mark has text keys and whole numbers");
        sealed(path, &document)
    }

    /// Errors: not ours, damaged, or of a newer build.
    pub(super) fn check(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let document =
            unsealed(path, bytes).ok_or_else(|| damaged(format!("its {path} does not fit its seal")))?;
        let mark: Mark = serde_json::from_str(document)
            .map_err(|error| damaged(format!("its {path} cannot be read ({error})")))?;
        if mark.store != "auriga" {
            return Err(damaged(format!("its {path} is that of another application")));
        }
        match mark.schema_version > SCHEMA_VERSION {
            true => Err(Failure::Fault(Fault::TooNew {
                found: mark.schema_version,
                known: SCHEMA_VERSION,
            })),
            false => Ok(()),
        }
    }
}

/// Puts a document together with its seal, which is the first line.
fn sealed(path: &Path, document: &str) -> Vec<u8> {
    format!("{}\n{document}", seal::seal(path, document)).into_bytes()
}

/// The document, if it is as it was written and where it was written.
fn unsealed<'a>(path: &Path, bytes: &'a [u8]) -> Option<&'a str> {
    let (found, document) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    (seal::seal(path, document).to_string() == found).then_some(document)
}

/// What stands at a number.
#[derive(Debug, PartialEq)]
pub(super) enum Slot {
    /// A version.
    Version {
        /// The name of its bytes.
        blob: String,
        /// What is known of it.
        manifest: Box<VersionManifest>,
    },
    /// This number and those up to `to` were never given.
    Gap {
        /// The last one.
        to: VersionNumber,
    },
    /// A version was here and is deleted.
    Tombstone,
}

/// The first line of a slot's document; for a version, its manifest is the second.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Heading {
    Version { blob: String, key: Digest },
    Gap { to: VersionNumber },
    Tombstone,
}

/// What a slot is, without the manifest of a version.
pub(super) enum Glance {
    /// A version.
    Version {
        /// The name of its bytes.
        blob: String,
        /// Digest of its idempotency key.
        key: Digest,
    },
    /// As [`Slot::Gap`].
    Gap {
        /// The last one.
        to: VersionNumber,
    },
    /// As [`Slot::Tombstone`].
    Tombstone,
}

impl Glance {
    /// What is at `path`; `None` for what [`Slot::parse`] refuses by its seal. Many times faster than reading the
    /// manifest: who only wants to know the keys of many versions looks no further.
    pub(super) fn at(path: &Path, bytes: &[u8]) -> Option<Glance> {
        let heading = unsealed(path, bytes)?.lines().next()?;
        Some(match serde_json::from_str(heading).ok()? {
            Heading::Version { blob, key } => Glance::Version { blob, key },
            Heading::Gap { to } => Glance::Gap { to },
            Heading::Tombstone => Glance::Tombstone,
        })
    }
}

/// What a version's heading says of its idempotency key.
pub(super) fn key_digest(key: &IdempotencyKey) -> Digest {
    Digest::of(key.0.as_bytes())
}

impl Slot {
    /// The sealed text of the slot at `path`.
    pub(super) fn to_bytes(&self, path: &Path) -> Vec<u8> {
        let heading = match self {
            Slot::Version { blob, manifest } => Heading::Version {
                blob: blob.clone(),
                key: key_digest(&manifest.idempotency_key),
            },
            Slot::Gap { to } => Heading::Gap { to: *to },
            Slot::Tombstone => Heading::Tombstone,
        };
        let heading = serde_json::to_string(&heading).expect("a heading has text keys and whole numbers");
        match self {
            Slot::Version { manifest, .. } => sealed(path, &format!("{heading}\n{}", manifest.to_json())),
            Slot::Gap { .. } | Slot::Tombstone => sealed(path, &heading),
        }
    }

    /// Reads the slot of `number` at `path`.
    ///
    /// Errors: `Corrupt`, naming the key in the store, and `VersionTooNew`.
    pub(super) fn parse(
        model: &ModelKey,
        number: VersionNumber,
        path: &Path,
        bytes: &[u8],
    ) -> Result<Slot, PersistError> {
        let corrupt = |what: String| PersistError::Corrupt {
            model: model.clone(),
            version: number,
            what,
        };
        let Some(document) = unsealed(path, bytes) else {
            return Err(corrupt(format!("its manifest {path} does not fit its seal")));
        };
        let (heading, rest) = document.split_once('\n').unwrap_or((document, ""));
        let heading = serde_json::from_str(heading)
            .map_err(|error| corrupt(format!("its manifest {path} cannot be read ({error})")))?;
        let blob = match heading {
            Heading::Gap { to } => return Ok(Slot::Gap { to }),
            Heading::Tombstone => return Ok(Slot::Tombstone),
            Heading::Version { blob, .. } => blob,
        };
        let manifest = VersionManifest::from_json(rest).map_err(|unreadable| match unreadable {
            Unreadable::Malformed(what) => corrupt(what),
            Unreadable::TooNew(found) => PersistError::VersionTooNew {
                model: model.clone(),
                version: number,
                found,
                known: VersionManifest::MANIFEST_VERSION,
            },
        })?;
        if manifest.number != number {
            return Err(corrupt(format!(
                "its manifest {path} is that of version {}",
                manifest.number
            )));
        }
        Ok(Slot::Version {
            blob,
            manifest: Box::new(manifest),
        })
    }
}

/// Whether a slot that cannot be read still shows that its version was written under `key`.
pub(super) fn shows(bytes: &[u8], key: &IdempotencyKey) -> bool {
    let written = serde_json::to_string(key).expect("a key is a text");
    let field = format!("\"idempotencyKey\":{written}");
    bytes
        .windows(field.len())
        .any(|window| window == field.as_bytes())
}

/// An entry of the ledger: an activation, or a deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// Differs between two writers who want the same, so that each knows its own.
    pub(super) nonce: String,
    /// The move of the active pointer that stands after this entry, so that the newest entry alone tells what is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) standing: Option<LedgerEntry>,
    /// The version that this entry deletes; absent for a move of the pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<VersionNumber>,
}

impl Entry {
    pub(super) fn to_bytes(&self, path: &Path) -> Vec<u8> {
        let document =
            serde_json::to_string(self).expect("an entry has text keys and no number that is not finite");
        sealed(path, &document)
    }

    /// Errors: `Fault::NotAStore`, naming the model and the key in the store.
    pub(super) fn parse(model: &ModelKey, path: &Path, bytes: &[u8]) -> Result<Entry, Failure> {
        let unreadable = |why: String| damaged(format!("{path} in the ledger of {model} {why}"));
        let document = unsealed(path, bytes).ok_or_else(|| unreadable("does not fit its seal".to_owned()))?;
        serde_json::from_str(document).map_err(|error| unreadable(format!("cannot be read ({error})")))
    }
}
