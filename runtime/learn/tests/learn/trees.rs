//! Trees and forests: splits known by hand, the same bytes on any number of threads, and what is refused.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use auriga_learn::{
    ClassCriterion, ClassWeight, Column, Control, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    FitError, Fitted, FittedEstimator, MaxFeatures, MaxSamples, NumberCriterion, OneHotEncoder,
    RandomForestClassifier, RandomForestRegressor, Steps, Table, Transformer, TreeGrowth, TreeNode,
};

use crate::fixtures::{alone, fit, numbers, people, points, step, table, texts};

fn classifier(tree: DecisionTreeClassifier) -> Estimator {
    Estimator::DecisionTreeClassifier(tree)
}

fn regressor(tree: DecisionTreeRegressor) -> Estimator {
    Estimator::DecisionTreeRegressor(tree)
}

fn forest(n_estimators: usize) -> RandomForestClassifier {
    RandomForestClassifier {
        n_estimators,
        ..RandomForestClassifier::default()
    }
}

/// Its nodes in their order, of the first tree.
fn nodes(fitted: &Fitted) -> Vec<TreeNode> {
    match fitted.estimator() {
        FittedEstimator::DecisionTreeClassifier(trees) | FittedEstimator::RandomForestClassifier(trees) => {
            trees.tree(0).unwrap()
        }
        FittedEstimator::DecisionTreeRegressor(trees) | FittedEstimator::RandomForestRegressor(trees) => {
            trees.tree(0).unwrap()
        }
        _ => unreachable!("not a tree"),
    }
}

fn split(column: usize, threshold: f64) -> TreeNode {
    TreeNode::Split { column, threshold }
}

fn leaf(shares: &[f64]) -> TreeNode {
    TreeNode::Leaf(shares.to_vec())
}

/// 600 rows whose class follows from three of five columns, roughly.
fn many() -> (Table, Column, Column) {
    let scattered = |row: u32, column: u32| {
        let mixed = (row * 5 + column).wrapping_mul(2_654_435_761).rotate_left(13);
        f64::from(mixed.wrapping_mul(0x9E37_79B1) >> 8) / f64::from(1 << 24)
    };
    let column = |at: u32| -> Vec<f64> { (0..600).map(|row| scattered(row, at)).collect() };
    let columns: Vec<Vec<f64>> = (0..5).map(column).collect();
    let value =
        |row: usize| 2.0 * columns[0][row] + columns[1][row] * columns[2][row] + 0.2 * columns[3][row];
    let values: Vec<f64> = (0..600).map(value).collect();
    let classes: Vec<f64> = values.iter().map(|value| (value * 1.3).floor()).collect();
    let named = ["a", "b", "c", "d", "e"].into_iter().zip(columns);
    let named: Vec<(&str, Column)> = named.map(|(name, cells)| (name, Column::Number(cells))).collect();
    (table(&named), numbers(&classes), Column::Number(values))
}

#[test]
fn a_tree_of_classes_makes_the_splits_that_a_hand_finds() {
    let rows = table(&[
        ("x", numbers(&[1.0, 2.0, 4.0, 8.0, 16.0])),
        ("constant", numbers(&[7.0; 5])),
    ]);
    let classes = texts(&["a", "a", "b", "b", "a"]);
    for criterion in [ClassCriterion::Gini, ClassCriterion::Entropy] {
        let tree = DecisionTreeClassifier {
            criterion,
            ..DecisionTreeClassifier::default()
        };
        let fitted = fit(&alone(classifier(tree)), &rows, &classes);
        // Gini of the root is 12/25; the cut at 3 lowers it to 3/5 · 4/9, that at 12 to 4/5 · 1/2, those within classes
        // to more.
        let expected = [
            split(0, 3.0),
            leaf(&[1.0, 0.0]),
            split(0, 12.0),
            leaf(&[0.0, 1.0]),
            leaf(&[1.0, 0.0]),
        ];
        assert_eq!(nodes(&fitted), expected, "{criterion:?}");
        let importances = fitted.feature_importances().unwrap();
        assert_eq!(importances, [("x".to_owned(), 1.0), ("constant".to_owned(), 0.0)]);
    }
}

