//! Versions of fitted models, the ledger of their activations, and the stores that keep both.
//!
//! [`Persister`] is the contract; [`conformance`] proves it against every backend. What all backends share: a version
//! is a blob named by its sha256 plus one small manifest, and the manifest, created if absent, is the commit. The
//! active pointer moves by compare-and-swap on the ledger's revision, one append-only row each.

mod error;
mod persister;
mod version;

pub use error::{Fault, PersistError};
pub use persister::{Activation, LedgerEntry, Persister, Properties, Stored, Which, Written};
pub use version::{Draft, Facts, IdempotencyKey, Origin, Scores, VersionManifest};
