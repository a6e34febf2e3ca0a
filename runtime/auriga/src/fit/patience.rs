//! Waits for a store that cannot be used for now, and tells so.

use std::time::Duration;

use auriga_persist::{Fault, PersistError};
use serde_json::json;

use crate::{console::Console, failure};

/// Pauses before a step is tried again double up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Takes a step until it is done, or fails for a reason that no waiting mends, or `patience` is used up. Meanwhile it is
/// told that `what` waits, and for what.
///
/// Errors: that of the last try.
pub(crate) async fn patiently<T>(
    patience: Duration,
    what: &str,
    console: &Console,
    mut step: impl AsyncFnMut() -> Result<T, PersistError>,
) -> Result<T, PersistError> {
    let (mut pause, mut waited) = (Duration::from_secs(1), Duration::ZERO);
    loop {
        let error = match step().await {
            Err(error) if waited + pause <= patience && may_pass(&error) => error,
            ended => {
                if let Some(progress) = console.progress() {
                    progress.go_on();
                }
                return ended;
            }
        };
        if let Some(progress) = console.progress() {
            progress.wait_for(failure::reason_of_store(&error), format!("{what}: {error}"));
        }
        console.tell(
            "waiting",
            format_args!("{} s, because the {error}", pause.as_secs()),
            json!({ "seconds": pause.as_secs() }),
        );
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether somebody else may mend it while this process waits: whoever looks after the store, or after its Secret.
fn may_pass(error: &PersistError) -> bool {
    matches!(
        error,
        PersistError::Store {
            fault: Fault::Unavailable(_) | Fault::Refused(_) | Fault::CredentialsMissing(_),
            ..
        }
    )
}
