//! Splitters: scikit-learn's splits where nothing is drawn, and what must hold of any split.

use auriga_learn::{
    Column, GroupKFold, KFold, ShuffleSplit, Split, SplitError, Splitter, StratifiedKFold,
    StratifiedShuffleSplit, TimeSeriesSplit,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fixtures::{booleans, numbers, texts};

/// The cases stored by `tests/reference/scoring_reference.py`.
#[derive(Deserialize)]
struct Stored {
    splits: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    splitter: String,
    parameters: Map<String, Value>,
    target: Vec<f64>,
    groups: Option<Vec<Value>>,
    train: Vec<Vec<usize>>,
    test: Vec<Vec<usize>>,
}

/// A splitter of the stored cases, which draws nothing.
pub(crate) fn splitter(kind: &str, parameters: &Map<String, Value>) -> Splitter {
    let number = |name: &str| {
        parameters
            .get(name)
            .map(|number| number.as_u64().unwrap() as usize)
    };
    let n_splits = number("nSplits").unwrap();
    match kind {
        "kFold" => k_fold(n_splits, None),
        "stratifiedKFold" => stratified(n_splits, None),
        "groupKFold" => Splitter::GroupKFold(GroupKFold { n_splits }),
        "timeSeriesSplit" => Splitter::TimeSeriesSplit(TimeSeriesSplit {
            n_splits,
            max_train_size: number("maxTrainSize"),
            test_size: number("testSize"),
            gap: number("gap").unwrap_or(0),
        }),
        other => panic!("no splitter {other}"),
    }
}

fn k_fold(n_splits: usize, shuffle: Option<u64>) -> Splitter {
    Splitter::KFold(KFold { n_splits, shuffle })
}

fn stratified(n_splits: usize, shuffle: Option<u64>) -> Splitter {
    Splitter::StratifiedKFold(StratifiedKFold { n_splits, shuffle })
}

fn random(n_splits: usize, test_size: f64, seed: u64) -> Splitter {
    Splitter::ShuffleSplit(ShuffleSplit {
        n_splits,
        test_size,
        seed,
    })
}

fn stratified_random(n_splits: usize, test_size: f64, seed: u64) -> Splitter {
    Splitter::StratifiedShuffleSplit(StratifiedShuffleSplit {
        n_splits,
        test_size,
        seed,
    })
}

fn splits(splitter: Splitter, target: &Column, groups: Option<&Column>) -> Vec<Split> {
    let splits = splitter.split(target, groups.map(|groups| ("group", groups)));
    splits.unwrap_or_else(|error| panic!("{error}")).iter().collect()
}

#[test]
fn splits_without_chance_are_those_of_scikit_learn() {
    let stored: Stored = serde_json::from_str(include_str!("../fixtures/scoring.json")).unwrap();
    assert!(stored.splits.len() >= 15);
    for case in stored.splits {
        let groups = case.groups.map(|groups| match groups[0].is_number() {
            true => Column::Number(groups.iter().map(|group| group.as_f64().unwrap()).collect()),
            false => Column::Text(
                groups
                    .iter()
                    .map(|group| group.as_str().map(str::to_owned))
                    .collect(),
            ),
        });
        let splitter = splitter(&case.splitter, &case.parameters);
        let found = splits(splitter, &Column::Number(case.target), groups.as_ref());
        let expected = case.train.into_iter().zip(case.test);
        let expected: Vec<Split> = expected.map(|(train, test)| Split { train, test }).collect();
        assert_eq!(found, expected, "{}", case.name);
    }
}

#[test]
fn a_seed_makes_the_same_folds_for_ever_and_another_one_others() {
    let target = numbers(&[0.0; 10]);
    let tests = |splitter| -> Vec<Vec<usize>> {
        splits(splitter, &target, None)
            .into_iter()
            .map(|split| split.test)
            .collect()
    };
    // Taken down when it was written: these must not change with a machine or a dependency.
    assert_eq!(
        tests(k_fold(3, Some(7))),
        [vec![3, 5, 8, 9], vec![1, 2, 6], vec![0, 4, 7]]
    );
    assert_eq!(tests(random(3, 0.2, 7)), [[3, 5], [1, 3], [3, 5]]);
    assert_ne!(tests(k_fold(3, Some(7))), tests(k_fold(3, Some(8))));
    assert_ne!(tests(k_fold(3, Some(7))), tests(k_fold(3, None)));
}

#[test]
fn each_row_is_as_often_kept_apart_as_any_other() {
    let target = numbers(&[0.0; 10]);
    let mut counts = [0; 10];
    for seed in 0..1_000 {
        let splits = splits(random(2, 0.3, seed), &target, None);
        splits
            .iter()
            .flat_map(|split| &split.test)
            .for_each(|&row| counts[row] += 1);
    }
    // 2,000 draws at 0.3 have a standard deviation of 20.5; five of them.
    assert!(
        counts.iter().all(|count| (498..=702).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn random_splits_keep_the_shares_of_the_classes() {
    let target: Vec<&str> = (0..50)
        .map(|row| if row % 5 == 0 { "rare" } else { "common" })
        .collect();
    for split in splits(stratified_random(20, 0.2, 3), &texts(&target), None) {
        let rare = |rows: &[usize]| rows.iter().filter(|row| *row % 5 == 0).count();
        assert_eq!(
            (split.test.len(), rare(&split.test), rare(&split.train)),
            (10, 2, 8)
        );
    }
}

#[test]
fn groups_of_any_kind_stay_together() {
    let check = |groups: Column| {
        let two = Splitter::GroupKFold(GroupKFold { n_splits: 2 });
        for split in splits(two, &numbers(&[0.0; 4]), Some(&groups)) {
            let shared = |row: &&usize| {
                split
                    .test
                    .iter()
                    .any(|other| groups.cell(**row) == groups.cell(*other))
            };
            assert_eq!(split.train.iter().find(shared), None, "{groups:?}");
        }
    };
    check(booleans(&[true, false, true, false]));
    check(texts(&["a", "b", "c", "a"]));
    check(numbers(&[0.0, 1.5, -0.0, 2.5]));
}

#[test]
fn rows_that_cannot_be_split_are_told_with_a_remedy() {
    let check = |splitter: Splitter, target: &Column, groups: Option<&Column>, message: &str| {
        let refused = splitter.split(target, groups.map(|groups| ("patient", groups)));
        assert_eq!(refused.unwrap_err().to_string(), message);
    };
    let three = numbers(&[1.0, 2.0, 3.0]);
    check(
        k_fold(5, None),
        &three,
        None,
        "kFold: 3 rows are too few for 5 folds; choose fewer nSplits, or give more rows",
    );
    check(
        k_fold(1, None),
        &three,
        None,
        "kFold: nSplits is 1; it must be at least 2",
    );
    let pairs = texts(&["a", "a", "b", "b"]);
    check(
        stratified(3, None),
        &pairs,
        None,
        "stratifiedKFold: no class has as many rows as there are folds, 3: the largest has 2; choose at most that many \
         nSplits",
    );
    let gap = texts(&["a", "", "b", "b"]);
    check(
        stratified(2, None),
        &gap,
        None,
        "row 1: the target is missing; leave out the rows without a target",
    );
    check(
        k_fold(2, None),
        &numbers(&[1.0]),
        None,
        "kFold: 1 row is too few for 2 folds; give more rows",
    );
    let groups = Splitter::GroupKFold(GroupKFold { n_splits: 3 });
    let four = numbers(&[0.0; 4]);
    check(
        groups,
        &four,
        Some(&pairs),
        "groupKFold: column \"patient\" has 2 groups, fewer than 3 folds; choose fewer nSplits",
    );
    check(
        groups,
        &four,
        Some(&four),
        "groupKFold: column \"patient\" has 1 group, fewer than 3 folds; choose a column with more groups",
    );
    check(
        groups,
        &four,
        Some(&gap),
        "groupKFold: column \"patient\", row 1: the cell is missing; give each row a group, or leave it out",
    );
    check(
        groups,
        &four,
        None,
        "groupKFold needs a column of groups; name one",
    );
    check(
        groups,
        &three,
        Some(&pairs),
        "column \"patient\" has 4 rows, the target has 3",
    );
    check(
        random(2, 1.0, 0),
        &three,
        None,
        "shuffleSplit: testSize is 1; it must be between 0 and 1",
    );
    check(
        random(2, 0.9, 0),
        &three,
        None,
        "shuffleSplit: of 3 rows, testSize 0.9 leaves 0 to learn from and 3 to score on; 1 is needed on either side: \
         choose another testSize",
    );
    check(
        stratified_random(2, 0.1, 0),
        &pairs,
        None,
        "stratifiedShuffleSplit: of 4 rows, testSize 0.1 leaves 3 to learn from and 1 to score on; 2 are needed on \
         either side: choose another testSize",
    );
    check(
        stratified_random(2, 0.5, 0),
        &texts(&["a", "a", "b"]),
        None,
        "stratifiedShuffleSplit: the class \"b\" has one row, which cannot be on both sides; leave it out",
    );
    let series = |n_splits, test_size, gap| {
        Splitter::TimeSeriesSplit(TimeSeriesSplit {
            n_splits,
            max_train_size: None,
            test_size,
            gap,
        })
    };
    check(
        series(2, Some(2), 0),
        &four,
        None,
        "timeSeriesSplit: 2 times 2 rows to score on after a gap of 0 leave none of 4 rows to learn from; choose fewer \
         nSplits, or a smaller testSize or gap",
    );
    check(
        series(4, None, 0),
        &four,
        None,
        "timeSeriesSplit: 4 rows are too few for 4 folds; choose fewer nSplits, or give more rows",
    );
    check(
        series(2, Some(usize::MAX), 0),
        &four,
        None,
        &SplitError::TooShort {
            n_rows: 4,
            n_splits: 2,
            test_size: usize::MAX,
            gap: 0,
        }
        .to_string(),
    );
    check(
        series(2, Some(0), 0),
        &four,
        None,
        "timeSeriesSplit: testSize is 0; it must be at least 1",
    );
}

#[test]
fn a_class_with_fewer_rows_than_folds_is_told() {
    let target = texts(&["a", "b", "a", "a", "b", "a"]);
    let rare = stratified(3, None)
        .split(&target, None)
        .unwrap()
        .rare_class()
        .cloned()
        .unwrap();
    assert_eq!((rare.class.as_str(), rare.n_rows), ("\"b\"", 2));
    assert_eq!(
        stratified(2, None).split(&target, None).unwrap().rare_class(),
        None
    );
}

fn any_splitter() -> impl Strategy<Value = Splitter> {
    let seed = prop::option::of(any::<u64>());
    prop_oneof![
        (1usize..8, seed.clone()).prop_map(|(n_splits, shuffle)| k_fold(n_splits, shuffle)),
        (1usize..8, seed).prop_map(|(n_splits, shuffle)| stratified(n_splits, shuffle)),
        (0usize..4, -0.1..1.1f64, any::<u64>())
            .prop_map(|(n_splits, size, seed)| random(n_splits, size, seed)),
        (0usize..4, -0.1..1.1f64, any::<u64>())
            .prop_map(|(n_splits, size, seed)| stratified_random(n_splits, size, seed)),
        (1usize..8).prop_map(|n_splits| Splitter::GroupKFold(GroupKFold { n_splits })),
        (
            1usize..5,
            prop::option::of(0usize..4),
            prop::option::of(0usize..4),
            0usize..4
        )
            .prop_map(|(n_splits, max_train_size, test_size, gap)| {
                Splitter::TimeSeriesSplit(TimeSeriesSplit {
                    n_splits,
                    max_train_size,
                    test_size,
                    gap,
                })
            }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_row_is_on_both_sides_and_folds_cover_all(
        rows in prop::collection::vec((0u8..4, 0u8..9), 0..24), splitter in any_splitter(),
    ) {
        let target = Column::Number(rows.iter().map(|(class, _)| f64::from(*class)).collect());
        let groups = Column::Number(rows.iter().map(|(_, group)| f64::from(*group)).collect());
        let Ok(splits) = splitter.split(&target, Some(("group", &groups))) else { return Ok(()) };
        let mut tested = vec![0; rows.len()];
        let mut n_splits = 0;
        for Split { train, test } in splits.iter() {
            n_splits += 1;
            prop_assert!(!train.is_empty() && !test.is_empty());
            prop_assert!(train.is_sorted_by(|a, b| a < b) && test.is_sorted_by(|a, b| a < b));
            prop_assert!(!train.iter().any(|row| test.contains(row)));
            let is_series = matches!(splitter, Splitter::TimeSeriesSplit(_));
            prop_assert!(!is_series || train[train.len() - 1] < test[0]);
            prop_assert!(is_series || train.len() + test.len() == rows.len());
            test.iter().for_each(|&row| tested[row] += 1);
        }
        prop_assert_eq!(n_splits, splitter.n_splits());
        if matches!(splitter, Splitter::KFold(_) | Splitter::StratifiedKFold(_) | Splitter::GroupKFold(_)) {
            prop_assert!(tested.iter().all(|count| *count == 1));
        }
    }
}
