//! Binds a stored document to its place, so that an altered or misplaced one is noticed.

use std::fmt::Display;

use auriga_crds::Digest;

/// What stands beside the document: the sha256 of its owner (a model, or a key in the store), a line feed and the document.
pub(crate) fn seal(owner: impl Display, document: &str) -> Digest {
    Digest::of(format!("{owner}\n{document}").as_bytes())
}

/// Whether the seal is the document's.
pub(crate) fn fits(owner: impl Display, document: &str, found: &[u8]) -> bool {
    seal(owner, document).as_bytes() == found
}
