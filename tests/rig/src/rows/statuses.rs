//! Looks at the statuses of a namespace all the time: no time in them may be later than now, and none may run backwards.

use std::{collections::BTreeSet, time::Duration};

use auriga_e2e::Space;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::objects::{MODEL, TRAINING_JOB};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How far times may be apart that are told by clocks which are right.
const APART: SignedDuration = SignedDuration::from_secs(60);

/// Someone who looks.
pub(super) struct Statuses {
    end: oneshot::Sender<()>,
    looks: JoinHandle<BTreeSet<String>>,
}

impl Statuses {
    /// Begins to look at those of `space`.
    pub(super) fn watch(space: &Space) -> Statuses {
        let (end, ended) = oneshot::channel();
        let (name, cluster) = (space.name.clone(), space.cluster);
        let looks = tokio::spawn(async move {
            let since = Timestamp::now();
            let mut faults = BTreeSet::new();
            let mut ticks = interval(PAUSE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let look = async {
                loop {
                    ticks.tick().await;
                    for kind in [MODEL, TRAINING_JOB] {
                        for object in cluster.list(&name, kind.0, kind.1).await {
                            let what = format!("{} {}", kind.1, object["metadata"]["name"]);
                            let found = faults_of(&object["status"], since, Timestamp::now());
                            faults.extend(found.into_iter().map(|words| format!("{what}: {words}")));
                        }
                    }
                }
            };
            tokio::select! {
                () = look => {}
                _ = ended => {}
            }
            faults
        });
        Statuses { end, looks }
    }

    /// Ends it; what was wrong at any time.
    pub(super) async fn end(self) -> Vec<String> {
        // It ends by itself only with a panic, which the next line tells.
        let _ = self.end.send(());
        match self.looks.await {
            Ok(faults) => faults.into_iter().collect(),
            Err(error) => vec![error.to_string()],
        }
    }
}

/// What is wrong with a status of an object that was made at `made` or later, as of `now`.
fn faults_of(status: &Value, made: Timestamp, now: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    walk(status, "status", &mut |place, value| match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number < 0.0) => {
            faults.push(format!("{place} is {number}"));
        }
        Value::String(text) => {
            let at: Option<Timestamp> = text.parse().ok();
            if at.is_some_and(|at| at > now + APART) {
                faults.push(format!("{place} is {text}, which is yet to come"));
            } else if at.is_some_and(|at| at < made - APART) {
                faults.push(format!("{place} is {text}, before it was made"));
            }
        }
        _ => {}
    });
    let time = |name: &str| -> Option<Timestamp> { status[name].as_str()?.parse().ok() };
    if let (Some(start), Some(end)) = (time("startTime"), time("completionTime"))
        && end < start
    {
        faults.push(format!("it began at {start} and ended at {end}"));
    }
    faults
}

fn walk(value: &Value, place: &str, tell: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            // The generation of one that nobody has looked at is -1, so that no tool takes it for done. And when a version was made
            // is what the store says, by the clock of the pod that made it, until its fit is known to be over.
            let kept = |name: &str| !["observedGeneration", "createdTime"].contains(&name);
            let told = fields.iter().filter(|(name, _)| kept(name));
            for (name, field) in told {
                walk(field, &format!("{place}.{name}"), tell);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, place, tell)),
        other => tell(place, other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_negative_yet_to_come_or_backwards_is_told() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let (made, now) = (at("2026-01-01T10:00:00Z"), at("2026-01-01T10:10:00Z"));
        let check = |status: Value, count: usize| {
            let faults = faults_of(&status, made, now);
            assert_eq!(faults.len(), count, "{faults:?}");
        };
        let good =
            json!({ "startTime": "2026-01-01T10:00:00Z", "completionTime": "2026-01-01T10:00:00Z", "n": 0 });
        check(good, 0);
        check(json!({ "observedGeneration": -1 }), 0);
        check(
            json!({ "trainerStatus": { "estimatedRemainingSeconds": -3600 } }),
            1,
        );
        check(
            json!({ "versions": [{ "createdTime": "2026-01-01T11:00:00Z" }] }),
            0,
        );
        check(
            json!({ "conditions": [{ "lastTransitionTime": "2026-01-01T11:00:00Z" }] }),
            1,
        );
        check(json!({ "lastRefitTime": "2026-01-01T09:00:00Z" }), 1);
        let backwards =
            json!({ "startTime": "2026-01-01T10:05:00Z", "completionTime": "2026-01-01T10:04:00Z" });
        check(backwards, 1);
    }
}
