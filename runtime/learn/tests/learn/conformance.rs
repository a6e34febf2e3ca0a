//! What every transformer and every estimator promises, checked for each of them.
//!
//! The counterpart of scikit-learn's `estimator_checks`: a new variant is added to one of the two lists, and passes.

use std::sync::atomic::{AtomicBool, Ordering};

use auriga_learn::{
    Cell, ClassCriterion, ClassWeight, Column, ColumnKind, Control, DecisionTreeClassifier,
    DecisionTreeRegressor, Estimator, Fill, FitError, Fitted, HandleUnknown, ImputeStrategy,
    LinearRegression, LogisticRegression, OneHotEncoder, PredictError, RandomForestClassifier,
    RandomForestRegressor, Ridge, SimpleImputer, StandardScaler, Steps, Table, Task, Transformer, TreeGrowth,
};

use crate::fixtures::{alone, booleans, fit, logistic, numbers, people, points, ridge, step, table, texts};

fn transformers() -> Vec<Transformer> {
    let imputer = |strategy| Transformer::SimpleImputer(SimpleImputer { strategy });
    let encoder = |handle_unknown| Transformer::OneHotEncoder(OneHotEncoder { handle_unknown });
    vec![
        Transformer::StandardScaler(StandardScaler::default()),
        Transformer::StandardScaler(StandardScaler {
            with_mean: false,
            with_std: false,
        }),
        imputer(ImputeStrategy::Mean),
        imputer(ImputeStrategy::Median),
        imputer(ImputeStrategy::MostFrequent),
        imputer(ImputeStrategy::Constant(None)),
        imputer(ImputeStrategy::Constant(Some(Fill::Text("elsewhere".to_owned())))),
        encoder(HandleUnknown::Error),
        encoder(HandleUnknown::Ignore),
    ]
}

fn estimators() -> Vec<Estimator> {
    let logistic = |class_weight, fit_intercept| {
        Estimator::LogisticRegression(LogisticRegression {
            class_weight,
            fit_intercept,
            ..LogisticRegression::default()
        })
    };
    vec![
        logistic(ClassWeight::Uniform, true),
        logistic(ClassWeight::Balanced, false),
        Estimator::LinearRegression(LinearRegression::default()),
        Estimator::LinearRegression(LinearRegression {
            fit_intercept: false,
            ..LinearRegression::default()
        }),
        Estimator::Ridge(Ridge::default()),
        Estimator::Ridge(Ridge {
            alpha: 0.0,
            fit_intercept: false,
        }),
        Estimator::DecisionTreeClassifier(DecisionTreeClassifier::default()),
        Estimator::DecisionTreeClassifier(DecisionTreeClassifier {
            criterion: ClassCriterion::Entropy,
            growth: TreeGrowth {
                max_leaf_nodes: Some(3),
                ..TreeGrowth::default()
            },
            class_weight: ClassWeight::Balanced,
            random_state: 1,
        }),
        Estimator::RandomForestClassifier(RandomForestClassifier::default()),
        Estimator::DecisionTreeRegressor(DecisionTreeRegressor::default()),
        Estimator::RandomForestRegressor(RandomForestRegressor {
            n_estimators: 7,
            bootstrap: None,
            ..RandomForestRegressor::default()
        }),
    ]
}

#[test]
fn the_lists_hold_every_variant() {
    // Both matches stop compiling when a variant is added; it then belongs into the list above, too.
    let number = |transformer: &Transformer| match transformer {
        Transformer::StandardScaler(_) => 0,
        Transformer::SimpleImputer(_) => 1,
        Transformer::OneHotEncoder(_) => 2,
    };
    let found: std::collections::BTreeSet<usize> = transformers().iter().map(number).collect();
    assert_eq!(found, (0..3).collect());
    let number = |estimator: &Estimator| match estimator {
        Estimator::LogisticRegression(_) => 0,
        Estimator::LinearRegression(_) => 1,
        Estimator::Ridge(_) => 2,
        Estimator::DecisionTreeClassifier(_) => 3,
        Estimator::DecisionTreeRegressor(_) => 4,
        Estimator::RandomForestClassifier(_) => 5,
        Estimator::RandomForestRegressor(_) => 6,
    };
    let found: std::collections::BTreeSet<usize> = estimators().iter().map(number).collect();
    assert_eq!(found, (0..7).collect());
}

