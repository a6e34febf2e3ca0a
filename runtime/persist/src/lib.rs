//! Versions of fitted models, the ledger of their activations, and the stores that keep both.
//!
//! [`Persister`] is the contract; the `conformance` module (behind the feature of that name) proves it against every
//! backend. What all backends share: a version is a blob named by its sha256 plus one small manifest, and the
//! manifest, created if absent, is the commit. The active pointer moves by compare-and-swap on the ledger's revision,
//! one append-only row each. A backend is chosen once, by the scheme of a [`StoreUri`]: see [`open`].

mod cached;
#[cfg(feature = "conformance")]
pub mod conformance;
mod credentials;
mod cross_validation;
mod error;
#[macro_use]
mod failpoint;
mod failure;
mod forget;
mod identity;
mod lazy;
mod objects;
mod open;
mod persister;
mod postgres;
mod prune;
mod rows;
mod seal;
mod sqlite;
mod store_uri;
mod version;

pub use cached::Cached;
pub use credentials::{CredentialKey, CredentialSource, Credentials, NoCredentials, Secret};
pub use cross_validation::{CrossValidation, FoldScores};
pub use error::{Fault, PersistError};
pub use forget::forget;
pub use lazy::Lazy;
pub use open::{open, open_as, open_existing, open_existing_as};
pub use persister::{
    Activation, Damaged, Deactivation, LedgerEntry, Listing, Persister, Properties, Stored, Which, Written,
};
pub use prune::prune;
pub use store_uri::{PostgresUri, SslMode, StoreUri, StoreUriError};
pub use version::{Draft, Facts, IdempotencyKey, Importance, Origin, Scores, VersionManifest};
