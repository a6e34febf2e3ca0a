//! What is known of how good a fitted model is, as people and programs read it.

use std::collections::{BTreeMap, BTreeSet};

use auriga_crds::MetricValue;
use auriga_learn::{Metric, Task};
use auriga_persist::{CrossValidation, Facts, Scores};
use serde_json::{Value, json};

use super::Wishes;
use crate::{failure::Failure, manifest::Manifest, translate};

/// Scores of a fitted model: on the rows it learned from, on rows kept apart, and of fits on parts of the rows.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(super) task: Task,
    /// The metric that the manifest names.
    pub(super) scoring: Option<Metric>,
    /// By split, then by metric.
    pub(crate) scores: Scores,
    pub(super) cross_validation: Option<CrossValidation>,
}

/// Where a score was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// On the rows kept apart.
    Test,
    /// On parts of the rows, by models that have not seen them.
    Folds,
    /// On the rows that the model learned from.
    Train,
}

impl Place {
    /// What stands behind the metric in the name of a value.
    fn suffix(self) -> &'static str {
        match self {
            Place::Test => "test",
            Place::Folds => "cross_validation",
            Place::Train => "train",
        }
    }
}

/// The metrics for people: the one that counts, the default one and the loss.
pub(super) fn for_people(task: Task, scoring: Option<Metric>) -> Vec<Metric> {
    let mut metrics = vec![Metric::of(task)[0]];
    metrics.push(match task {
        Task::Classification => Metric::NegLogLoss,
        Task::Regression => Metric::NegMeanSquaredError,
    });
    if let Some(scoring) = scoring {
        metrics.retain(|metric| *metric != scoring);
        metrics.insert(0, scoring);
    }
    metrics
}

/// The metric that must have a value: the one that the manifest names, or else, with a bar, the default one.
pub(super) fn needed(task: Task, manifest: &Manifest, wishes: &Wishes) -> Option<Metric> {
    let training = &manifest.checked.training;
    let bar = wishes.save_if_better_than.or(training.save_if_better_than);
    let default = bar.map(|_| Metric::of(task)[0]);
    training.scoring.map(translate::metric).or(default)
}

impl Report {
    /// What is kept with a version.
    pub(crate) fn of(facts: &Facts) -> Report {
        Report {
            task: facts.signature.task,
            // A metric that only a newer build knows is no reason not to show the others.
            scoring: facts.scoring.as_ref().and_then(|name| name.parse().ok()),
            scores: facts.scores.clone(),
            cross_validation: facts.cross_validation.clone(),
        }
    }

    /// What is known before there is a fit on all rows.
    pub(super) fn of_folds(
        manifest: &Manifest,
        task: Task,
        cross_validation: Option<CrossValidation>,
    ) -> Report {
        Report {
            task,
            scoring: manifest.checked.training.scoring.map(translate::metric),
            scores: Scores::new(),
            cross_validation,
        }
    }

    /// What another look at the test rows finds of a version.
    pub(crate) fn of_test(facts: &Facts, on_test: BTreeMap<String, f64>) -> Report {
        Report {
            scores: Scores::from([("test".to_owned(), on_test)]),
            cross_validation: None,
            ..Report::of(facts)
        }
    }

