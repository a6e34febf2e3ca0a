//! One fit from rows to a version in the store: load, fit, score, compare, persist.

mod before;
mod compute;
mod keep;
mod outcome;
mod patience;
mod report;
mod validate;

use std::{sync::Arc, time::Duration};

use auriga_learn::{Fitted, GoldenRequests};
use auriga_persist::{Draft, Facts, IdempotencyKey, Importance, Origin, Persister, VersionManifest, Written};
use auriga_serve::Loaded;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    activation,
    console::Console,
    dataset::{self, Rows},
    failure::Failure,
    manifest::Manifest,
    translate,
};
use before::Before;
use keep::{forget_old, write};

pub(crate) use compute::scores_on;
pub(crate) use outcome::left;
pub(crate) use patience::patiently;
pub(crate) use report::Report;

/// What to do with the fitted model.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// Write only if the score that counts is greater; takes the place of `training.saveIfBetterThan`.
    pub(crate) save_if_better_than: Option<f64>,
    /// UID of the TrainingJob that wants the fit. A version that it has made is answered instead of another one.
    pub(crate) training_job: Option<String>,
    /// How long to wait in all for a store that cannot be used when the fit is done.
    pub(crate) patience: Duration,
}

impl Default for Wishes {
    /// Those of a user who waits.
    fn default() -> Wishes {
        Wishes {
            save_if_better_than: None,
            training_job: None,
            patience: Duration::from_secs(31),
        }
    }
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
        report: Report,
        /// Why nothing was written.
        message: String,
    },
}

/// A fitted model with its scores, not written anywhere.
pub(crate) struct Learned {
    fitted: Fitted,
    rows: Arc<Rows>,
    /// The scores.
    pub(crate) report: Report,
    /// Why it is not to be written, if the score was not greater than the bar.
    pub(crate) not_better: Option<String>,
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
    let mut before = Before::new(store.list(key).await?);
    let origin = wishes.training_job.clone().map(|training_job_uid| Origin {
        training_job_uid,
        trial: None,
    });
    if origin.is_some() {
        let is_its = |version: &VersionManifest| version.facts.origin == origin;
        if let Some(loaded) = before.found(store, key, is_its, console).await? {
            return Ok(Outcome::Existing(Box::new(loaded)));
        }
    }
    let rows = dataset::rows(manifest, console).await?;
    let is_same = |version: &VersionManifest| {
        version.facts.spec_hash == manifest.fit_hash && version.facts.data_hash == rows.digest
    };
    if let Some(loaded) = before.found(store, key, is_same, console).await? {
        let report = Report::of(&loaded.manifest().facts);
        return Ok(match report.not_better(manifest, wishes)? {
            Some(message) => Outcome::NotBetter { report, message },
            None => Outcome::Existing(Box::new(loaded)),
        });
    }
    let (data_hash, damaged) = (rows.digest, before.newest_damaged);
    let Learned {
        fitted,
        rows,
        report,
        not_better,
    } = learn(manifest, rows, wishes, console).await?;
    if let Some(message) = not_better {
        return Ok(Outcome::NotBetter { report, message });
    }
    let training = &manifest.checked.training.golden_requests;
    let sample = rows.test.as_ref().unwrap_or(&rows.train);
    let n_golden = usize::try_from(training.rows).unwrap_or(0);
    let golden = GoldenRequests::record(&fitted, &sample.features, n_golden, training.tolerance)?;
    let past = damaged.map_or_else(String::new, |past| format!(":past-{past}"));
    let facts = Facts {
        estimator: fitted.estimator_name().to_owned(),
        signature: fitted.signature().clone(),
        importances: importances(&fitted),
        scores: report.scores,
        scoring: report.scoring.map(|metric| metric.name().to_owned()),
        cross_validation: report.cross_validation,
        data_hash,
        spec_hash: manifest.fit_hash.clone(),
        spec: Some(manifest.fit_spec()),
        golden,
        origin,
        trained,
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let blob = fitted.to_bytes().into();
    // A store may take its time, and the model is in memory twice until then; the rows are of no more use either.
    drop((fitted, rows));
    // Two pods of one TrainingJob make one version, whatever they read; so do two processes on a laptop that fit the same
    // rows to the same spec.
    let wanted_by = match &wishes.training_job {
        Some(uid) => format!("job:{uid}"),
        None => format!("fit:{}:{data_hash}", manifest.fit_hash),
    };
    let draft = Draft {
        idempotency_key: IdempotencyKey(wanted_by + &past),
        blob,
        facts,
        time: Timestamp::now(),
    };
    Ok(match write(store, key, draft, wishes.patience, console).await? {
        Written::New(version) => {
            forget_old(manifest, store, console).await;
            Outcome::New(Box::new(version))
        }
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

/// Fits `rows` to what `manifest` describes, after the cross-validation that it may ask for, and scores the result.
///
/// Dropping the future stops the fit.
pub(crate) async fn learn(
    manifest: &Manifest,
    rows: Rows,
    wishes: &Wishes,
    console: &Console,
) -> Result<Learned, Failure> {
    compute::check_scoring(manifest, &rows)?;
    let rows = Arc::new(rows);
    let cross_validation = validate::validate(manifest, &rows, wishes, console).await?;
    if cross_validation.is_some() {
        let task = translate::steps(&manifest.checked).estimator.task();
        console.measured(Report::of_folds(manifest, task, cross_validation.clone()).values());
    }
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
    let (fitted, scores) = compute::compute(manifest, &rows, wishes, console).await?;
    let report = Report {
        scores,
        ..Report::of_folds(manifest, fitted.signature().task, cross_validation)
    };
    console.measured(report.values());
    let not_better = report.not_better(manifest, wishes)?;
    Ok(Learned {
        fitted,
        rows,
        report,
        not_better,
    })
}

/// A version as programs read it.
pub(crate) fn version_json(version: &VersionManifest) -> Value {
    json!({
        "version": version.number,
        "digest": version.digest,
        "scores": version.facts.scores,
        "crossValidation": version.facts.cross_validation,
        "specHash": version.facts.spec_hash,
        "dataHash": version.facts.data_hash,
        "created": version.created,
    })
}