/// One target of each kind that the estimator takes.
fn targets(estimator: &Estimator) -> Vec<Column> {
    let (_, classes, sums) = points();
    match estimator.task() {
        Task::Regression => vec![sums],
        Task::Classification => {
            let codes = [2.0, 5.0, -1.0]
                .into_iter()
                .cycle()
                .take(12)
                .collect::<Vec<f64>>();
            let is_high = classes
                .cells()
                .map(|cell| cell == Cell::Text("high"))
                .collect::<Vec<bool>>();
            vec![classes, numbers(&codes), booleans(&is_high)]
        }
    }
}

/// Each estimator fitted to each of its targets.
fn every_fitted_estimator() -> Vec<(Fitted, Steps, Column)> {
    let mut all = Vec::new();
    for estimator in estimators() {
        for target in targets(&estimator) {
            let steps = alone(estimator.clone());
            all.push((fit(&steps, &points().0, &target), steps, target));
        }
    }
    all
}

/// Each transformer before a ridge, with whatever else the table of people needs.
fn every_fitted_transformer() -> Vec<Fitted> {
    transformers()
        .into_iter()
        .map(|transformer| fit(&before_ridge(transformer), &people(), &target()))
        .collect()
}

fn before_ridge(transformer: Transformer) -> Steps {
    let fill = SimpleImputer {
        strategy: ImputeStrategy::MostFrequent,
    };
    let encode = OneHotEncoder {
        handle_unknown: HandleUnknown::Ignore,
    };
    Steps {
        transformers: vec![
            step("under test", transformer),
            step("fill", Transformer::SimpleImputer(fill)),
            step("encode", Transformer::OneHotEncoder(encode)),
        ],
        estimator: ridge(),
    }
}

fn target() -> Column {
    numbers(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0])
}

fn every_model_with_its_rows() -> Vec<(Fitted, Table)> {
    let estimators = every_fitted_estimator()
        .into_iter()
        .map(|(fitted, _, _)| (fitted, points().0));
    estimators
        .chain(
            every_fitted_transformer()
                .into_iter()
                .map(|fitted| (fitted, people())),
        )
        .collect()
}

#[test]
fn every_row_gets_a_prediction_of_the_targets_kind() {
    for (fitted, _, target) in every_fitted_estimator() {
        let predicted = fitted.predict(&points().0).unwrap();
        assert_eq!(
            (predicted.kind(), predicted.len()),
            (target.kind(), 12),
            "{}",
            fitted.estimator_name()
        );
        assert_eq!(predicted.first_missing(), None);
    }
}

#[test]
fn probabilities_are_shares_that_sum_to_one_and_the_largest_is_predicted() {
    for (fitted, _, _) in every_fitted_estimator() {
        let Some(classes) = fitted.classes() else {
            let refused = fitted.predict_proba(&points().0).unwrap_err();
            assert!(matches!(refused, PredictError::NoProbabilities { .. }));
            continue;
        };
        let predicted = fitted.predict(&points().0).unwrap();
        let probabilities = fitted.predict_proba(&points().0).unwrap();
        assert_eq!(probabilities.dim(), (12, classes.len()));
        for (row, shares) in probabilities.rows().into_iter().enumerate() {
            assert!((shares.sum() - 1.0).abs() < 1e-12);
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            let largest = shares.iter().copied().fold(0.0, f64::max);
            let class = (0..classes.len())
                .find(|&class| shares[class] == largest)
                .unwrap();
            assert_eq!(predicted.cell(row), classes.cell(class));
        }
    }
}

#[test]
fn a_model_comes_back_from_its_bytes_bit_for_bit() {
    for (fitted, rows) in every_model_with_its_rows() {
        let bytes = fitted.to_bytes();
        let back = Fitted::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(back, fitted);
        assert_eq!(back.to_bytes(), bytes);
        assert_eq!(
            bits(&back.predict(&rows).unwrap()),
            bits(&fitted.predict(&rows).unwrap())
        );
    }
}

/// Numbers with their bits, so that 0 and −0 differ.
fn bits(column: &Column) -> Vec<String> {
    let bits = |cell: Cell<'_>| match cell {
        Cell::Number(number) => format!("{:x}", number.to_bits()),
        other => other.quoted(),
    };
    column.cells().map(bits).collect()
}