    /// The metrics for people: the one that counts, the default one and the loss. All others are for programs.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        for_people(self.task, self.scoring)
    }

    /// The scores by the metrics for people, in a line.
    pub(crate) fn line(&self) -> String {
        let metrics = self.metrics();
        let unseen = metrics.iter().filter_map(|metric| {
            let parts: Vec<String> = [self.on("test", *metric), self.in_folds(*metric)]
                .into_iter()
                .flatten()
                .collect();
            (!parts.is_empty()).then(|| format!("{metric} {}", parts.join(", ")))
        });
        let seen = metrics
            .iter()
            .filter_map(|metric| Some(format!("{metric} {}", self.on("train", *metric)?)));
        unseen.chain(seen).collect::<Vec<_>>().join(", ")
    }

    /// Everything.
    pub(crate) fn json(&self) -> Value {
        json!({ "scores": self.scores, "crossValidation": self.cross_validation })
    }

    /// Why the model is not to be kept; `None` if it is.
    ///
    /// Errors: a bar, and no score to hold against it.
    pub(super) fn not_better(&self, manifest: &Manifest, wishes: &Wishes) -> Result<Option<String>, Failure> {
        let training = &manifest.checked.training;
        let Some(bar) = wishes.save_if_better_than.or(training.save_if_better_than) else {
            return Ok(None);
        };
        let metric = training
            .scoring
            .map_or(Metric::of(self.task)[0], translate::metric);
        let place = self.judged_in();
        let (score, place) = (self.in_place(place, metric.name()), self.in_words(place));
        match score {
            Some(score) if score > bar => Ok(None),
            Some(score) => Ok(Some(format!(
                "{metric} {place} is {score}, not greater than {bar}: nothing was written"
            ))),
            None => Err(Failure::mistake(format!(
                "{metric} {place} has no value that could be greater than {bar}: nothing was written; choose another \
                 scoring, or leave out saveIfBetterThan"
            ))),
        }
    }

    /// The score that counts; `None` where it has no value.
    pub(crate) fn score(&self) -> Option<MetricValue> {
        let metric = self.scoring.unwrap_or(Metric::of(self.task)[0]);
        self.value(self.judged_in(), metric.name())
    }

    /// All scores, most important first: the metrics for people, then the others; what was measured on rows that the
    /// model has not seen, then the rest. The one that counts is the first.
    pub(crate) fn values(&self) -> Vec<MetricValue> {
        let for_people: Vec<&str> = self.metrics().iter().map(|metric| metric.name()).collect();
        let averages = self.cross_validation.iter().map(|found| &found.mean);
        let known: BTreeSet<&str> = (self.scores.values().chain(averages))
            .flat_map(|scores| scores.keys().map(String::as_str))
            .collect();
        let others: Vec<&str> = known
            .into_iter()
            .filter(|name| !for_people.contains(name))
            .collect();
        let unseen = [Place::Test, Place::Folds];
        let mut values = Vec::new();
        for (names, places) in [
            (&for_people, &unseen[..]),
            (&for_people, &[Place::Train]),
            (&others, &unseen),
            (&others, &[Place::Train]),
        ] {
            let wanted = names
                .iter()
                .flat_map(|name| places.iter().map(move |place| (*place, *name)));
            values.extend(wanted.filter_map(|(place, name)| self.value(place, name)));
        }
        values
    }

    /// Where the score that counts was measured: on rows as unlike those of the fit as there are.
    fn judged_in(&self) -> Place {
        if self.scores.contains_key("test") {
            Place::Test
        } else if self.cross_validation.is_some() {
            Place::Folds
        } else {
            Place::Train
        }
    }

    fn in_place(&self, place: Place, metric: &str) -> Option<f64> {
        let scores = match place {
            Place::Test => self.scores.get("test")?,
            Place::Folds => &self.cross_validation.as_ref()?.mean,
            Place::Train => self.scores.get("train")?,
        };
        scores.get(metric).copied()
    }

    fn in_words(&self, place: Place) -> String {
        match (place, &self.cross_validation) {
            (Place::Folds, Some(found)) => format!("in {} folds", found.folds.len()),
            _ => format!("on {}", place.suffix()),
        }
    }

    fn value(&self, place: Place, metric: &str) -> Option<MetricValue> {
        let value = self.in_place(place, metric).filter(|score| score.is_finite())?;
        Some(MetricValue {
            name: format!("{metric}_{}", place.suffix()),
            // Unlike Display, which writes hundreds of zeros, this has few digits for any number.
            value: Value::from(value).to_string(),
        })
    }

    fn on(&self, split: &str, metric: Metric) -> Option<String> {
        let score = self.scores.get(split)?.get(metric.name())?;
        Some(format!("{score:.4} on {split}"))
    }

    fn in_folds(&self, metric: Metric) -> Option<String> {
        let found = self.cross_validation.as_ref()?;
        let (mean, std) = (found.mean.get(metric.name())?, found.std.get(metric.name())?);
        Some(format!("{mean:.4} ± {std:.4} in {} folds", found.folds.len()))
    }
}
