//! The word for each thing that can end a command: what conditions, outcomes and `/alive` call it.

use auriga_crds::Reason;
use auriga_data::DataError;
use auriga_learn::{CrossValidationError, FitError, FoldFault, LoadError};
use auriga_persist::{Fault, PersistError};
use auriga_serve::LoadFailure;

/// Rows that cannot be read. What a retry may mend has no word of its own.
pub(super) fn of_data(error: &DataError) -> Reason {
    match error {
        DataError::Setting { .. } | DataError::Url { .. } => Reason::InvalidSpec,
        error if error.is_users_mistake() => Reason::InvalidData,
        _ => Reason::Failed,
    }
}

/// A fit that cannot be done: by the manifest alone, or with these rows.
pub(super) fn of_fit(error: &FitError) -> Reason {
    match error {
        FitError::Cancelled => Reason::Failed,
        FitError::Hyperparameter { .. }
        | FitError::DuplicateStep { .. }
        | FitError::TooManySteps { .. }
        | FitError::NoFeatures
        | FitError::TargetAmongFeatures { .. }
        | FitError::ColumnAbsent { .. }
        | FitError::ColumnTwice { .. }
        | FitError::ColumnKind { .. }
        | FitError::TooManyProducts { .. }
        | FitError::TooLarge { .. }
        | FitError::NameClash { .. }
        | FitError::TargetKind { .. }
        | FitError::UnknownClass { .. } => Reason::InvalidSpec,
        _ => Reason::InvalidData,
    }
}

/// A cross-validation that cannot be done.
pub(super) fn of_cross_validation(error: &CrossValidationError) -> Reason {
    match error {
        CrossValidationError::Cancelled => Reason::Failed,
        CrossValidationError::Split(_) => Reason::InvalidSpec,
        CrossValidationError::UnequalRows { .. } => Reason::InvalidData,
        CrossValidationError::Fold { fault, .. } => match &**fault {
            FoldFault::Fit(error) => of_fit(error),
            FoldFault::ClassAbsent { .. } | FoldFault::TrainScore(_) | FoldFault::TestScore(_) => {
                Reason::InvalidData
            }
        },
    }
}

/// What a store could not do.
pub(super) fn of_store(error: &PersistError) -> Reason {
    match error {
        PersistError::VersionAbsent { .. } | PersistError::NothingActive { .. } => Reason::VersionNotFound,
        PersistError::Corrupt { .. } => Reason::DigestMismatch,
        PersistError::VersionTooNew { .. } => Reason::SchemaIncompatible,
        PersistError::NotKeepable { .. } => Reason::InvalidData,
        PersistError::RevisionMoved { .. }
        | PersistError::VersionActive { .. }
        | PersistError::NumberUsed { .. }
        | PersistError::KeyUsed { .. } => Reason::Failed,
        PersistError::Store { fault, .. } => match fault {
            Fault::CredentialsMissing(_) => Reason::SecretNotFound,
            Fault::Full => Reason::PersisterFull,
            Fault::TooNew { .. } => Reason::SchemaIncompatible,
            Fault::NetworkFileSystem(_) | Fault::NotExclusive(_) => Reason::InvalidSpec,
            _ => Reason::PersisterUnavailable,
        },
    }
}

/// A version that cannot be loaded.
pub(super) fn of_load(failure: &LoadFailure) -> Reason {
    match failure {
        LoadFailure::Store(error) => of_store(error),
        LoadFailure::Golden { .. } => Reason::GoldenRequestFailed,
        LoadFailure::Unreadable { source, .. } => match source {
            LoadError::Truncated { .. } | LoadError::Altered => Reason::DigestMismatch,
            LoadError::TooNew { .. } | LoadError::UnknownKind { .. } => Reason::SchemaIncompatible,
            LoadError::Pickle { .. } | LoadError::NotAModel | LoadError::Invalid { .. } => {
                Reason::ModelLoadFailed
            }
        },
        LoadFailure::Signature { .. } => Reason::ModelLoadFailed,
    }
}