#[test]
fn a_tree_of_numbers_makes_the_splits_that_a_hand_finds() {
    let rows = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0]))]);
    let check = |criterion, max_depth, targets: &[f64], expected: &[TreeNode]| {
        let tree = DecisionTreeRegressor {
            criterion,
            growth: TreeGrowth {
                max_depth: Some(max_depth),
                ..TreeGrowth::default()
            },
            ..DecisionTreeRegressor::default()
        };
        let fitted = fit(&alone(regressor(tree)), &rows, &numbers(targets));
        assert_eq!(nodes(&fitted), expected, "{criterion:?} {targets:?}");
    };
    let squared = NumberCriterion::SquaredError;
    let whole = [split(0, 2.5), leaf(&[2.0]), leaf(&[11.0])];
    check(squared, 1, &[1.0, 3.0, 10.0, 12.0], &whole);
    check(squared, 9, &[5.0; 4], &[leaf(&[5.0])]);
    // Numbers at the ends of their range are scaled, not squared as they are.
    let huge = [split(0, 2.5), leaf(&[-1.5e308]), leaf(&[1.5e308])];
    check(squared, 1, &[-1.5e308, -1.5e308, 1.5e308, 1.5e308], &huge);
    let tiny = [split(0, 3.5), leaf(&[0.0]), leaf(&[5e-324])];
    check(squared, 1, &[0.0, 0.0, 0.0, 5e-324], &tiny);
    // Deviances: 4 ln 2 at the cut 2.5, less at the others.
    let poisson = NumberCriterion::Poisson;
    check(
        poisson,
        1,
        &[1.0, 1.0, 3.0, 3.0],
        &[split(0, 2.5), leaf(&[1.0]), leaf(&[3.0])],
    );
    // A side with zeros alone would predict that nothing ever happens.
    check(
        poisson,
        1,
        &[0.0, 0.0, 4.0, 4.0],
        &[split(0, 3.5), leaf(&[4.0 / 3.0]), leaf(&[4.0])],
    );
}

#[test]
fn growth_ends_where_the_hyperparameters_say() {
    let rows = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))]);
    let targets = numbers(&[0.0, 1.0, 0.0, 1.0, 10.0, 11.0, 30.0, 31.0]);
    let n_leaves = |growth: TreeGrowth| {
        let tree = DecisionTreeRegressor {
            growth,
            ..DecisionTreeRegressor::default()
        };
        let fitted = fit(&alone(regressor(tree)), &rows, &targets);
        let leaves = nodes(&fitted).into_iter();
        leaves.filter(|node| matches!(node, TreeNode::Leaf(_))).count()
    };
    let check = |change: &dyn Fn(&mut TreeGrowth), expected: usize| {
        let mut growth = TreeGrowth::default();
        change(&mut growth);
        assert_eq!(n_leaves(growth.clone()), expected, "{growth:?}");
    };
    check(&|_| {}, 8);
    check(&|growth| growth.max_depth = Some(1), 2);
    check(&|growth| growth.max_depth = Some(usize::MAX), 8);
    check(&|growth| growth.min_samples_split = 9, 1);
    check(&|growth| growth.min_samples_split = usize::MAX, 1);
    check(&|growth| growth.min_samples_leaf = 4, 2);
    check(&|growth| growth.min_samples_leaf = 5, 1);
    check(&|growth| growth.min_samples_leaf = usize::MAX, 1);
    check(&|growth| growth.max_leaf_nodes = Some(3), 3);
    check(&|growth| growth.max_leaf_nodes = Some(usize::MAX), 8);
    check(&|growth| growth.min_impurity_decrease = 1.0, 3);
    check(&|growth| growth.min_impurity_decrease = 1e300, 1);
}

#[test]
fn a_forest_is_the_same_bytes_on_one_two_and_three_threads() {
    let (rows, classes, values) = many();
    let classifier = Estimator::RandomForestClassifier(forest(20));
    let regressor = Estimator::RandomForestRegressor(RandomForestRegressor {
        n_estimators: 10,
        bootstrap: Some(MaxSamples::Fraction(0.5)),
        ..RandomForestRegressor::default()
    });
    for (estimator, target) in [(classifier, &classes), (regressor, &values)] {
        let on = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .unwrap();
            pool.install(|| fit(&alone(estimator.clone()), &rows, target).to_bytes())
        };
        let one = on(1);
        assert_eq!(on(2), one);
        assert_eq!(on(3), one);
    }
}

