//! Golden requests: what is recorded is replayed, and a difference is named.

use auriga_learn::{
    Estimator, Fitted, GoldenCell, GoldenRequests, HandleUnknown, ImputeStrategy, LinearRegression,
    OneHotEncoder, SimpleImputer, Steps, Transformer,
};

use crate::fixtures::{alone, fit, logistic, numbers, people, points, step, texts};

fn classifier() -> Fitted {
    let (rows, classes, _) = points();
    fit(&alone(logistic()), &rows, &classes)
}

fn regressor() -> Fitted {
    let (rows, _, sums) = points();
    fit(
        &alone(Estimator::LinearRegression(LinearRegression::default())),
        &rows,
        &sums,
    )
}

#[test]
fn recorded_requests_survive_json_and_replay() {
    let fill = SimpleImputer {
        strategy: ImputeStrategy::Median,
    };
    let encode = OneHotEncoder {
        handle_unknown: HandleUnknown::Ignore,
    };
    let steps = Steps {
        transformers: vec![
            step("fill", Transformer::SimpleImputer(fill)),
            step("encode", Transformer::OneHotEncoder(encode)),
        ],
        estimator: logistic(),
    };
    let mixed = fit(&steps, &people(), &texts(&["a", "b", "a", "b", "a", "b"]));
    for (fitted, rows) in [
        (mixed, people()),
        (classifier(), points().0),
        (regressor(), points().0),
    ] {
        let golden = GoldenRequests::record(&fitted, &rows, 4, 1e-12).unwrap();
        assert_eq!((golden.rows.len(), golden.predictions.len()), (4, 4));
        assert_eq!(
            golden.probabilities.len(),
            if fitted.classes().is_some() { 4 } else { 0 }
        );
        let text = serde_json::to_string(&golden).unwrap();
        let back: GoldenRequests = serde_json::from_str(&text).unwrap();
        assert_eq!(back, golden);
        assert_eq!(
            back.replay(&Fitted::from_bytes(&fitted.to_bytes()).unwrap()),
            Ok(())
        );
    }
}

#[test]
fn a_missing_cell_is_null_and_whole_numbers_may_be_written_without_a_point() {
    let golden: GoldenRequests =
        serde_json::from_str(r#"{"rows":[[null,1,"a",true]],"predictions":["b"],"tolerance":0}"#).unwrap();
    let cells = vec![
        GoldenCell::Missing,
        GoldenCell::Number(1.0),
        GoldenCell::Text("a".to_owned()),
        GoldenCell::Boolean(true),
    ];
    assert_eq!(golden.rows, [cells]);
}

#[test]
fn no_rows_make_an_empty_record_and_many_no_more_than_there_are() {
    let golden = GoldenRequests::record(&classifier(), &points().0, 0, 0.0).unwrap();
    assert_eq!(golden, GoldenRequests::default());
    assert_eq!(golden.replay(&classifier()), Ok(()));
    assert_eq!(golden.replay(&regressor()), Ok(()));
    assert_eq!(
        GoldenRequests::record(&classifier(), &points().0, 1_000, 0.0)
            .unwrap()
            .rows
            .len(),
        12
    );
}

#[test]
fn a_difference_is_named_by_row_with_both_values() {
    let recorded = GoldenRequests::record(&classifier(), &points().0, 3, 1e-9).unwrap();
    let check = |change: &dyn Fn(&mut GoldenRequests), fitted: &Fitted, row: usize, words: &[&str]| {
        let mut golden = recorded.clone();
        change(&mut golden);
        let mismatch = golden.replay(fitted).unwrap_err();
        assert_eq!(mismatch.row, row, "{mismatch}");
        for word in words {
            assert!(mismatch.what.contains(word), "{mismatch}");
        }
    };
    let fitted = classifier();
    let wrong = |golden: &mut GoldenRequests| golden.predictions[1] = GoldenCell::Text("middle".to_owned());
    check(
        &wrong,
        &fitted,
        2,
        &["\"middle\" was stored", "\"high\" was predicted"],
    );
    check(
        &|golden| golden.probabilities[2][0] += 1e-6,
        &fitted,
        3,
        &["probability"],
    );
    check(
        &|golden| golden.probabilities[0].truncate(1),
        &fitted,
        1,
        &["1 probabilities", "2 classes"],
    );
    check(&|golden| golden.rows[1].truncate(1), &fitted, 2, &["1 cells"]);
    check(
        &|golden| golden.rows[2][0] = GoldenCell::Boolean(true),
        &fitted,
        3,
        &["\"x\"", "true", "number"],
    );
    check(
        &|golden| golden.rows[2][1] = GoldenCell::Missing,
        &fitted,
        3,
        &["\"y\"", "missing"],
    );
    check(
        &|golden| golden.predictions.truncate(1),
        &fitted,
        3,
        &["differ in number"],
    );
    check(&|_| {}, &regressor(), 3, &["differ in number"]);
}

#[test]
fn the_tolerance_is_relative_to_one_or_to_the_stored_number() {
    let mut golden = GoldenRequests::record(&regressor(), &points().0, 1, 0.01).unwrap();
    let GoldenCell::Number(stored) = golden.predictions[0] else {
        unreachable!()
    };
    let mut check = |difference: f64, is_near: bool| {
        golden.predictions[0] = GoldenCell::Number(stored + difference);
        assert_eq!(golden.replay(&regressor()).is_ok(), is_near, "{difference}");
    };
    check(0.009, true);
    check(0.02, false);
    check(-0.009, true);
    let (rows, _, _) = points();
    let large = fit(
        &alone(Estimator::LinearRegression(LinearRegression::default())),
        &rows,
        &numbers(&(0..12).map(|row| 1e6 + f64::from(row)).collect::<Vec<_>>()),
    );
    let mut golden = GoldenRequests::record(&large, &rows, 1, 0.01).unwrap();
    let GoldenCell::Number(stored) = golden.predictions[0] else {
        unreachable!()
    };
    golden.predictions[0] = GoldenCell::Number(stored * 1.005);
    assert_eq!(golden.replay(&large), Ok(()));
}

#[test]
fn class_numbers_must_be_the_same_whatever_the_tolerance() {
    let (rows, _, _) = points();
    let classes: Vec<f64> = (0..12).map(|row| f64::from(row % 2)).collect();
    let fitted = fit(&alone(logistic()), &rows, &numbers(&classes));
    let mut golden = GoldenRequests::record(&fitted, &rows, 1, 10.0).unwrap();
    let GoldenCell::Number(class) = golden.predictions[0] else {
        unreachable!()
    };
    golden.predictions[0] = GoldenCell::Number(1.0 - class);
    assert_eq!(golden.replay(&fitted).unwrap_err().row, 1);
}
