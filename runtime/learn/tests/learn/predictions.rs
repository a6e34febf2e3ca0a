//! What the steps do to columns on the way to a prediction, and how refused rows are named.

use auriga_learn::{
    Column, Control, Estimator, Fitted, HandleUnknown, ImputeStrategy, LogisticRegression, OneHotEncoder,
    PredictError, PredictOptions, SimpleImputer, StandardScaler, Step, Steps, Transformer,
};

use crate::fixtures::{booleans, fit, numbers, people, ridge, step, table, texts};

fn encode(handle_unknown: HandleUnknown) -> Step {
    step(
        "encode",
        Transformer::OneHotEncoder(OneHotEncoder { handle_unknown }),
    )
}

fn fill() -> Step {
    step("fill", Transformer::SimpleImputer(SimpleImputer::default()))
}

fn scale() -> Step {
    step("scale", Transformer::StandardScaler(StandardScaler::default()))
}

fn fitted(transformers: Vec<Step>) -> Fitted {
    let steps = Steps {
        transformers,
        estimator: ridge(),
    };
    fit(&steps, &people(), &numbers(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0]))
}

#[test]
fn made_columns_stand_in_the_place_of_those_they_were_made_from() {
    let matrix = fitted(vec![fill(), encode(HandleUnknown::Error)])
        .transform(&people())
        .unwrap();
    let row = |row: usize| matrix.row(row).to_vec();
    // age, city=Bern, city=Oslo, city=Rome, income, member
    assert_eq!(row(0), [31.0, 0.0, 0.0, 1.0, 2100.0, 1.0]);
    assert_eq!(
        row(1),
        [
            (31.0 + 45.5 + 28.0 + 60.0 + 39.0) / 5.0,
            1.0,
            0.0,
            0.0,
            3900.0,
            0.0
        ]
    );
}

#[test]
fn a_step_that_names_its_columns_leaves_the_others_as_they_are() {
    let named = Step {
        columns: Some(vec!["income".to_owned()]),
        ..scale()
    };
    let matrix = fitted(vec![fill(), named, encode(HandleUnknown::Error)])
        .transform(&people())
        .unwrap();
    assert_eq!(matrix[[0, 0]], 31.0);
    assert!(matrix.column(4).sum().abs() < 1e-9);
}

#[test]
fn the_order_in_which_a_step_names_its_columns_does_not_move_them() {
    let named = |columns: [&str; 2]| Step {
        columns: Some(columns.map(str::to_owned).to_vec()),
        ..scale()
    };
    let one = fitted(vec![
        fill(),
        named(["age", "income"]),
        encode(HandleUnknown::Error),
    ]);
    let other = fitted(vec![
        fill(),
        named(["income", "age"]),
        encode(HandleUnknown::Error),
    ]);
    assert_eq!(one.transform(&people()), other.transform(&people()));
}

#[test]
fn an_imputer_fills_columns_that_had_no_gap_in_the_fit() {
    let fitted = fitted(vec![fill(), encode(HandleUnknown::Error)]);
    let holed = table(&[
        ("age", numbers(&[30.0])),
        ("city", texts(&["Rome"])),
        ("income", numbers(&[f64::NAN])),
        ("member", booleans(&[true])),
    ]);
    assert!((fitted.transform(&holed).unwrap()[[0, 4]] - 19_100.0 / 6.0).abs() < 1e-9);
}

#[test]
fn refused_cells_are_named_by_column_and_row() {
    let strict = fitted(vec![fill(), encode(HandleUnknown::Error)]);
    let check = |cities: &[&str], members: Column, message: &str, row: usize| {
        let rows = table(&[
            ("member", members),
            ("income", numbers(&[1.0, 2.0])),
            ("city", texts(cities)),
            ("age", numbers(&[1.0, 2.0])),
        ]);
        let refused = strict.predict(&rows).unwrap_err();
        assert_eq!(refused.to_string(), message);
        assert_eq!(refused.row(), Some(row));
    };
    let members = || booleans(&[true, false]);
    check(
        &["Rome", "Rom"],
        members(),
        "column \"city\", row 1: \"Rom\" is not among the 3 categories of the fit; did you mean \"Rome\"?",
        1,
    );
    check(
        &["Paris", "Rome"],
        members(),
        "column \"city\", row 0: \"Paris\" is not among the 3 categories of the fit",
        0,
    );
    let filled = "the cell is missing, and the model has no step that fills it; send a value";
    check(
        &["Rome", ""],
        members(),
        &format!("column \"city\", row 1: {filled}"),
        1,
    );
    check(
        &["Rome", "Rome"],
        Column::Boolean(vec![None, Some(true)]),
        &format!("column \"member\", row 0: {filled}"),
        0,
    );
}

