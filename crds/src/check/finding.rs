//! A fault as the walk meets it.

use crate::Fault;

/// A fault, and whether it leaves the values around it as they are.
pub(super) struct Finding {
    pub(super) fault: Fault,
    /// A field that is not known says nothing about the known ones, so that the rules on those are asked all the same.
    pub(super) is_unknown_field: bool,
}

impl Finding {
    /// Something wrong with the value at `path`.
    pub(super) fn fault(path: &str, message: String) -> Finding {
        Finding {
            fault: Fault::nowhere(path, message),
            is_unknown_field: false,
        }
    }

    /// A field at `path` that does not exist.
    pub(super) fn unknown_field(path: &str, message: String) -> Finding {
        Finding {
            is_unknown_field: true,
            ..Finding::fault(path, message)
        }
    }
}