#[test]
fn two_fits_of_the_same_rows_are_the_same_bytes() {
    for (fitted, steps, target) in every_fitted_estimator() {
        assert_eq!(fit(&steps, &points().0, &target).to_bytes(), fitted.to_bytes());
    }
    for (first, second) in every_fitted_transformer().iter().zip(every_fitted_transformer()) {
        assert_eq!(first.to_bytes(), second.to_bytes());
    }
}

#[test]
fn columns_are_found_by_name_and_unknown_ones_ignored() {
    for (fitted, rows) in every_model_with_its_rows() {
        let mut columns: Vec<(String, Column)> = rows
            .columns()
            .map(|(name, column)| (name.to_owned(), column.clone()))
            .collect();
        columns.reverse();
        columns.insert(1, ("unknown".to_owned(), texts(&["?"].repeat(rows.n_rows()))));
        let shuffled = Table::new(columns).unwrap();
        assert_eq!(fitted.predict(&shuffled), fitted.predict(&rows));
    }
}

#[test]
fn an_absent_column_is_named_with_the_one_that_may_be_meant() {
    for (fitted, rows) in every_model_with_its_rows() {
        for name in rows.names() {
            let mut less = rows.clone();
            let column = less.remove(name).unwrap();
            let absent = |near: Option<String>| PredictError::ColumnAbsent {
                column: name.clone(),
                near,
            };
            assert_eq!(fitted.predict(&less), Err(absent(None)));
            let mistyped = format!("{name}s");
            let renamed = less
                .columns()
                .map(|(name, column)| (name.to_owned(), column.clone()));
            let renamed = Table::new(renamed.chain([(mistyped.clone(), column)]).collect()).unwrap();
            assert_eq!(fitted.predict(&renamed), Err(absent(Some(mistyped))));
        }
    }
}

#[test]
fn a_column_of_another_kind_is_named() {
    for (fitted, rows) in every_model_with_its_rows() {
        for (name, column) in rows.columns() {
            let other = match column.kind() {
                ColumnKind::Number => booleans(&vec![true; rows.n_rows()]),
                ColumnKind::Text | ColumnKind::Boolean => numbers(&vec![1.0; rows.n_rows()]),
            };
            let mut columns: Vec<(&str, Column)> = rows
                .columns()
                .map(|(name, column)| (name, column.clone()))
                .collect();
            columns
                .iter_mut()
                .filter(|(other, _)| *other == name)
                .for_each(|(_, column)| *column = other.clone());
            let refused = fitted.predict(&table(&columns)).unwrap_err();
            let expected = PredictError::ColumnKind {
                column: name.to_owned(),
                expected: column.kind(),
                found: other.kind(),
            };
            assert_eq!(refused, expected);
        }
    }
}

#[test]
fn a_missing_cell_is_named_by_column_and_row_unless_a_step_fills_it() {
    for (fitted, _, _) in every_fitted_estimator() {
        let holed = table(&[("x", numbers(&[0.1, 0.2])), ("y", numbers(&[0.1, f64::NAN]))]);
        let refused = fitted.predict(&holed).unwrap_err();
        assert_eq!((refused.column(), refused.row()), (Some("y"), Some(1)));
    }
}

#[test]
fn each_row_is_predicted_by_itself() {
    for (fitted, rows) in every_model_with_its_rows() {
        let together = fitted.predict(&rows).unwrap();
        for row in 0..rows.n_rows() {
            let single = fitted.predict(&rows.slice(row..row + 1)).unwrap();
            match (single.cell(0), together.cell(row)) {
                // Products of one row and of many may add up in another order.
                (Cell::Number(single), Cell::Number(together)) => assert!((single - together).abs() < 1e-9),
                (single, together) => assert_eq!(single, together),
            }
        }
        assert_eq!(fitted.predict(&rows.slice(0..0)).unwrap().len(), 0);
    }
}

#[test]
fn numbers_near_the_end_of_their_range_give_a_finite_prediction_or_a_named_row() {
    for (fitted, _, _) in every_fitted_estimator() {
        for huge in [1e300, -1e300, f64::MAX, f64::MIN, 5e-324] {
            let rows = table(&[("x", numbers(&[0.5, huge])), ("y", numbers(&[0.5, -huge]))]);
            match fitted.predict(&rows) {
                Ok(Column::Number(numbers)) => assert!(numbers.iter().all(|number| number.is_finite())),
                Ok(_) => assert!(
                    fitted
                        .predict_proba(&rows)
                        .unwrap()
                        .iter()
                        .all(|share| share.is_finite())
                ),
                Err(error) => assert_eq!(error.row(), Some(1)),
            }
        }
    }
}

