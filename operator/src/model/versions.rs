//! The versions of a Model, as far as its fits and its pods tell of them.

use std::collections::BTreeMap;

use auriga_crds::{MetricValue, TrainingJob, VersionSummary, contract::AliveModelMetadata};

use super::{fits, story::Story};

/// How many versions a status names.
const SHOWN: usize = 10;
/// How many metrics of each.
const METRICS: usize = 8;

/// The newest versions, newest first: those that the store holds, as a pod lists them, and those that a fit or a pod told of
/// since.
pub(super) fn known(story: &Story<'_>) -> Vec<VersionSummary> {
    let mut known: BTreeMap<i64, VersionSummary> = BTreeMap::new();
    let listed = story.seen.listing.iter().flatten().cloned();
    known.extend(listed.map(|summary| (summary.version, summary)));
    // What the store lists is all there is; fits know of what came since.
    let newest_listed = known.keys().next_back().copied().unwrap_or(0);
    let of_jobs = story.seen.training_jobs.iter().filter_map(of_job);
    for summary in of_jobs {
        // A record tells more than the list, and told it first.
        if summary.version > newest_listed || known.contains_key(&summary.version) {
            known.insert(summary.version, summary);
        }
    }
    if let Some(answering) = &story.health.alive
        && let Some(model) = &answering.model
    {
        let same = known.remove(&number(&model.metadata));
        let summary = of_alive(&model.metadata, same);
        known.insert(summary.version, summary);
    }
    known.into_values().rev().take(SHOWN).collect()
}

/// The score that counts of the version that answers.
pub(super) fn score(story: &Story<'_>) -> Option<MetricValue> {
    let answering = story.answering()?;
    let digest = story.health.digest.map(|digest| digest.to_string());
    let is_it = |job: &&TrainingJob| {
        let recorded = fits::result(job).and_then(|result| result.digest.as_ref());
        fits::version(job) == Some(answering) && (digest.is_none() || recorded == digest.as_ref())
    };
    let job = story.seen.training_jobs.iter().find(is_it);
    let of_job = job.and_then(|job| fits::result(job)?.score.clone());
    of_job.or_else(|| {
        let alive = story.health.alive.as_ref()?;
        let scores = &alive.model.as_ref()?.metadata.scores;
        let scoring = story
            .model
            .spec
            .training
            .scoring
            .map(|scoring| scoring.name().to_owned());
        let names = scoring
            .into_iter()
            .chain(["accuracy".to_owned(), "r2".to_owned()]);
        let mut places = names.flat_map(|metric| ["test", "train"].map(|split| format!("{metric}_{split}")));
        places.find_map(|name| {
            let value = scores.get(&name)?;
            Some(metric(&name, *value))
        })
    })
}

fn of_job(job: &TrainingJob) -> Option<VersionSummary> {
    let result = fits::result(job)?;
    Some(VersionSummary {
        version: result.version?,
        digest: result.digest.clone()?,
        created_time: job.status.as_ref()?.completion_time.clone()?,
        metrics: result.metrics.iter().take(METRICS).cloned().collect(),
    })
}

fn number(metadata: &AliveModelMetadata) -> i64 {
    i64::try_from(metadata.version.get()).unwrap_or(i64::MAX)
}

fn of_alive(metadata: &AliveModelMetadata, known: Option<VersionSummary>) -> VersionSummary {
    // What the fit told has the metrics in the order of their weight.
    let metrics = known
        .as_ref()
        .map(|known| known.metrics.clone())
        .filter(|metrics| !metrics.is_empty());
    VersionSummary {
        version: number(metadata),
        digest: metadata.digest.to_string(),
        created_time: known.map_or_else(|| metadata.train_timestamp.clone(), |known| known.created_time),
        metrics: metrics.unwrap_or_else(|| {
            let all = metadata.scores.iter().filter(|(_, value)| value.is_finite());
            all.take(METRICS)
                .map(|(name, value)| metric(name, *value))
                .collect()
        }),
    }
}

fn metric(name: &str, value: f64) -> MetricValue {
    MetricValue {
        name: name.chars().take(64).collect(),
        value: value.to_string(),
    }
}