#[test]
fn the_seed_decides_what_is_drawn() {
    let (rows, classes, _) = many();
    let bytes = |random_state| {
        let forest = RandomForestClassifier {
            random_state,
            ..forest(3)
        };
        fit(&alone(Estimator::RandomForestClassifier(forest)), &rows, &classes).to_bytes()
    };
    assert_eq!(bytes(5), bytes(5));
    assert_ne!(bytes(5), bytes(6));
}

#[test]
fn every_way_to_draw_columns_and_rows_makes_a_forest_of_its_own() {
    let (rows, classes, _) = many();
    let bytes = |max_features, bootstrap| {
        let mut forest = RandomForestClassifier {
            bootstrap,
            ..forest(2)
        };
        forest.growth.max_features = max_features;
        fit(&alone(Estimator::RandomForestClassifier(forest)), &rows, &classes).to_bytes()
    };
    let all = Some(MaxSamples::All);
    // Of 5 columns: 2, 2, 1, 5, 3 and 5 are drawn.
    assert_eq!(bytes(MaxFeatures::Sqrt, all), bytes(MaxFeatures::Log2, all));
    assert_eq!(bytes(MaxFeatures::Sqrt, all), bytes(MaxFeatures::Count(2), all));
    assert_eq!(
        bytes(MaxFeatures::Count(1), all),
        bytes(MaxFeatures::Fraction(0.1), all)
    );
    assert_eq!(bytes(MaxFeatures::All, all), bytes(MaxFeatures::Count(99), all));
    assert_eq!(
        bytes(MaxFeatures::Count(3), all),
        bytes(MaxFeatures::Fraction(0.7), all)
    );
    assert_ne!(
        bytes(MaxFeatures::Count(2), all),
        bytes(MaxFeatures::Count(3), all)
    );
    // Of 600 rows: 600, 300, and each of them once.
    assert_eq!(
        bytes(MaxFeatures::Sqrt, Some(MaxSamples::Count(300))),
        bytes(MaxFeatures::Sqrt, Some(MaxSamples::Fraction(0.5)))
    );
    assert_eq!(
        bytes(MaxFeatures::Sqrt, Some(MaxSamples::Count(600))),
        bytes(MaxFeatures::Sqrt, all)
    );
    assert_ne!(bytes(MaxFeatures::Sqrt, None), bytes(MaxFeatures::Sqrt, all));
}

#[test]
fn a_fit_stops_in_the_middle_and_progress_never_falls() {
    let (rows, classes, _) = many();
    let cancelled = AtomicBool::new(false);
    let seen = Mutex::new(Vec::new());
    let report = |progress: auriga_learn::Progress| {
        assert_eq!(progress.total, 1_000);
        seen.lock().unwrap().push(progress.done);
        cancelled.store(progress.done >= 5, Ordering::Relaxed);
    };
    let steps = alone(Estimator::RandomForestClassifier(forest(1_000)));
    let ended = steps.fit(&rows, ("class", &classes), &Control::new(&report, &cancelled));
    assert_eq!(ended, Err(FitError::Cancelled));
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted_by(|left, right| left < right), "{seen:?}");
    // Trees that were nearly done when the flag was set may still be counted.
    assert!(seen.len() < 5 + 2 + rayon::current_num_threads(), "{seen:?}");
}

