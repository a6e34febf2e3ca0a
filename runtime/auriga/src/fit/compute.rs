//! Fits and scores on a thread of its own, with a bar.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use auriga_learn::{Control, Fitted, Metric, Predicted};
use auriga_persist::Scores;
use serde_json::json;

use super::{Wishes, report};
use crate::{
    console::{Console, Unit},
    dataset::{Part, Rows},
    failure::Failure,
    manifest::Manifest,
    memory, numbering,
    progress::Phase,
    translate,
};

/// Sets the flag when dropped, so that a fit on another thread ends with the future that waits for it.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Fits, and measures the result by every metric that suits it. Dropping the future stops the fit.
pub(super) async fn compute(
    manifest: &Manifest,
    rows: &Arc<Rows>,
    wishes: &Wishes,
    console: &Console,
) -> Result<(Fitted, Scores), Failure> {
    let steps = translate::steps(&manifest.checked);
    let target = manifest.checked.dataset.target.clone();
    let learned_from = rows.clone();
    let ended = on_thread(console, Phase::Fitting, Unit::Steps, move |control| {
        let train = &learned_from.train;
        steps.fit(&train.features, (&target, &train.target), control)
    });
    let model = &manifest.checked.key.model;
    let fitted = (ended.await?).map_err(|error| Failure::of_fit(model, &numbering::of_fit(error)))?;
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
    let needed = report::needed(fitted.signature().task, manifest, wishes);
    let rows = rows.clone();
    let scored = on_thread(console, Phase::Scoring, Unit::Steps, move |_| {
        let scores = scores(&fitted, &rows, needed)?;
        Ok((fitted, scores))
    });
    scored.await?
}

/// Whether the metric that the manifest names can measure the target at all: asked before anything is fitted.
pub(super) fn check_scoring(manifest: &Manifest, rows: &Rows) -> Result<(), Failure> {
    let Some(scoring) = manifest.checked.training.scoring else {
        return Ok(());
    };
    let checked = translate::metric(scoring).check_classes(&rows.train.target);
    checked.map_err(|error| Failure::mistake(format!("spec.training.scoring: {error}")))
}

/// Lets `work` run on a thread of its own, with a bar. Dropping the future tells it to stop.
pub(super) async fn on_thread<T: Send + 'static>(
    console: &Console,
    phase: Phase,
    unit: Unit,
    work: impl FnOnce(&Control<'_>) -> T + Send + 'static,
) -> Result<T, Failure> {
    let part = console.part(phase, unit);
    let cancelled = CancelOnDrop(Arc::new(AtomicBool::new(false)));
    let (progress, flag) = (part.clone(), cancelled.0.clone());
    let working = tokio::task::spawn_blocking(move || {
        let report = |seen: auriga_learn::Progress| progress.reach(seen.done, seen.total);
        let control = Control::new(&report, &flag);
        // What does not fit into the container is refused in words rather than killed without any.
        match memory::room() {
            Some(room) => work(&control.within(room)),
            None => work(&control),
        }
    });
    let ended = working.await;
    part.end();
    ended.map_err(|error| Failure::trouble(format!("the fit broke off: {error}")))
}

/// The scores on the rows that the model learned from and on those kept apart.
fn scores(fitted: &Fitted, rows: &Rows, needed: Option<Metric>) -> Result<Scores, Failure> {
    let mut scores = Scores::new();
    for (split, part) in [("train", Some(&rows.train)), ("test", rows.test.as_ref())] {
        if let Some(part) = part {
            scores.insert(split.to_owned(), scores_on(fitted, split, part, needed)?);
        }
    }
    Ok(scores)
}

/// Every metric that suits the estimator, on the rows of `spec.dataset.<split>`.
///
/// Some tables have no value for some metric, such as r2 of one row: it is left out, unless it is the one `needed`
/// or there would be none.
pub(crate) fn scores_on(
    fitted: &Fitted,
    split: &str,
    Part { features, target }: &Part,
    needed: Option<Metric>,
) -> Result<BTreeMap<String, f64>, Failure> {
    let found = Predicted::of(fitted, features, target).and_then(|predicted| {
        if let Some(metric) = needed {
            predicted.score(metric)?;
        }
        let scores = predicted.scores();
        // Nothing at all to say of a model: the default metric says why.
        if scores.is_empty() {
            predicted.score(Metric::of(fitted.signature().task)[0])?;
        }
        Ok(scores)
    });
    let found = found.map_err(|error| {
        let fault = numbering::of_score(error);
        Failure::data(format!("cannot score on spec.dataset.{split}: {fault}"))
    })?;
    let named = found
        .into_iter()
        .map(|(metric, score)| (metric.name().to_owned(), score));
    Ok(named.collect())
}
