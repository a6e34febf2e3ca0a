//! What a pod's answer says: it may be anything.

use auriga_crds::{
    MetricValue, VersionSummary,
    contract::{Alive, AliveModelMetadata, TrainerStatus},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::seen::Answer;

/// How many metrics of a running fit are kept: with all of them a status would grow too large.
const METRICS: usize = 32;
/// How many versions of a list are kept, and how many metrics of each: as many as a status shows.
const VERSIONS: usize = 10;
const LISTED_METRICS: usize = 8;
/// The longest name or value of a metric.
const LONGEST: usize = 64;

/// What a pod's answer says, if it is that of the pod with this `uid`; else what is wrong with it, as the end of a
/// sentence that names the pod.
pub(super) fn answer(status: u16, body: &[u8], uid: &str, address: &str) -> Result<Answer, String> {
    if !matches!(status, 200 | 503) {
        return Err(format!(
            "answered with status {status} at /alive; 200 or 503 is expected"
        ));
    }
    let alive = read(body)?;
    match &alive.pod_uid {
        Some(told) if told == uid => {}
        Some(_) => {
            return Err(format!(
                "is not the one that answers at {address}: another pod does"
            ));
        }
        None => {
            return Err(format!(
                "does not say at {address} that it is the one that was asked"
            ));
        }
    }
    let alive = Box::new(alive);
    Ok(if status == 200 {
        Answer::Well(alive)
    } else {
        Answer::Unwell(alive)
    })
}

/// Reads the body of `/alive`. Progress that makes no sense is dropped, the rest is kept; an error says what is wrong with
/// all of it, as the end of a sentence.
pub fn read(body: &[u8]) -> Result<Alive, String> {
    let unreadable = |error: serde_json::Error| {
        let mut what = error.to_string();
        // Names of fields may come from the body.
        if let Some((end, _)) = what.char_indices().nth(200) {
            what.truncate(end);
        }
        format!("answered what is not the JSON of /alive: {what}")
    };
    let mut value: Value = serde_json::from_slice(body).map_err(unreadable)?;
    let told = value
        .as_object_mut()
        .and_then(|fields| fields.remove("trainerStatus"));
    let mut alive: Alive = serde_json::from_value(value).map_err(unreadable)?;
    alive.trainer_status = told.as_ref().and_then(trainer_status);
    Ok(alive)
}

/// The newest versions in the body of `/list`, newest first; nothing if it is no such body.
pub(super) fn listed(body: &[u8]) -> Option<Vec<VersionSummary>> {
    let list: Value = serde_json::from_slice(body).ok()?;
    let mut versions: Vec<VersionSummary> = (list.get("models")?.as_array()?.iter())
        .filter_map(|one| serde_json::from_value(one.clone()).ok())
        .filter_map(|facts: AliveModelMetadata| summary(&facts))
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.version));
    versions.truncate(VERSIONS);
    Some(versions)
}

fn summary(facts: &AliveModelMetadata) -> Option<VersionSummary> {
    let scores = facts.scores.iter().filter(|(_, value)| value.is_finite());
    Some(VersionSummary {
        version: i64::try_from(facts.version.get()).ok()?,
        digest: facts.digest.to_string(),
        created_time: facts.train_timestamp.clone(),
        metrics: scores
            .take(LISTED_METRICS)
            .map(|(name, value)| MetricValue {
                name: name.chars().take(LONGEST).collect(),
                value: value.to_string(),
            })
            .collect(),
    })
}

fn trainer_status(told: &Value) -> Option<TrainerStatus> {
    let last_updated_time = told.get("lastUpdatedTime")?.as_str()?;
    last_updated_time.parse::<Timestamp>().ok()?;
    let count = |field: &str, most: i32| {
        let number = i32::try_from(told.get(field)?.as_i64()?).ok()?;
        (0..=most).contains(&number).then_some(number)
    };
    let metrics = told.get("metrics").and_then(Value::as_array);
    Some(TrainerStatus {
        progress_percentage: count("progressPercentage", 100),
        estimated_remaining_seconds: count("estimatedRemainingSeconds", i32::MAX),
        metrics: (metrics.into_iter().flatten())
            .filter_map(metric)
            .take(METRICS)
            .collect(),
        last_updated_time: last_updated_time.to_owned(),
    })
}

fn metric(told: &Value) -> Option<MetricValue> {
    let text = |field: &str| {
        let text = told.get(field)?.as_str()?;
        (1..=LONGEST)
            .contains(&text.chars().count())
            .then(|| text.to_owned())
    };
    let (name, value) = (text("name")?, text("value")?);
    value
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .map(|_| MetricValue { name, value })
}
