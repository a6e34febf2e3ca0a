//! Cross-validates before the fit on all rows, and puts what came out into the words of the store.

use std::{collections::BTreeMap, sync::Arc};

use auriga_learn::{self as learn, Metric, cross_validate};
use auriga_persist::{CrossValidation, FoldScores};
use serde_json::json;

use super::{Wishes, compute::on_thread, report};
use crate::{
    console::{Console, Unit},
    dataset::Rows,
    failure::Failure,
    manifest::Manifest,
    numbering,
    progress::Phase,
    translate,
};

/// Cross-validates if the manifest asks for it. Dropping the future stops it.
pub(super) async fn validate(
    manifest: &Manifest,
    rows: &Arc<Rows>,
    wishes: &Wishes,
    console: &Console,
) -> Result<Option<CrossValidation>, Failure> {
    let Some(splitter) = &manifest.checked.cross_validation else {
        return Ok(None);
    };
    let splitter = translate::splitter(splitter);
    let (model, n_splits) = (&manifest.checked.key.model, splitter.n_splits());
    console.tell(
        "splitting",
        format_args!("{model} into {n_splits} folds by {}", splitter.kind()),
        json!({ "folds": n_splits, "splitter": splitter.kind() }),
    );
    if let Some(progress) = console.progress() {
        progress.expect_folds(n_splits);
    }
    let steps = translate::steps(&manifest.checked);
    let target = manifest.checked.dataset.target.clone();
    let task = steps.estimator.task();
    let needed = report::needed(task, manifest, wishes);
    let kept = report::for_people(task, manifest.checked.training.scoring.map(translate::metric));
    let rows = rows.clone();
    let ended = on_thread(console, Phase::Validating, Unit::Percent, move |control| {
        let train = &rows.train;
        let groups = rows.groups.as_ref().map(|(name, cells)| (name.as_str(), cells));
        let target = (target.as_str(), &train.target);
        cross_validate(
            &steps,
            &train.features,
            target,
            groups,
            &splitter,
            needed,
            control,
        )
    });
    let failed = |error| Failure::of_cross_validation(model, &numbering::of_cross_validation(error));
    let found = ended.await?.map_err(failed)?;
    if let Some(rare) = &found.rare_class {
        console.tell(
            "note",
            format_args!(
                "the class {} has {} rows, fewer than the {n_splits} folds: not every fold scores it",
                rare.class, rare.n_rows
            ),
            json!({ "class": rare.class, "rows": rare.n_rows, "folds": n_splits }),
        );
    }
    Ok(Some(stored(splitter.kind(), &found, &kept)))
}

/// Every average, but of the folds, which may be many, only the metrics `kept`: a version's manifest stays small.
fn stored(splitter: &str, found: &learn::CrossValidation, kept: &[Metric]) -> CrossValidation {
    let of_fold = |scores: &BTreeMap<Metric, f64>| {
        let mut scores = named(scores, |score| *score);
        scores.retain(|name, _| kept.iter().any(|metric| metric.name() == name));
        scores
    };
    let fold = |fold: &learn::Fold| FoldScores {
        n_train: fold.n_train as u64,
        n_test: fold.n_test as u64,
        train: of_fold(&fold.train),
        test: of_fold(&fold.test),
    };
    CrossValidation {
        splitter: splitter.to_owned(),
        folds: found.folds.iter().map(fold).collect(),
        mean: named(&found.averages, |average| average.mean),
        std: named(&found.averages, |average| average.std),
    }
}

fn named<T>(by_metric: &BTreeMap<Metric, T>, number: impl Fn(&T) -> f64) -> BTreeMap<String, f64> {
    by_metric
        .iter()
        .map(|(metric, value)| (metric.name().to_owned(), number(value)))
        .collect()
}
