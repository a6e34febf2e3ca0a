//! One fit from rows to a version in the store: load, fit, score, compare, persist.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use auriga_crds::ModelKey;
use auriga_learn::{Control, FitError, Fitted, GoldenRequests, Metric, Task};
use auriga_persist::{
    Draft, Facts, Fault, IdempotencyKey, Importance, PersistError, Persister, Scores, VersionManifest,
    Written,
};
use auriga_serve::Loaded;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    activation,
    console::{Console, Unit},
    dataset::{self, Part, Rows},
    failure::Failure,
    manifest::Manifest,
    numbering, translate,
};

/// Pauses before a write is tried again double up to this; half a minute in all.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// What to do with the fitted model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// Write only if the score that counts is greater; takes the place of `training.saveIfBetterThan`.
    pub(crate) save_if_better_than: Option<f64>,
}

/// How a fit ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A new version, inactive.
    New(Box<VersionManifest>),
    /// A version with this very spec and data was there already, and was found good.
    Existing(Box<Loaded>),
    /// The score was not greater than the bar.
    NotBetter {
        /// The scores.
        scores: Scores,
        /// Why nothing was written.
        message: String,
    },
}

/// A fitted model with its scores, not written anywhere.
pub(crate) struct Learned {
    fitted: Fitted,
    rows: Rows,
    /// The scores.
    pub(crate) scores: Scores,
    /// Why it is not to be written, if the score was not greater than the bar.
    pub(crate) not_better: Option<String>,
}

