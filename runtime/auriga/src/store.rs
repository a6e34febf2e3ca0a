//! Finds the store that a command works on.

use std::path::Path;

use auriga_persist::StoreUri;

use crate::{failure::Failure, manifest::Manifest};

/// Where versions are kept unless something else is written: in the folder where the command runs.
const DEFAULT_URI: &str = "sqlite://auriga-data/models.db";

/// The store's address: of the command line (relative to where the command runs), else of the manifest (relative to its
/// folder), else the default.
pub(crate) fn uri(written: Option<&str>, manifest: Option<&Manifest>) -> Result<StoreUri, Failure> {
    let in_manifest =
        manifest.and_then(|manifest| Some((manifest.checked.persister_uri.as_deref()?, &*manifest.base)));
    let (text, base) = match (written, in_manifest) {
        (Some(written), _) => (written, Path::new(".")),
        (None, Some(found)) => found,
        (None, None) => (DEFAULT_URI, Path::new(".")),
    };
    Ok(StoreUri::parse(text, base)?)
}
