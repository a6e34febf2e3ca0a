//! Binds a stored document to its model, so that an altered or misplaced row is noticed.

use auriga_crds::{Digest, ModelKey};

/// What stands beside the document: the sha256 of the model's key, a line feed and the document.
pub(super) fn seal(model: &ModelKey, document: &str) -> Digest {
    Digest::of(format!("{model}\n{document}").as_bytes())
}

/// Whether the seal is the document's.
pub(super) fn fits(model: &ModelKey, document: &str, found: &[u8]) -> bool {
    seal(model, document).as_bytes() == found
}