/// Sets the flag when dropped, so that a fit on another thread ends with the future that waits for it.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Fits what `manifest` describes and keeps it as a version of `store`, inactive.
///
/// A version with this spec and these rows is answered instead, if it can be loaded; past a damaged one, the same rows
/// are fitted again. Dropping the future stops the fit; nothing is half written then.
pub(crate) async fn fit(
    manifest: &Manifest,
    store: &dyn Persister,
    wishes: &Wishes,
    console: &Console,
) -> Result<Outcome, Failure> {
    let key = &manifest.checked.key;
    let trained = Timestamp::now();
    let rows = dataset::rows(manifest, console).await?;
    let is_same = |version: &VersionManifest| {
        version.facts.spec_hash == manifest.fit_hash && version.facts.data_hash == rows.digest
    };
    let listing = store.list(key).await?;
    // What a damaged version was fitted to is not known. It may have the key of these rows: a new one gets past it.
    let mut damaged = listing.newest_damaged();
    for same in listing.versions.into_iter().filter(is_same).rev() {
        match activation::load(store, key, same.number).await {
            Ok(loaded) => {
                let Facts {
                    signature, scores, ..
                } = &loaded.manifest().facts;
                return Ok(match not_better(manifest, wishes, signature.task, scores) {
                    Some(message) => Outcome::NotBetter {
                        scores: scores.clone(),
                        message,
                    },
                    None => Outcome::Existing(Box::new(loaded)),
                });
            }
            Err(failure) if activation::is_damage(&failure) => {
                console.warn(&Failure::trouble(format!("{failure}; fitting again")));
                damaged = damaged.max(Some(same.number));
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    let data_hash = rows.digest;
    let Learned {
        fitted,
        rows,
        scores,
        not_better,
    } = learn(manifest, rows, wishes, console).await?;
    if let Some(message) = not_better {
        return Ok(Outcome::NotBetter { scores, message });
    }
    let training = &manifest.checked.training.golden_requests;
    let sample = rows.test.as_ref().unwrap_or(&rows.train);
    let n_golden = usize::try_from(training.rows).unwrap_or(0);
    let golden = GoldenRequests::record(&fitted, &sample.features, n_golden, training.tolerance)?;
    let past = damaged.map_or_else(String::new, |past| format!(":past-{past}"));
    let draft = Draft {
        // Two processes that fit the same rows to the same spec make one version.
        idempotency_key: IdempotencyKey(format!("fit:{}:{data_hash}{past}", manifest.fit_hash)),
        blob: fitted.to_bytes(),
        facts: Facts {
            estimator: fitted.estimator_name().to_owned(),
            signature: fitted.signature().clone(),
            scores,
            importances: importances(&fitted),
            data_hash,
            spec_hash: manifest.fit_hash.clone(),
            golden,
            origin: None,
            trained,
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        time: Timestamp::now(),
    };
    Ok(match write(store, key, draft, console).await? {
        Written::New(version) => Outcome::New(Box::new(version)),
        Written::Existing(version) => {
            Outcome::Existing(Box::new(activation::load(store, key, version.number).await?))
        }
    })
}

/// The columns that matter most; a one-hot encoder may have made thousands, and a version's manifest stays small.
fn importances(fitted: &Fitted) -> Vec<Importance> {
    const MOST: usize = 100;
    let named = fitted.feature_importances().unwrap_or_default().into_iter();
    let mut importances: Vec<Importance> = named
        .map(|(column, share)| Importance { column, share })
        .collect();
    // A stable sort: equally important columns keep their order.
    importances.sort_by(|left, right| right.share.total_cmp(&left.share));
    importances.truncate(MOST);
    importances
}

/// Writes; a store that does not answer for a while must not cost the fit.
async fn write(
    store: &dyn Persister,
    key: &ModelKey,
    draft: Draft,
    console: &Console,
) -> Result<Written, PersistError> {
    let mut pause = Duration::from_secs(1);
    loop {
        // The key in the draft makes a repeated write harmless, also where only the answer was lost.
        match store.write(key, draft.clone()).await {
            Err(PersistError::Store {
                fault: Fault::Unavailable(reason),
                ..
            }) if pause <= LONGEST_PAUSE => {
                console.tell(
                    "waiting",
                    format_args!(
                        "{} s for the store, which cannot be reached ({reason})",
                        pause.as_secs()
                    ),
                    json!({ "seconds": pause.as_secs() }),
                );
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            ended => return ended,
        }
    }
}

/// Fits `rows` to what `manifest` describes, and scores the result.
///
/// Dropping the future stops the fit.
pub(crate) async fn learn(
    manifest: &Manifest,
    rows: Rows,
    wishes: &Wishes,
    console: &Console,
) -> Result<Learned, Failure> {
    let n_rows = rows.train.features.n_rows();
    let n_features = rows.train.features.names().len();
    console.tell(
        "fitting",
        format_args!(
            "{} on {n_rows} rows with {n_features} features",
            manifest.checked.key.model
        ),
        json!({ "rows": n_rows, "features": n_features }),
    );
    let (fitted, rows) = compute(manifest, rows, console).await?;
    let scores = scores(&fitted, &rows)?;
    let not_better = not_better(manifest, wishes, fitted.signature().task, &scores);
    Ok(Learned {
        fitted,
        rows,
        scores,
        not_better,
    })
}

/// Computes on a thread of its own, with a bar. Gives the rows back.
async fn compute(manifest: &Manifest, rows: Rows, console: &Console) -> Result<(Fitted, Rows), Failure> {
    let steps = translate::steps(&manifest.checked);
    let target = manifest.checked.dataset.target.clone();
    let bar = console.bar("fitting", Unit::Steps);
    let cancelled = CancelOnDrop(Arc::new(AtomicBool::new(false)));
    let (progress, flag) = (bar.clone(), cancelled.0.clone());
    let computing = tokio::task::spawn_blocking(move || {
        let report = |seen: auriga_learn::Progress| {
            progress.set_length(seen.total);
            progress.set_position(seen.done);
        };
        let fitted = steps.fit(
            &rows.train.features,
            (&target, &rows.train.target),
            &Control::new(&report, &flag),
        );
        (fitted, rows)
    });
    let ended = computing.await;
    bar.finish_and_clear();
    let (fitted, rows) = ended.map_err(|error| Failure::trouble(format!("the fit broke off: {error}")))?;
    let fitted = fitted.map_err(|error| match error {
        FitError::Cancelled => Failure::from(error),
        error => Failure::mistake(format!(
            "cannot fit {}: {}",
            manifest.checked.key.model,
            numbering::of_fit(error)
        )),
    })?;
    if let Some(convergence) = fitted.convergence().filter(|convergence| !convergence.converged) {
        console.tell(
            "note",
            format_args!(
                "the solver stopped after {} iterations, before it reached tol; raise maxIter, or scale the features with a \
                 standardScaler",
                convergence.n_iter
            ),
            json!({ "iterations": convergence.n_iter, "converged": false }),
        );
    }
    Ok((fitted, rows))
}

/// Every metric that suits the estimator, on the rows it learned from and on those kept apart.
fn scores(fitted: &Fitted, rows: &Rows) -> Result<Scores, Failure> {
    let mut scores = Scores::new();
    for (split, part) in [("train", Some(&rows.train)), ("test", rows.test.as_ref())] {
        if let Some(Part { features, target }) = part {
            let mut found = BTreeMap::new();
            for metric in Metric::of(fitted.signature().task) {
                match metric.score(fitted, features, target) {
                    Ok(score) => drop(found.insert(metric.name().to_owned(), score)),
                    // Some tables have no value for some metric, such as r2 of one row; the others still count.
                    Err(
                        auriga_learn::ScoreError::TooFewRows { .. }
                        | auriga_learn::ScoreError::UnseenClass { .. },
                    ) => {}
                    Err(error) => {
                        let fault = numbering::of_score(error);
                        return Err(Failure::mistake(format!(
                            "cannot score on spec.dataset.{split}: {fault}"
                        )));
                    }
                }
            }
            scores.insert(split.to_owned(), found);
        }
    }
    Ok(scores)
}

/// Why the model is not to be kept; `None` if it is.
fn not_better(manifest: &Manifest, wishes: &Wishes, task: Task, scores: &Scores) -> Option<String> {
    let training = &manifest.checked.training;
    let bar = wishes.save_if_better_than.or(training.save_if_better_than)?;
    let metric = training
        .scoring
        .map_or(Metric::of(task)[0], translate::metric)
        .name();
    let (split, score) = ["test", "train"]
        .iter()
        .find_map(|split| Some((split, scores.get(*split)?.get(metric).copied())))?;
    match score {
        Some(score) if score > bar => None,
        Some(score) => Some(format!(
            "{metric} on {split} is {score}, not greater than {bar}: nothing was written"
        )),
        None => Some(format!(
            "{metric} on {split} cannot be computed, so nothing was written"
        )),
    }
}

/// Scores in a line, those on kept-apart rows first.
pub(crate) fn shown(scores: &Scores) -> String {
    let part = |split: &str| {
        let found = scores.get(split).into_iter().flatten();
        found
            .map(|(metric, score)| format!("{metric} {score:.4} on {split}"))
            .collect::<Vec<_>>()
    };
    [part("test"), part("train")].concat().join(", ")
}

/// A version as programs read it.
pub(crate) fn version_json(version: &VersionManifest) -> Value {
    json!({
        "version": version.number,
        "digest": version.digest,
        "scores": version.facts.scores,
        "specHash": version.facts.spec_hash,
        "dataHash": version.facts.data_hash,
        "created": version.created,
    })
}
