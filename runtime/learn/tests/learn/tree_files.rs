//! Model files with trees: they come back as they were, stay small, and whatever is done to them, they stay trees.

use auriga_learn::{
    DecisionTreeRegressor, Estimator, Fitted, LoadError, MaxSamples, RandomForestClassifier,
    RandomForestRegressor,
};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{
    files::{digest_position, seal, with_array},
    fixtures::{alone, fit, points},
};

/// Five trees of at most four leaves, some of them of several classes.
fn classifier() -> Fitted {
    let mut forest = RandomForestClassifier {
        n_estimators: 5,
        ..RandomForestClassifier::default()
    };
    forest.growth.min_samples_leaf = 2;
    let (rows, classes, _) = points();
    fit(&alone(Estimator::RandomForestClassifier(forest)), &rows, &classes)
}

fn regressor() -> Fitted {
    let forest = RandomForestRegressor {
        n_estimators: 4,
        bootstrap: Some(MaxSamples::Count(7)),
        ..RandomForestRegressor::default()
    };
    let (rows, _, sums) = points();
    fit(&alone(Estimator::RandomForestRegressor(forest)), &rows, &sums)
}

#[test]
fn damages_under_a_fitting_digest_are_trees_or_an_error() {
    let (rows, _, _) = points();
    for fitted in [classifier(), regressor()] {
        let bytes = fitted.to_bytes();
        let fixed = digest_position(&bytes) + 64;
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let (mut loaded, n_damages) = (0, 5_000);
        for _ in 0..n_damages {
            let mut damaged = bytes.clone();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(fixed..bytes.len());
                damaged[at] = random.random_range(0..=255u8);
            }
            let Ok(fitted) = Fitted::from_bytes(&seal(damaged)) else {
                continue;
            };
            loaded += 1;
            assert_eq!(Fitted::from_bytes(&fitted.to_bytes()).as_ref(), Ok(&fitted));
            if let Ok(shares) = fitted.predict_proba(&rows) {
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            }
            let _ = fitted.predict(&rows);
        }
        // Thresholds and numbers may take other values; the form of the trees may not.
        assert!((100..n_damages - 100).contains(&loaded), "{loaded}");
    }
}

#[test]
fn sealed_trees_that_are_none_are_refused() {
    let check = |fitted: &Fitted, name: &str, offset: usize, data: &[u8]| {
        let bytes = with_array(&fitted.to_bytes(), name, offset, data);
        let refused = Fitted::from_bytes(&bytes).map(|_| ()).unwrap_err();
        assert!(matches!(refused, LoadError::Invalid { .. }), "{name}: {refused}");
    };
    let (classes, numbers) = (classifier(), regressor());
    for fitted in [&classes, &numbers] {
        check(fitted, "estimator.sizes", 0, &0i64.to_le_bytes());
        check(fitted, "estimator.sizes", 0, &2i64.to_le_bytes());
        check(fitted, "estimator.sizes", 0, &i64::MAX.to_le_bytes());
        // A root that is a leaf, and a column that is not there.
        check(fitted, "estimator.columns", 0, &u32::MAX.to_le_bytes());
        check(fitted, "estimator.columns", 0, &2u32.to_le_bytes());
        check(fitted, "estimator.thresholds", 0, &f64::NAN.to_le_bytes());
        check(fitted, "estimator.importances", 0, &(-0.1f64).to_le_bytes());
    }
    check(&classes, "estimator.classes", 0, &2u32.to_le_bytes());
    check(&classes, "estimator.shares", 0, &1.5f64.to_le_bytes());
    check(&classes, "estimator.shares", 0, &1e-3f64.to_le_bytes());
    check(&numbers, "estimator.numbers", 0, &f64::INFINITY.to_le_bytes());
}

/// Files that an earlier build wrote. They are never written again: a new format gets new files beside them.
const VERSION_1: [(&[u8], &str); 2] = [
    (
        include_bytes!("../fixtures/forest_v1.safetensors"),
        include_str!("../fixtures/forest_v1.answers.json"),
    ),
    (
        include_bytes!("../fixtures/tree_v1.safetensors"),
        include_str!("../fixtures/tree_v1.answers.json"),
    ),
];

#[test]
fn trees_of_format_version_1_load_and_predict_as_they_did() {
    let (rows, _, _) = points();
    for (bytes, answers) in VERSION_1 {
        let fitted = Fitted::from_bytes(bytes).unwrap();
        let answers: Vec<Vec<f64>> = serde_json::from_str(answers).unwrap();
        let found: Vec<Vec<f64>> = match fitted.predict_proba(&rows) {
            Ok(shares) => shares.outer_iter().map(|row| row.to_vec()).collect(),
            Err(_) => match fitted.predict(&rows).unwrap() {
                auriga_learn::Column::Number(numbers) => {
                    numbers.into_iter().map(|number| vec![number]).collect()
                }
                _ => unreachable!("a regression predicts numbers"),
            },
        };
        assert_eq!(found, answers);
        assert_eq!(fitted.to_bytes(), bytes);
    }
}

#[test]
fn a_fit_makes_the_trees_that_it_made_when_the_files_were_written() {
    // The seed promises the same fit in every build, not just in one.
    assert_eq!(classifier().to_bytes(), VERSION_1[0].0);
    let (rows, _, sums) = points();
    let tree = Estimator::DecisionTreeRegressor(DecisionTreeRegressor::default());
    assert_eq!(fit(&alone(tree), &rows, &sums).to_bytes(), VERSION_1[1].0);
}
