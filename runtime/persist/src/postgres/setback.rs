//! How a step can fail on the way, and whether to take it again.

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use super::failure::{is_conflict, is_lost, sql_fault};
use crate::{Fault, PersistError, failure::Failure};

/// How often a transaction begins again that the server undid for the sake of another one.
const CONFLICTS: u32 = 30;

/// How often a step begins again whose connection broke before its commit: the pool may hold several dead ones.
const LOSSES: u32 = 6;

/// How long to ask whether a commit was made, while the server does not answer.
const UNKNOWN: Duration = Duration::from_secs(20);

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Setback {
    /// The driver or the server says so; nothing was committed.
    Sql(sqlx::Error),
    /// The connection broke during the commit, which may have been made or not.
    Unknown,
    /// To take it again is no use.
    Failed(Failure),
}

impl From<sqlx::Error> for Setback {
    fn from(error: sqlx::Error) -> Setback {
        Setback::Sql(error)
    }
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Setback {
        Setback::Failed(failure)
    }
}

impl From<PersistError> for Setback {
    fn from(error: PersistError) -> Setback {
        Setback::Failed(error.into())
    }
}

impl Setback {
    /// Whether it is the version that is not there.
    pub(super) fn is_absence(&self) -> bool {
        let Setback::Failed(Failure::Refused(error)) = self else {
            return false;
        };
        matches!(**error, PersistError::VersionAbsent { .. })
    }
}

/// What is left of the patience with one operation.
#[derive(Default)]
pub(super) struct Patience {
    n_conflicts: u32,
    n_losses: u32,
    /// Set once a commit had an unknown outcome: until when to look for it.
    unknown_until: Option<Instant>,
}

impl Patience {
    /// Whether a commit of this operation may have been made already.
    pub(super) fn is_unknown(&self) -> bool {
        self.unknown_until.is_some()
    }

    /// Waits before the operation is begun again.
    ///
    /// Errors: it is not worth it; the failure to report.
    pub(super) async fn after(&mut self, setback: Setback) -> Result<(), Failure> {
        let error = match setback {
            Setback::Failed(
                Failure::Caused(Fault::Unavailable(_), _) | Failure::Fault(Fault::Unavailable(_)),
            ) if self.may_look_again() => {
                pause(200).await;
                return Ok(());
            }
            Setback::Failed(failure) => return Err(failure),
            Setback::Unknown => {
                self.unknown_until.get_or_insert_with(|| Instant::now() + UNKNOWN);
                if self.may_look_again() {
                    pause(20).await;
                    return Ok(());
                }
                return Err(Failure::Fault(Fault::Unavailable(
                    "the connection broke during a commit, and the server has not told since whether it was made"
                        .to_owned(),
                )));
            }
            Setback::Sql(error) => error,
        };
        if is_conflict(&error) && self.n_conflicts < CONFLICTS {
            self.n_conflicts += 1;
            pause(5 << self.n_conflicts.min(5)).await;
            return Ok(());
        }
        if is_lost(&error) && (self.n_losses < LOSSES || self.may_look_again()) {
            self.n_losses += 1;
            pause(20).await;
            return Ok(());
        }
        Err(Failure::Caused(sql_fault(&error), Box::new(error)))
    }

    fn may_look_again(&self) -> bool {
        self.unknown_until.is_some_and(|until| Instant::now() < until)
    }
}

/// Waits up to so many milliseconds, by chance, so that those who met do not meet again.
async fn pause(longest_ms: u64) {
    let pause = rand::rng().random_range(1..=longest_ms);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}
