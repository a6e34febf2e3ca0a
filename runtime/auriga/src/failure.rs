//! What ends a command: the user's mistake (exit code 2) or anything else (exit code 1).

use std::{error::Error, fmt};

use auriga_data::DataError;
use auriga_learn::{FitError, PredictError, ScoreError};
use auriga_persist::{Fault, PersistError, StoreUriError};
use auriga_serve::{LoadFailure, MappingError, SettingsError};
use serde_json::{Value, json};

use crate::manifest::FileFault;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Whether the user can mend it by another command line, manifest or data: then a retry alone is no use.
    pub(crate) is_mistake: bool,
    message: String,
    faults: Vec<FileFault>,
}

impl Failure {
    /// The user's mistake.
    pub(crate) fn mistake(message: impl Into<String>) -> Failure {
        Failure {
            is_mistake: true,
            message: message.into(),
            faults: Vec::new(),
        }
    }

    /// Anything else: worth a retry.
    pub(crate) fn trouble(message: impl Into<String>) -> Failure {
        Failure {
            is_mistake: false,
            message: message.into(),
            faults: Vec::new(),
        }
    }

    /// Manifests with faults; there is at least one.
    pub(crate) fn faults(faults: Vec<FileFault>) -> Failure {
        let lines: Vec<String> = faults.iter().map(FileFault::to_string).collect();
        Failure {
            is_mistake: true,
            message: lines.join("\n"),
            faults,
        }
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

    fn of(is_mistake: bool, error: &dyn Error) -> Failure {
        Failure {
            is_mistake,
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
        Failure::of(error.is_users_mistake(), &error)
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Failure {
        Failure::of(error != FitError::Cancelled, &error)
    }
}

impl From<ScoreError> for Failure {
    fn from(error: ScoreError) -> Failure {
        Failure::of(true, &error)
    }
}

impl From<PredictError> for Failure {
    fn from(error: PredictError) -> Failure {
        Failure::of(true, &error)
    }
}

impl From<StoreUriError> for Failure {
    fn from(error: StoreUriError) -> Failure {
        Failure::of(true, &error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::of(true, &error)
    }
}

impl From<MappingError> for Failure {
    fn from(error: MappingError) -> Failure {
        Failure::of(true, &error)
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
            message: error.to_string(),
            faults: Vec::new(),
        }
    }
}

impl From<LoadFailure> for Failure {
    fn from(error: LoadFailure) -> Failure {
        match error {
            LoadFailure::Store(error) => error.into(),
            error => Failure::of(false, &error),
        }
    }
}
