//! A Model that is deleted and stays: it says why, and is freed.

use std::time::Duration;

use auriga_crds::Condition;
use auriga_e2e::{Space, condition};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    finding::attempt,
    objects::{Kind, MODEL},
    scene::seconds_until,
};

/// What frees a Model whose versions are to stay.
const SKIP: &str = "auriga.dev/skip-cleanup";
/// How long a Model may take that nothing holds any more.
pub(super) const FREED: u64 = 30;

/// Takes the finalizer away, as the documentation says.
pub(super) fn free(object: &mut Value) {
    object["metadata"]["finalizers"] = json!([]);
}

/// Waits until the Model is gone, or for so many seconds; then it has to be `so`, and is freed by the annotation. Whether the condition
/// named that; `None`: it went by itself.
pub(super) async fn patience(
    space: &Space,
    seconds: u64,
    so: impl Fn(&Value) -> Option<Condition>,
) -> Result<Option<bool>, String> {
    let start = Instant::now();
    let why = loop {
        let Some(model) = space.get(MODEL.0, MODEL.1, "iris").await else {
            return Ok(None);
        };
        // What is to be told at last is waited for; what may be told by the way counts at the end.
        let is_over = start.elapsed() > Duration::from_secs(seconds);
        match so(&model) {
            Some(why) if is_over || why.reason == "ArtifactsLeft" => break why,
            None if is_over => {
                return Err(format!(
                    "no condition says after {seconds} s why the Model is still there: {}",
                    model["status"]["conditions"]
                ));
            }
            _ => sleep(Duration::from_millis(500)).await,
        }
    };
    let skip = |object: &mut Value| object["metadata"]["annotations"][SKIP] = json!("true");
    space.edit(MODEL.0, MODEL.1, "iris", skip).await?;
    attempt(gone(space, MODEL, "iris", FREED)).await?;
    match why.message.contains(SKIP) {
        true => Ok(Some(true)),
        false => Err(format!("the condition does not name {SKIP}: {}", why.message)),
    }
}

/// The time until an object is gone.
pub(super) async fn gone(space: &Space, kind: Kind, name: &str, limit: u64) -> f64 {
    let what = format!("{} {name} is gone", kind.1);
    let (took, ()) = seconds_until(limit, &what, async || {
        space.get(kind.0, kind.1, name).await.is_none().then_some(())
    })
    .await;
    took
}

/// What a Model that is being deleted says of what is in the way; `None`: that something is under way says nothing.
pub(super) fn says_why(model: &Value) -> Option<Condition> {
    let conditions: Vec<Condition> =
        serde_json::from_value(model["status"]["conditions"].clone()).unwrap_or_default();
    let ready = condition(&conditions, "Ready")?;
    let is_of_end = ["ModelDeleted", "ArtifactsLeft"].contains(&ready.reason.as_str());
    let says_more = !["", "A Job deletes the versions."].contains(&ready.message.as_str());
    (is_of_end && says_more).then(|| ready.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_that_a_job_is_at_work_says_why() {
        let says = |reason: &str, message: &str| {
            let condition = json!({
                "type": "Ready", "status": "Unknown", "reason": reason, "message": message,
                "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
            });
            says_why(&json!({ "status": { "conditions": [condition] } })).is_some()
        };
        assert!(says(
            "ModelDeleted",
            "A Job deletes the versions, and is held up: no pod can be made"
        ));
        assert!(says("ArtifactsLeft", "The versions could not be deleted"));
        assert!(!says("ModelDeleted", "A Job deletes the versions."));
        assert!(!says("Ready", "Version 1 answers."));
    }
}