#[test]
fn importances_have_the_names_of_the_columns_that_the_steps_leave() {
    let encoder = Transformer::OneHotEncoder(OneHotEncoder::default());
    let fill = Transformer::SimpleImputer(auriga_learn::SimpleImputer::default());
    let steps = Steps {
        transformers: vec![step("fill", fill), step("encode", encoder)],
        estimator: classifier(DecisionTreeClassifier::default()),
    };
    let classes = texts(&["it", "ch", "it", "no", "ch", "no"]);
    let fitted = fit(&steps, &people(), &classes);
    let importances = fitted.feature_importances().unwrap();
    let names: Vec<&str> = importances.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["age", "city=Bern", "city=Oslo", "city=Rome", "income", "member"]
    );
    assert!((importances.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    let back = Fitted::from_bytes(&fitted.to_bytes()).unwrap();
    assert_eq!(back.feature_importances(), Some(importances));
    let (rows, classes, _) = points();
    let linear = fit(&alone(crate::fixtures::logistic()), &rows, &classes);
    assert_eq!(linear.feature_importances(), None);
}

#[test]
fn the_columns_that_decide_are_the_important_ones() {
    let (rows, classes, values) = many();
    let classifier = Estimator::RandomForestClassifier(forest(30));
    let regressor = Estimator::RandomForestRegressor(RandomForestRegressor {
        n_estimators: 10,
        ..RandomForestRegressor::default()
    });
    for (estimator, target) in [(classifier, &classes), (regressor, &values)] {
        let fitted = fit(&alone(estimator), &rows, target);
        let share: Vec<f64> = fitted
            .feature_importances()
            .unwrap()
            .iter()
            .map(|(_, share)| *share)
            .collect();
        assert!(share[0] > share[1] && share[0] > share[2], "{share:?}");
        assert!(share[1].min(share[2]) > share[3].max(share[4]), "{share:?}");
        assert!((share.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn classes_that_weigh_more_win_a_leaf() {
    let rows = table(&[("x", numbers(&[1.0; 5]))]);
    let classes = texts(&["rare", "often", "often", "often", "often"]);
    let shares = |class_weight| {
        let tree = DecisionTreeClassifier {
            class_weight,
            ..DecisionTreeClassifier::default()
        };
        nodes(&fit(&alone(classifier(tree)), &rows, &classes))
    };
    assert_eq!(shares(ClassWeight::Uniform), [leaf(&[0.8, 0.2])]);
    assert_eq!(shares(ClassWeight::Balanced), [leaf(&[0.5, 0.5])]);
    let weights = [("rare".to_owned(), 16.0)].into();
    assert_eq!(shares(ClassWeight::PerClass(weights)), [leaf(&[0.2, 0.8])]);
    // Weights as far apart as numbers go still make shares.
    let weights = [("rare".to_owned(), 1e300), ("often".to_owned(), 1e-300)].into();
    assert_eq!(shares(ClassWeight::PerClass(weights)), [leaf(&[0.0, 1.0])]);
}

#[test]
fn a_tree_as_deep_as_its_rows_needs_no_stack() {
    // Each cut takes one row off an end: classes alternate.
    let n_rows = 3_000;
    let rows = table(&[("x", Column::Number((0..n_rows).map(f64::from).collect()))]);
    let classes = Column::Number((0..n_rows).map(|row| f64::from(row % 2)).collect());
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(128 << 10)
        .build()
        .unwrap();
    pool.install(|| {
        let fitted = fit(
            &alone(classifier(DecisionTreeClassifier::default())),
            &rows,
            &classes,
        );
        let (mut depth, mut deepest, mut open) = (0, 0, Vec::new());
        for node in nodes(&fitted) {
            deepest = deepest.max(depth);
            match node {
                TreeNode::Split { .. } => {
                    depth += 1;
                    open.push(depth);
                }
                TreeNode::Leaf(_) => depth = open.pop().unwrap_or(0),
            }
        }
        assert!(deepest > 1_000, "{deepest}");
        assert_eq!(Fitted::from_bytes(&fitted.to_bytes()).unwrap(), fitted);
        assert_eq!(fitted.predict(&rows).unwrap(), classes);
    });
}

#[test]
fn memory_beyond_the_limit_is_refused_with_what_would_fit() {
    let (rows, classes, values) = many();
    let cancelled = AtomicBool::new(true);
    let ended = |estimator: Estimator, target: &Column| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let control = Control::new(&|_| {}, &cancelled);
        let fit = || alone(estimator).fit(&rows, ("target", target), &control);
        pool.install(fit).unwrap_err()
    };
    let refused = ended(Estimator::RandomForestClassifier(forest(1_000_000)), &classes);
    assert_eq!(
        refused.to_string(),
        "randomForestClassifier: 1000000 trees would take 12.9 GiB, more than 4 GiB; nEstimators: \
         309248, or maxDepth: 5, or minSamplesLeaf: 7 would fit"
    );
    let fits = |n_estimators, change: &dyn Fn(&mut TreeGrowth)| {
        let mut forest = forest(n_estimators);
        change(&mut forest.growth);
        ended(Estimator::RandomForestClassifier(forest), &classes) == FitError::Cancelled
    };
    assert!(fits(309_248, &|_| {}) && !fits(309_249, &|_| {}));
    assert!(fits(1_000_000, &|growth| growth.max_depth = Some(5)));
    assert!(fits(1_000_000, &|growth| growth.min_samples_leaf = 7));
    assert!(fits(1_000_000, &|growth| growth.max_leaf_nodes = Some(32)));
    let endless = RandomForestRegressor {
        n_estimators: usize::MAX,
        ..RandomForestRegressor::default()
    };
    let refused = ended(Estimator::RandomForestRegressor(endless), &values);
    assert!(matches!(refused, FitError::TooLarge { .. }), "{refused}");
}

#[test]
fn a_forest_is_refused_beyond_the_memory_that_the_caller_has() {
    let rows = table(&[("x", numbers(&[0.0, 1.0, 2.0, 3.0]))]);
    let forest = RandomForestRegressor {
        n_estimators: 1_000,
        ..RandomForestRegressor::default()
    };
    let steps = alone(Estimator::RandomForestRegressor(forest));
    let never = AtomicBool::new(false);
    let fit = |bytes| {
        let control = Control::new(&|_| {}, &never).within(bytes);
        steps.fit(&rows, ("y", &numbers(&[0.0, 1.0, 2.0, 3.0])), &control)
    };
    assert!(fit(1 << 20).is_ok());
    let refused = fit(100_000).unwrap_err();
    assert!(
        matches!(refused, FitError::TooLarge { limit: 100_000, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("nEstimators: "), "{refused}");
}

#[test]
fn the_mean_of_the_largest_numbers_is_a_number() {
    let rows = table(&[("x", numbers(&[0.0, 1.0, 2.0, 3.0]))]);
    let forest = RandomForestRegressor {
        n_estimators: 5,
        bootstrap: None,
        ..RandomForestRegressor::default()
    };
    let largest = numbers(&[1e308, 1e308, -1e308, -1e308]);
    let fitted = alone(Estimator::RandomForestRegressor(forest))
        .fit(&rows, ("target", &largest), &Control::none())
        .unwrap();
    assert_eq!(fitted.predict(&rows).unwrap(), largest);
}

#[test]
fn many_rows_are_predicted_alike_on_any_number_of_threads() {
    let (rows, classes, values) = many();
    let regressor = RandomForestRegressor {
        n_estimators: 7,
        ..RandomForestRegressor::default()
    };
    let check = |estimator: Estimator, target: &Column| {
        let fitted = fit(&alone(estimator), &rows, target);
        let on = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .unwrap();
            pool.install(|| (fitted.predict(&rows).unwrap(), fitted.predict_proba(&rows).ok()))
        };
        let expected = on(1);
        assert_eq!(on(3), expected);
        for row in [0, 63, 64, 599] {
            let alone = fitted.predict(&rows.slice(row..row + 1)).unwrap();
            assert_eq!(alone, expected.0.slice(row..row + 1), "row {row}");
        }
    };
    check(Estimator::RandomForestClassifier(forest(7)), &classes);
    check(Estimator::RandomForestRegressor(regressor), &values);
}

#[test]
fn probabilities_beyond_memory_are_refused() {
    let cells: Vec<f64> = (0..1_000).map(f64::from).collect();
    let rows = table(&[("x", numbers(&cells))]);
    let tree = DecisionTreeClassifier::default();
    let fitted = fit(&alone(classifier(tree)), &rows, &numbers(&cells));
    let many = table(&[("x", numbers(&vec![1.0; 600_000]))]);
    assert_eq!(
        fitted.predict_proba(&many).unwrap_err().to_string(),
        "the probabilities of 600000 rows and 1000 classes would take 4.5 GiB, more than 4 GiB; ask for fewer rows at a time"
    );
}

#[test]
fn what_cannot_be_drawn_or_counted_is_refused() {
    let (rows, classes, values) = many();
    let check = |estimator: Estimator, target: &Column, expected: &str| {
        let error = alone(estimator)
            .fit(&rows, ("target", target), &Control::none())
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let mut many_samples = forest(3);
    many_samples.bootstrap = Some(MaxSamples::Count(601));
    check(
        Estimator::RandomForestClassifier(many_samples),
        &classes,
        "randomForestClassifier: maxSamples is 601; it must be at most 600, the number of rows to learn from",
    );
    check(
        Estimator::RandomForestClassifier(forest(0)),
        &classes,
        "randomForestClassifier: nEstimators is 0; it must be at least 1",
    );
    let counts = DecisionTreeRegressor {
        criterion: NumberCriterion::Poisson,
        ..DecisionTreeRegressor::default()
    };
    let Column::Number(mut values) = values else {
        unreachable!()
    };
    values[17] = -1e308;
    check(
        regressor(counts),
        &Column::Number(values),
        "target \"target\", row 17: -1e308 is negative; decisionTreeRegressor with criterion: poisson predicts counts: use \
         criterion: squaredError, or another target",
    );
}