#[test]
fn a_long_or_odd_text_is_quoted_short_and_escaped() {
    let strict = fitted(vec![fill(), encode(HandleUnknown::Error)]);
    let mut rows = people();
    rows.remove("city");
    let odd = format!("line\nbreak{}", "x".repeat(1_000_000));
    let columns = rows.columns().map(|(name, column)| (name, column.clone()));
    let cities = Column::Text(vec![Some(odd); 6]);
    let columns: Vec<(&str, Column)> = columns.chain([("city", cities)]).collect();
    let message = strict.predict(&table(&columns)).unwrap_err().to_string();
    assert!(
        message.contains("line\\nbreakxxx") && message.len() < 200,
        "{message}"
    );
}

#[test]
fn an_encoder_that_ignores_gives_zeros_to_what_it_has_not_seen() {
    let lenient = fitted(vec![fill(), encode(HandleUnknown::Ignore)]);
    let rows = table(&[
        ("age", numbers(&[30.0, 30.0])),
        ("city", texts(&["Paris", ""])),
        ("income", numbers(&[1.0, 1.0])),
        ("member", booleans(&[true, true])),
    ]);
    let matrix = lenient.transform(&rows).unwrap();
    assert_eq!(
        matrix.select(ndarray::Axis(1), &[1, 2, 3]),
        ndarray::Array2::<f64>::zeros((2, 3))
    );
}

#[test]
fn a_missing_text_seen_in_the_fit_is_a_category_that_no_text_can_take() {
    let rows = table(&[("city", texts(&["missing", "", "is missing"]))]);
    let steps = Steps {
        transformers: vec![encode(HandleUnknown::Error)],
        estimator: ridge(),
    };
    let fitted = fit(&steps, &rows, &numbers(&[1.0, 2.0, 3.0]));
    let matrix = fitted.transform(&rows).unwrap();
    assert_eq!(
        matrix,
        ndarray::array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    );
}

#[test]
fn a_number_that_leaves_the_range_is_named_where_it_happens() {
    let rows = table(&[("x", numbers(&[0.0, 1e-300, 2e-300]))]);
    let steps = Steps {
        transformers: vec![scale()],
        estimator: ridge(),
    };
    // The spread of such a column is below what squares can hold, so it counts as constant.
    let fitted = fit(&steps, &rows, &numbers(&[1.0, 2.0, 3.0]));
    assert!(fitted.predict(&rows).is_ok());
    let rows = table(&[("x", numbers(&[0.0, 1e-100, 2e-100]))]);
    let fitted = fit(&steps, &rows, &numbers(&[1.0, 2.0, 3.0]));
    let refused = fitted
        .predict(&table(&[("x", numbers(&[0.0, 1e300]))]))
        .unwrap_err();
    let expected = PredictError::ColumnOverflow {
        column: "x".to_owned(),
        row: 1,
    };
    assert_eq!(refused, expected);
}

