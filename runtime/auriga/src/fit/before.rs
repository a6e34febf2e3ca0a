//! Looks for a version that makes a fit needless.

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{Listing, Persister, VersionManifest};
use auriga_serve::Loaded;

use crate::{activation, console::Console, failure::Failure};

/// The versions that were there before a fit.
pub(super) struct Before {
    versions: Vec<VersionManifest>,
    /// What a damaged version was fitted to is not known. It may have the key of the new one, which has to get past it.
    pub(super) newest_damaged: Option<VersionNumber>,
}

impl Before {
    pub(super) fn new(listing: Listing) -> Before {
        Before {
            newest_damaged: listing.newest_damaged(),
            versions: listing.versions,
        }
    }

    /// The newest version that is `wanted` and can be loaded.
    pub(super) async fn found(
        &mut self,
        store: &dyn Persister,
        key: &ModelKey,
        wanted: impl Fn(&VersionManifest) -> bool,
        console: &Console,
    ) -> Result<Option<Loaded>, Failure> {
        for version in self.versions.iter().filter(|version| wanted(version)).rev() {
            match activation::load(store, key, version.number).await {
                Ok(loaded) => return Ok(Some(loaded)),
                Err(failure) if activation::is_damage(&failure) => {
                    console.warn(&Failure::trouble(format!("{failure}; fitting again")));
                    self.newest_damaged = self.newest_damaged.max(Some(version.number));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(None)
    }
}
