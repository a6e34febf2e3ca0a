//! Turns what object stores report into faults that a user can act on.

use std::{error::Error, io};

use object_store::Error as StoreError;

use crate::{
    Fault,
    failure::{Failure, io_fault},
};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Caused(fault(&error), Box::new(error))
    }
}

fn fault(error: &StoreError) -> Fault {
    if let Some(error) = io_error(error) {
        return io_fault(error);
    }
    match error {
        StoreError::NotFound { .. } => Fault::Absent,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            Fault::NotWritable("permission denied".to_owned())
        }
        other => Fault::Unavailable(other.to_string()),
    }
}

/// The file system's own error, wherever it is wrapped.
pub(super) fn io_error(error: &StoreError) -> Option<&io::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Others change the same model faster than this step can look at it.
pub(super) fn moving_too_fast() -> Failure {
    Failure::Fault(Fault::Unavailable(
        "others changed the model again and again meanwhile".to_owned(),
    ))
}
