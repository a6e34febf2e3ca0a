//! Cross-validation: scikit-learn's scores fold by fold, and faults that name their fold.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use auriga_learn::{
    Column, Control, CrossValidation, CrossValidationError, Estimator, HandleUnknown, ImputeStrategy, KFold,
    LogisticRegression, Metric, OneHotEncoder, PARTS_PER_FOLD, Ridge, ShuffleSplit, SimpleImputer, Splitter,
    StandardScaler, Steps, StratifiedKFold, Table, TimeSeriesSplit, Transformer, cross_validate,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    fixtures::{alone, logistic, numbers, points, ridge, step, table, texts},
    splits::splitter,
};

const IRIS: &str = include_str!("../../../../examples/iris/iris.csv");
const DIABETES: &str = include_str!("../../../../examples/diabetes/diabetes-train.csv");
/// Both sides minimize to a gradient of about 1e-10; ridge is solved directly.
const TOLERANCE: f64 = 1e-6;

/// The cases stored by `tests/reference/scoring_reference.py`.
#[derive(Deserialize)]
struct Stored {
    validations: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    data: String,
    splitter: String,
    parameters: Map<String, Value>,
    groups: Option<Vec<f64>>,
    train: BTreeMap<String, Vec<f64>>,
    test: BTreeMap<String, Vec<f64>>,
    mean: BTreeMap<String, f64>,
    std: BTreeMap<String, f64>,
}

/// The cells of an example's file: features, then the target as text.
fn rows(csv: &str) -> (Table, Vec<&str>) {
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let n_features = lines[0].len() - 1;
    let feature = |at: usize| {
        let cells = lines.iter().map(|line| line[at].parse().unwrap()).collect();
        (format!("x{at}"), Column::Number(cells))
    };
    let features = Table::new((0..n_features).map(feature).collect()).unwrap();
    (features, lines.iter().map(|line| line[n_features]).collect())
}

#[test]
fn scores_of_each_fold_their_mean_and_deviation_are_those_of_scikit_learn() {
    let stored: Stored = serde_json::from_str(include_str!("../fixtures/scoring.json")).unwrap();
    assert!(stored.validations.len() >= 6);
    for case in stored.validations {
        let is_iris = case.data == "iris";
        let (features, target) = rows(if is_iris {
            IRIS
        } else {
            DIABETES.split_once('\n').unwrap().1
        });
        let (estimator, target) = if is_iris {
            let exact = LogisticRegression {
                tol: 1e-10,
                max_iter: 10_000,
                ..LogisticRegression::default()
            };
            (Estimator::LogisticRegression(exact), texts(&target))
        } else {
            let numbers = target.iter().map(|cell| cell.parse().unwrap()).collect();
            (Estimator::Ridge(Ridge::default()), Column::Number(numbers))
        };
        let steps = Steps {
            transformers: vec![step(
                "scale",
                Transformer::StandardScaler(StandardScaler::default()),
            )],
            estimator,
        };
        let groups = case.groups.map(Column::Number);
        let found = cross_validate(
            &steps,
            &features,
            ("target", &target),
            groups.as_ref().map(|groups| ("group", groups)),
            &splitter(&case.splitter, &case.parameters),
            None,
            &Control::none(),
        );
        let found = found.unwrap();
        let close = |what: &str, found: f64, expected: f64| {
            let difference = (found - expected).abs() / expected.abs().max(1.0);
            assert!(
                difference <= TOLERANCE,
                "{} {}, {what}: {found}, not {expected}",
                case.data,
                case.splitter
            );
        };
        for (name, expected) in &case.test {
            let metric: Metric = name.parse().unwrap();
            assert_eq!(found.folds.len(), expected.len());
            for (at, fold) in found.folds.iter().enumerate() {
                close(name, fold.test[&metric], expected[at]);
                close(name, fold.train[&metric], case.train[name][at]);
            }
            close("mean", found.averages[&metric].mean, case.mean[name]);
            close("std", found.averages[&metric].std, case.std[name]);
        }
    }
}

fn folds(n_splits: usize) -> Splitter {
    Splitter::KFold(KFold {
        n_splits,
        shuffle: None,
    })
}

fn validate(
    steps: &Steps,
    features: &Table,
    target: &Column,
    splitter: Splitter,
    needed: Option<Metric>,
) -> Result<CrossValidation, CrossValidationError> {
    let control = Control::none();
    cross_validate(
        steps,
        features,
        ("target", target),
        None,
        &splitter,
        needed,
        &control,
    )
}

#[test]
fn a_metric_without_a_value_in_some_fold_has_no_average_unless_it_is_needed() {
    let features = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0]))]);
    let target = numbers(&[1.0, 2.0, 3.0, 5.0]);
    let each_row = validate(&alone(ridge()), &features, &target, folds(4), None).unwrap();
    assert!(!each_row.averages.contains_key(&Metric::R2));
    assert!(each_row.averages.contains_key(&Metric::NegMeanSquaredError));
    assert!(each_row.folds[0].train.contains_key(&Metric::R2));
    assert_eq!((each_row.folds[0].n_train, each_row.folds[0].n_test), (3, 1));
    let refused = validate(&alone(ridge()), &features, &target, folds(4), Some(Metric::R2));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "fold 1 of 4, which learns from 3 rows: on the rows kept apart, r2 needs at least 2 rows; there are 1"
    );
}