#[test]
fn the_most_frequent_value_of_several_is_the_smallest() {
    let rows = table(&[
        ("n", numbers(&[3.0, 1.0, f64::NAN, 1.0, 3.0])),
        ("t", texts(&["b", "a", "", "b", "a"])),
        (
            "b",
            Column::Boolean(vec![Some(true), Some(false), None, None, None]),
        ),
    ]);
    let strategy = ImputeStrategy::MostFrequent;
    let steps = Steps {
        transformers: vec![
            step("fill", Transformer::SimpleImputer(SimpleImputer { strategy })),
            encode(HandleUnknown::Error),
        ],
        estimator: ridge(),
    };
    let target = numbers(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    let fitted = steps.fit(&rows, ("y", &target), &Control::none()).unwrap();
    let matrix = fitted.transform(&rows).unwrap();
    // n, t=a, t=b, b
    assert_eq!(matrix.row(2).to_vec(), [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn many_rows_are_predicted_in_blocks_as_if_they_were_one() {
    let cities: Vec<String> = (0..600).map(|city| format!("city {city}")).collect();
    let column = |n_rows: usize| {
        Column::Text(
            (0..n_rows)
                .map(|row| Some(cities[row % cities.len()].clone()))
                .collect(),
        )
    };
    let target = Column::Number((0..600).map(f64::from).collect());
    let steps = Steps {
        transformers: vec![encode(HandleUnknown::Error)],
        estimator: ridge(),
    };
    let fitted = fit(&steps, &table(&[("city", column(600))]), &target);
    let Column::Number(once) = fitted.predict(&table(&[("city", column(600))])).unwrap() else {
        unreachable!()
    };
    let Column::Number(often) = fitted.predict(&table(&[("city", column(5_000))])).unwrap() else {
        unreachable!()
    };
    assert_eq!(often.len(), 5_000);
    for (row, found) in often.iter().enumerate() {
        assert!((found - once[row % 600]).abs() < 1e-9);
    }
    let Column::Text(mut cells) = column(5_000) else {
        unreachable!()
    };
    cells[4_321] = Some("nowhere".to_owned());
    let refused = fitted
        .predict(&table(&[("city", Column::Text(cells))]))
        .unwrap_err();
    assert_eq!(refused.row(), Some(4_321));
}

#[test]
fn many_classes_are_predicted_in_blocks_as_if_they_were_one() {
    let class = |row: usize| (row % 300) as f64;
    let rows = |n_rows: usize| table(&[("x", Column::Number((0..n_rows).map(class).collect()))]);
    let target = Column::Number((0..600).map(class).collect());
    let steps = Steps {
        transformers: vec![scale()],
        estimator: Estimator::LogisticRegression(LogisticRegression {
            max_iter: 3,
            ..LogisticRegression::default()
        }),
    };
    let fitted = fit(&steps, &rows(600), &target);
    let once = fitted.predict(&rows(300)).unwrap();
    let shares = fitted.predict_proba(&rows(300)).unwrap();
    let often = fitted.predict(&rows(5_000)).unwrap();
    let all_shares = fitted.predict_proba(&rows(5_000)).unwrap();
    assert_eq!((often.len(), all_shares.dim()), (5_000, (5_000, 300)));
    for row in 0..5_000 {
        assert_eq!(often.cell(row), once.cell(row % 300), "row {row}");
        assert!(
            (all_shares[[row, 7]] - shares[[row % 300, 7]]).abs() < 1e-12,
            "row {row}"
        );
    }
}

#[test]
fn a_threshold_moves_rows_between_the_two_classes() {
    let steps = Steps {
        transformers: Vec::new(),
        estimator: Estimator::LogisticRegression(LogisticRegression::default()),
    };
    let rows = table(&[("x", numbers(&[1.0, 2.0, 3.0, 4.0]))]);
    let classes = texts(&["low", "low", "high", "high"]);
    let model = fit(&steps, &rows, &classes);
    let second = model.predict_proba(&rows).unwrap().column(1).to_vec();
    // In the order of the names "high" comes first, so that the second class is "low".
    let check = |threshold: Option<f64>, expected: &[&str]| {
        let predicted = model.predict_with(&rows, PredictOptions { threshold });
        assert_eq!(predicted, Ok(texts(expected)), "{threshold:?} of {second:?}");
    };
    check(None, &["low", "low", "high", "high"]);
    check(Some(0.0), &["low"; 4]);
    check(Some(1.0), &["high"; 4]);
    check(Some(second[0]), &["low", "high", "high", "high"]);
    check(Some(second[2]), &["low", "low", "low", "high"]);
    assert_eq!(model.predict_parameters()[0].name, "threshold");
}

#[test]
fn a_threshold_is_refused_where_it_means_nothing() {
    let model = fitted(vec![fill(), encode(HandleUnknown::Error)]);
    assert!(model.predict_parameters().is_empty());
    let options = PredictOptions { threshold: Some(0.5) };
    assert_eq!(
        model.predict_with(&people(), options),
        Err(PredictError::NoThreshold)
    );
}