#[test]
fn a_cancelled_fit_says_so() {
    let cancelled = AtomicBool::new(true);
    let control = Control::new(&|_| {}, &cancelled);
    for (_, steps, target) in every_fitted_estimator() {
        assert_eq!(
            steps.fit(&points().0, ("target", &target), &control),
            Err(FitError::Cancelled)
        );
    }
    for transformer in transformers() {
        let ended = before_ridge(transformer).fit(&people(), ("target", &target()), &control);
        assert_eq!(ended, Err(FitError::Cancelled));
    }
}

#[test]
fn progress_is_reported_and_never_passes_its_end() {
    let never = AtomicBool::new(false);
    for (_, steps, target) in every_fitted_estimator() {
        let reported = AtomicBool::new(false);
        let report = |progress: auriga_learn::Progress| {
            assert!(progress.done <= progress.total);
            reported.store(true, Ordering::Relaxed);
        };
        steps
            .fit(&points().0, ("target", &target), &Control::new(&report, &never))
            .unwrap();
        assert!(reported.load(Ordering::Relaxed));
    }
}

#[test]
fn constant_columns_and_few_rows_are_no_trouble() {
    for estimator in estimators() {
        let rows = table(&[
            ("x", numbers(&[3.3, 3.3])),
            ("y", numbers(&[0.0, 1.0])),
            ("z", numbers(&[0.0, 0.0])),
        ]);
        let fitted = fit(&alone(estimator), &rows, &numbers(&[1.0, 4.0]));
        assert_eq!(fitted.predict(&rows).unwrap().first_missing(), None);
    }
}

#[test]
fn a_fit_needs_rows_and_columns_of_one_length() {
    let (rows, classes, sums) = points();
    for estimator in estimators() {
        let target = if estimator.task() == Task::Regression {
            &sums
        } else {
            &classes
        };
        let check = |rows: &Table, target: (&str, &Column), expected: FitError| {
            assert_eq!(
                alone(estimator.clone()).fit(rows, target, &Control::none()),
                Err(expected)
            );
        };
        check(&rows.slice(0..0), ("t", &target.slice(0..0)), FitError::NoRows);
        check(
            &rows.select::<&str>(&[]).unwrap(),
            ("t", target),
            FitError::NoFeatures,
        );
        let column = || "t".to_owned();
        let unequal = FitError::UnequalRows {
            column: column(),
            features: 11,
            target: 12,
        };
        check(&rows.slice(0..11), ("t", target), unequal);
        check(
            &rows,
            ("x", target),
            FitError::TargetAmongFeatures {
                column: "x".to_owned(),
            },
        );
        let mut holed = target.clone();
        match &mut holed {
            Column::Number(cells) => cells[4] = f64::NAN,
            Column::Text(cells) => cells[4] = None,
            Column::Boolean(cells) => cells[4] = None,
        }
        check(
            &rows,
            ("t", &holed),
            FitError::TargetMissing {
                column: column(),
                row: 4,
            },
        );
        check(
            &rows,
            ("t", &numbers(&[f64::NAN; 12])),
            FitError::TargetAllMissing { column: column() },
        );
    }
}

#[test]
fn names_and_defaults_are_those_of_a_manifest() {
    let estimators: Vec<&str> = estimators().iter().map(Estimator::kind).collect();
    assert!(estimators.contains(&"logisticRegression") && estimators.contains(&"linearRegression"));
    assert!(estimators.contains(&"ridge") && estimators.contains(&"decisionTreeClassifier"));
    assert!(estimators.contains(&"randomForestClassifier") && estimators.contains(&"randomForestRegressor"));
    let transformers: Vec<&str> = transformers().iter().map(Transformer::kind).collect();
    assert!(transformers.contains(&"standardScaler") && transformers.contains(&"simpleImputer"));
    assert!(transformers.contains(&"oneHotEncoder"));
    let Estimator::LogisticRegression(defaults) = logistic() else {
        unreachable!()
    };
    assert_eq!(
        (
            defaults.c,
            defaults.max_iter,
            defaults.tol,
            defaults.fit_intercept
        ),
        (1.0, 100, 1e-4, true)
    );
}
