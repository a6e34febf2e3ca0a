//! The pod that a command runs in: who it works for, and where it leaves what came of it.

#[cfg(test)]
mod tests;

use std::{
    env, fs,
    panic::{self, PanicHookInfo},
    path::PathBuf,
};

use auriga_crds::contract::{
    Outcome,
    pod::{OWNER_UID_VARIABLE, POD_UID_VARIABLE, TERMINATION_LOG_VARIABLE},
};
use auriga_serve::Process;

use crate::failure::Failure;

/// What the environment says of the pod; on a laptop there is none.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    /// Where the outcome is written.
    termination_log: PathBuf,
    /// UID of the object that this pod works for.
    pub(crate) owner_uid: Option<String>,
    pod_uid: Option<String>,
}

impl Pod {
    /// The pod that this process runs in: there is one if the environment names a file for the outcome.
    pub(crate) fn from_environment() -> Option<Pod> {
        let named = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Some(Pod {
            termination_log: named(TERMINATION_LOG_VARIABLE)?.into(),
            owner_uid: named(OWNER_UID_VARIABLE),
            pod_uid: named(POD_UID_VARIABLE),
        })
    }

    /// Leaves what came of the work, in the place of what was left before.
    ///
    /// Errors: it cannot be written, so that nobody would learn of it.
    pub(crate) fn leave(&self, outcome: &Outcome) -> Result<(), Failure> {
        let file = &self.termination_log;
        fs::write(file, outcome.to_text() + "\n").map_err(|error| {
            Failure::trouble(format!(
                "cannot write the outcome to {}, which {TERMINATION_LOG_VARIABLE} names: {error}",
                file.display()
            ))
        })
    }

    /// Leaves why there is nothing else to leave. The failure is told anyhow, also where nothing can be written.
    pub(crate) fn leave_failure(&self, failure: &Failure) {
        let _ = self.leave(&Outcome {
            reason: Some(failure.reason.word().to_owned()),
            message: Some(failure.to_string()),
            ..Outcome::default()
        });
    }

    /// Lets a panic, too, leave why the process ended.
    pub(crate) fn leave_panics(&self) {
        let (pod, tell) = (self.clone(), panic::take_hook());
        panic::set_hook(Box::new(move |panicked| {
            pod.leave_failure(&Failure::trouble(words(panicked)));
            tell(panicked);
        }));
    }
}

/// This process as `/alive` tells of it, in a pod or not.
pub(crate) fn process(pod: Option<&Pod>) -> Process {
    let owner_uid = pod.and_then(|pod| pod.owner_uid.clone());
    Process::new(owner_uid, pod.and_then(|pod| pod.pod_uid.clone()))
}

fn words(panicked: &PanicHookInfo<'_>) -> String {
    let why = panicked
        .payload_as_str()
        .unwrap_or("for a reason it does not tell");
    match panicked.location() {
        Some(place) => format!("auriga panicked at {place}: {why}; this is a bug"),
        None => format!("auriga panicked: {why}; this is a bug"),
    }
}