#[test]
fn a_fault_names_its_fold_its_row_in_the_whole_table_and_a_remedy() {
    let check = |steps: &Steps, features: &Table, target: &Column, splitter: Splitter, message: &str| {
        let refused = validate(steps, features, target, splitter, None).unwrap_err();
        // As people count.
        assert_eq!(refused.map_row(|row| row + 1).to_string(), message);
    };
    let x = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))]);
    let sorted = texts(&["a", "a", "b", "b", "c", "c"]);
    check(
        &alone(logistic()),
        &x,
        &sorted,
        folds(3),
        "fold 1 of 3, which learns from 4 rows: none of them is of the class \"a\"; use stratifiedKFold",
    );
    let series = Splitter::TimeSeriesSplit(TimeSeriesSplit {
        n_splits: 2,
        max_train_size: None,
        test_size: None,
        gap: 0,
    });
    check(
        &alone(logistic()),
        &x,
        &sorted,
        series,
        "fold 1 of 2, which learns from 2 rows: none of them is of the class \"b\"; use fewer folds, or leave out the \
         rows of that class",
    );
    let single = texts(&["a", "b", "a", "b", "a", "c"]);
    let stratified = Splitter::StratifiedKFold(StratifiedKFold {
        n_splits: 2,
        shuffle: None,
    });
    check(
        &alone(logistic()),
        &x,
        &single,
        stratified,
        "fold 2 of 2, which learns from 3 rows: none of them is of the class \"c\"; it is the class of a \
         single row: leave that row out, or add rows of that class",
    );
    let mixed = texts(&["a", "b", "a", "b", "a", "b"]);
    let impute = |strategy| Steps {
        transformers: vec![step(
            "fill",
            Transformer::SimpleImputer(SimpleImputer { strategy }),
        )],
        estimator: logistic(),
    };
    let hollow = table(&[("x", numbers(&[f64::NAN, f64::NAN, f64::NAN, 4.0, 5.0, 6.0]))]);
    check(
        &impute(ImputeStrategy::Mean),
        &hollow,
        &mixed,
        folds(2),
        "fold 2 of 2, which learns from 3 rows: simpleImputer: column \"x\" has only missing cells; take it out of the \
         features, or use shuffle: true, or more folds",
    );
    check(
        &impute(ImputeStrategy::Mean),
        &table(&[(
            "x",
            numbers(&[1.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN]),
        )]),
        &mixed,
        Splitter::ShuffleSplit(ShuffleSplit {
            n_splits: 6,
            test_size: 0.5,
            seed: 0,
        }),
        "fold 2 of 6, which learns from 3 rows: simpleImputer: column \"x\" has only missing cells; take it out of the \
         features, or use a smaller testSize",
    );
    let encode = Steps {
        transformers: vec![step(
            "encode",
            Transformer::OneHotEncoder(OneHotEncoder {
                handle_unknown: HandleUnknown::Error,
            }),
        )],
        estimator: logistic(),
    };
    let city = table(&[("city", texts(&["Rome", "Bern", "Rome", "Bern", "Romy", "Rome"]))]);
    check(
        &encode,
        &city,
        &mixed,
        folds(3),
        "fold 3 of 3, which learns from 4 rows: on the rows kept apart, column \"city\", row 5: \"Romy\" is not among the \
         2 categories of the fit; let the oneHotEncoder handleUnknown: ignore, or use shuffle: true, or more folds",
    );
    let gap = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0, f64::NAN, 6.0]))]);
    check(
        &alone(logistic()),
        &gap,
        &mixed,
        folds(3),
        "fold 1 of 3, which learns from 4 rows: column \"x\", row 5: logisticRegression takes no missing cells; add a \
         simpleImputer for \"x\", or leave out the row",
    );
    check(
        &alone(logistic()),
        &x,
        &mixed,
        folds(7),
        "kFold: 6 rows are too few for 7 folds; choose fewer nSplits, or give more rows",
    );
    check(
        &alone(logistic()),
        &x,
        &texts(&["a"]),
        folds(2),
        "the features have 6 rows, the target has 1",
    );
}

#[test]
fn progress_grows_to_its_end_and_a_cancelled_validation_stops_in_its_fold() {
    let (rows, classes, _) = points();
    let seen = Mutex::new(Vec::new());
    let progress =
        |progress: auriga_learn::Progress| seen.lock().unwrap().push((progress.done, progress.total));
    let stratified = Splitter::StratifiedKFold(StratifiedKFold {
        n_splits: 3,
        shuffle: Some(1),
    });
    let run = |control: &Control<'_>| {
        let steps = alone(logistic());
        cross_validate(
            &steps,
            &rows,
            ("class", &classes),
            None,
            &stratified,
            None,
            control,
        )
    };
    run(&Control::new(&progress, &AtomicBool::new(false))).unwrap();
    let total = 3 * PARTS_PER_FOLD;
    let told = seen.lock().unwrap().clone();
    assert!(told.iter().all(|(_, of)| *of == total));
    assert!(told.is_sorted() && told.len() > 6, "{told:?}");
    assert_eq!((told[0], told[told.len() - 1]), ((0, total), (total, total)));

    let stop = AtomicBool::new(false);
    let reached = Mutex::new(0);
    let stopping = |progress: auriga_learn::Progress| {
        *reached.lock().unwrap() = progress.done;
        if progress.done > PARTS_PER_FOLD {
            stop.store(true, Ordering::Relaxed);
        }
    };
    assert_eq!(
        run(&Control::new(&stopping, &stop)),
        Err(CrossValidationError::Cancelled)
    );
    let reached = *reached.lock().unwrap();
    assert!(
        reached > PARTS_PER_FOLD && reached < 2 * PARTS_PER_FOLD,
        "{reached}"
    );
}
