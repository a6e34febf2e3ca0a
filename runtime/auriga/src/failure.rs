//! What ends a command: the user's mistake (exit code 2) or anything else (exit code 1), and why in one word.

mod reason;
#[cfg(test)]
mod tests;

use std::{error::Error, fmt};

use auriga_crds::Reason;
use auriga_data::DataError;
use auriga_learn::{CrossValidationError, FitError, FoldFault, PredictError, ScoreError};
use auriga_persist::{Fault, PersistError, StoreUriError};
use auriga_serve::{LoadFailure, MappingError, PredictorError, SettingsError};
use serde_json::{Value, json};

use crate::manifest::FileFault;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Whether the user can mend it by another command line, manifest or data: then a retry alone is no use.
    pub(crate) is_mistake: bool,
    /// Why, as conditions call it.
    pub(crate) reason: Reason,
    message: String,
    faults: Vec<FileFault>,
}

impl Failure {
    /// The user's mistake, in the manifest or on the command line.
    pub(crate) fn mistake(message: impl Into<String>) -> Failure {
        Failure {
            is_mistake: true,
            reason: Reason::InvalidSpec,
            message: message.into(),
            faults: Vec::new(),
        }
    }

    /// Rows that cannot be learned from: the user's, too, to be mended where they come from.
    pub(crate) fn data(message: impl Into<String>) -> Failure {
        Failure::mistake(message).because(Reason::InvalidData)
    }

    /// Anything else: worth a retry.
    pub(crate) fn trouble(message: impl Into<String>) -> Failure {
        Failure {
            is_mistake: false,
            reason: Reason::Failed,
            message: message.into(),
            faults: Vec::new(),
        }
    }

    /// Manifests with faults; there is at least one.
    pub(crate) fn faults(faults: Vec<FileFault>) -> Failure {
        let lines: Vec<String> = faults.iter().map(FileFault::to_string).collect();
        let is_about_config_maps = faults.iter().all(|fault| fault.is_absent_config_map);
        Failure {
            is_mistake: true,
            reason: if is_about_config_maps {
                Reason::ConfigMapNotFound
            } else {
                Reason::InvalidSpec
            },
            message: lines.join("\n"),
            faults,
        }
    }

    /// The same for another reason.
    pub(crate) fn because(mut self, reason: Reason) -> Failure {
        self.reason = reason;
        self
    }

    /// A fit of `model` that cannot be done; the error must count rows as people do.
    pub(crate) fn of_fit(model: impl fmt::Display, error: &FitError) -> Failure {
        if *error == FitError::Cancelled {
            return Failure::trouble(error.to_string());
        }
        let remedy = memory_remedy(error);
        Failure::mistake(format!("cannot fit {model}: {error}{remedy}")).because(reason::of_fit(error))
    }

    /// A cross-validation of `model` that cannot be done; the error must count rows as people do.
    pub(crate) fn of_cross_validation(model: impl fmt::Display, error: &CrossValidationError) -> Failure {
        if *error == CrossValidationError::Cancelled {
            return Failure::trouble(error.to_string());
        }
        let remedy = match error {
            CrossValidationError::Fold { fault, .. } => match &**fault {
                FoldFault::Fit(error) => memory_remedy(error),
                _ => "",
            },
            _ => "",
        };
        Failure::mistake(format!("cannot cross-validate {model}: {error}{remedy}"))
            .because(reason::of_cross_validation(error))
    }

    /// The same with what was done before it came.
    pub(crate) fn after(mut self, done: impl fmt::Display) -> Failure {
        self.message = format!("{done}{}", self.message);
        self
    }

    /// 2 for a mistake, 1 for trouble.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.is_mistake { 2 } else { 1 }
    }

    /// For programs that read the output.
    pub(crate) fn to_json(&self) -> Value {
        let kind = if self.is_mistake { "mistake" } else { "trouble" };
        json!({ "error": self.message, "kind": kind, "faults": self.faults })
    }

    fn of(is_mistake: bool, reason: Reason, error: &dyn Error) -> Failure {
        Failure {
            is_mistake,
            reason,
            message: with_causes(error),
            faults: Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a store could not do, as conditions call it.
pub(crate) fn reason_of_store(error: &PersistError) -> Reason {
    reason::of_store(error)
}

/// Why a version could not be loaded, as conditions call it.
pub(crate) fn reason_of(failure: &LoadFailure) -> Reason {
    reason::of_load(failure)
}

/// What helps against too little memory, besides what the error says: nothing does on a machine that has enough.
fn memory_remedy(error: &FitError) -> &'static str {
    match error {
        FitError::TooLarge { limit, .. } if *limit < auriga_learn::BYTES_MAX => {
            "; or let the container have more, in spec.training.resources.limits.memory"
        }
        _ => "",
    }
}

/// The message with those of its causes that it does not repeat already.
fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !message.contains(&words) {
            message = format!("{message}: {words}");
        }
        cause = error.source();
    }
    message
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::of(error.is_users_mistake(), reason::of_data(&error), &error)
    }
}

impl From<ScoreError> for Failure {
    fn from(error: ScoreError) -> Failure {
        Failure::of(true, Reason::InvalidData, &error)
    }
}

impl From<PredictError> for Failure {
    fn from(error: PredictError) -> Failure {
        Failure::of(true, Reason::InvalidData, &error)
    }
}

impl From<StoreUriError> for Failure {
    fn from(error: StoreUriError) -> Failure {
        Failure::of(true, Reason::InvalidSpec, &error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::of(true, Reason::InvalidSpec, &error)
    }
}

impl From<MappingError> for Failure {
    fn from(error: MappingError) -> Failure {
        Failure::of(true, Reason::InvalidSpec, &error)
    }
}

impl From<PredictorError> for Failure {
    fn from(error: PredictorError) -> Failure {
        Failure::of(true, Reason::InvalidSpec, &error)
    }
}

impl From<PersistError> for Failure {
    fn from(error: PersistError) -> Failure {
        let is_mistake = matches!(
            error,
            PersistError::VersionAbsent { .. }
                | PersistError::NothingActive { .. }
                | PersistError::VersionActive { .. }
                | PersistError::NumberUsed { .. }
                | PersistError::KeyUsed { .. }
                | PersistError::Store {
                    fault: Fault::Absent,
                    ..
                }
        );
        // Its message says all that a user can act on; the driver's words below it would say it again.
        Failure {
            is_mistake,
            reason: reason::of_store(&error),
            message: error.to_string(),
            faults: Vec::new(),
        }
    }
}

impl From<LoadFailure> for Failure {
    fn from(error: LoadFailure) -> Failure {
        match error {
            LoadFailure::Store(error) => error.into(),
            error => Failure::of(false, reason::of_load(&error), &error),
        }
    }
}
