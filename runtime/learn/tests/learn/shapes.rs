//! What transformers make of tables, and tables too wide, too long or too empty for them.

use auriga_learn::{
    Column, Control, Fitted, HandleUnknown, MinMaxScaler, OneHotEncoder, PolynomialFeatures, SimpleImputer,
    StandardScaler, Step, Steps, Table, Transformer,
};

use crate::fixtures::{alone, fit, logistic, numbers, ridge, step, table, texts};

fn with(transformers: Vec<Step>) -> Steps {
    Steps {
        transformers,
        estimator: ridge(),
    }
}

fn encode() -> Step {
    let handle_unknown = HandleUnknown::Ignore;
    step(
        "encode",
        Transformer::OneHotEncoder(OneHotEncoder { handle_unknown }),
    )
}

fn products(degree: usize, include_bias: bool) -> Step {
    let features = PolynomialFeatures {
        degree,
        include_bias,
        ..PolynomialFeatures::default()
    };
    step("products", Transformer::PolynomialFeatures(features))
}

fn range(min: f64, max: f64, clip: bool) -> Step {
    step(
        "range",
        Transformer::MinMaxScaler(MinMaxScaler { min, max, clip }),
    )
}

/// A text column of n_rows cells, of which n_texts are different.
fn categories(n_texts: usize, n_rows: usize) -> Column {
    Column::Text(
        (0..n_rows)
            .map(|row| Some(format!("c{}", row % n_texts)))
            .collect(),
    )
}

/// The fit on these columns must be refused with this message.
fn refused(transformers: Vec<Step>, columns: &[(&str, Column)], message: &str) {
    let target = Column::Number((0..columns[0].1.len()).map(|row| row as f64).collect());
    let refused = with(transformers).fit(&table(columns), ("t", &target), &Control::none());
    assert_eq!(refused.unwrap_err().to_string(), message);
}

fn fitted(transformers: Vec<Step>, features: &Table) -> Fitted {
    let target = Column::Number((0..features.n_rows()).map(|row| row as f64).collect());
    fit(&with(transformers), features, &target)
}

#[test]
fn products_stand_in_the_place_of_the_first_column_in_the_order_of_the_table() {
    let rows = table(&[
        ("city", texts(&["x", "y"])),
        ("b", numbers(&[2.0, 5.0])),
        ("flag", Column::Boolean(vec![Some(true), Some(false)])),
        ("a", numbers(&[3.0, 7.0])),
    ]);
    let names = |columns: [&str; 2]| {
        let named = Step {
            columns: Some(columns.map(str::to_owned).to_vec()),
            ..products(2, true)
        };
        fitted(vec![named, encode()], &rows).matrix_columns().to_vec()
    };
    let expected = ["city=x", "city=y", "1", "b", "a", "b^2", "b a", "a^2", "flag"];
    assert_eq!(names(["a", "b"]), expected);
    assert_eq!(names(["b", "a"]), expected);
    let matrix = fitted(vec![products(2, true), encode()], &rows)
        .transform(&rows)
        .unwrap();
    assert_eq!(
        matrix.row(1).to_vec(),
        [0.0, 1.0, 1.0, 5.0, 7.0, 25.0, 35.0, 49.0, 0.0]
    );
}

#[test]
fn without_number_columns_there_are_no_products() {
    let rows = table(&[("city", texts(&["x", "y"]))]);
    let fitted = fitted(vec![products(3, true), encode()], &rows);
    assert_eq!(fitted.matrix_columns(), ["city=x", "city=y"]);
    assert_eq!(Fitted::from_bytes(&fitted.to_bytes()), Ok(fitted));
}

#[test]
fn a_product_with_a_missing_cell_is_missing() {
    let rows = table(&[
        ("a", numbers(&[0.0, 2.0, 4.0])),
        ("b", numbers(&[1.0, f64::NAN, 3.0])),
    ]);
    let fill = step("fill", Transformer::SimpleImputer(SimpleImputer::default()));
    let matrix = fitted(vec![products(2, false), fill], &rows)
        .transform(&rows)
        .unwrap();
    // The mean of 0 · 1 and 4 · 3.
    assert_eq!(matrix[[1, 3]], 6.0);
    refused(
        vec![products(2, false)],
        &[("a", numbers(&[1.0, 2.0])), ("b", numbers(&[1.0, f64::NAN]))],
        "column \"b\", row 1: ridge takes no missing cells; add a simpleImputer for \"b\", or leave out the row",
    );
}

#[test]
fn products_beyond_numbers_are_named() {
    refused(
        vec![products(3, true)],
        &[("a", numbers(&[1.0, 0.0])), ("b", numbers(&[1.0, 1e155]))],
        "transformer \"products\": column \"b^2\", row 1: the number is too large to compute with; scale down what it is made of",
    );
}

#[test]
fn products_beyond_use_are_refused_before_they_are_made() {
    let check = |n_columns: usize, n_rows: usize, degree: usize, message: &str| {
        let names: Vec<String> = (0..n_columns).map(|number| format!("x{number}")).collect();
        let cells = Column::Number(vec![1.0; n_rows]);
        let columns: Vec<(&str, Column)> = names.iter().map(|name| (name.as_str(), cells.clone())).collect();
        let remedy = "lower the degree, set interactionOnly, or list fewer columns for this step";
        refused(
            vec![products(degree, true)],
            &columns,
            &format!("{message}; {remedy}"),
        );
    };
    let of = "polynomialFeatures: 500 columns have";
    check(
        500,
        2,
        2,
        &format!("{of} 125750 products of up to 2 factors, more than 100000"),
    );
    check(
        500,
        2,
        10,
        &format!("{of} countless products of up to 10 factors, more than 100000"),
    );
    check(
        60,
        20_000,
        3,
        "transformer \"products\": 20000 rows of 39711 columns would take 5.9 GiB, more than 4 GiB",
    );
}

#[test]
fn two_columns_of_ones_clash() {
    let again = Step {
        name: "again".to_owned(),
        columns: Some(vec!["a^2".to_owned()]),
        ..products(2, true)
    };
    refused(
        vec![products(2, true), again],
        &[("a", numbers(&[1.0, 2.0]))],
        "transformer \"again\" makes a column \"1\", but there is one already; set includeBias: false",
    );
}

#[test]
fn names_of_products_end_somewhere() {
    let names: Vec<String> = ('a'..='h').map(|letter| letter.to_string().repeat(256)).collect();
    let columns: Vec<(&str, Column)> = names
        .iter()
        .map(|name| (name.as_str(), numbers(&[1.0, 2.0])))
        .collect();
    let message = format!(
        "a feature column has a name of more than 2048 bytes, beginning \"{}\"; rename it in the dataset",
        "a".repeat(40)
    );
    let all = PolynomialFeatures {
        degree: 8,
        interaction_only: true,
        include_bias: false,
    };
    refused(
        vec![step("products", Transformer::PolynomialFeatures(all))],
        &columns,
        &message,
    );
}

#[test]
fn a_range_holds_the_numbers_of_the_fit_and_others_only_if_clipped() {
    let rows = table(&[
        ("a", numbers(&[10.0, f64::NAN, 20.0])),
        ("constant", numbers(&[7.0, 7.0, 7.0])),
    ]);
    let fill = || step("fill", Transformer::SimpleImputer(SimpleImputer::default()));
    let beyond = table(&[
        ("a", numbers(&[10.0, 25.0, f64::NAN])),
        ("constant", numbers(&[7.0, 8.0, 7.0])),
    ]);
    let matrix = |clip| {
        let fitted = fitted(vec![range(-1.0, 1.0, clip), fill()], &rows);
        fitted.transform(&beyond).unwrap()
    };
    assert_eq!(matrix(false).column(0).to_vec(), [-1.0, 2.0, 0.0]);
    assert_eq!(matrix(false).column(1).to_vec(), [-1.0, 1.0, -1.0]);
    assert_eq!(matrix(true).column(0).to_vec(), [-1.0, 1.0, 0.0]);
}

#[test]
fn the_smallest_numbers_are_brought_to_a_range_and_the_largest_refused() {
    let rows = table(&[("tiny", numbers(&[0.0, 5e-324, 1e-323]))]);
    let matrix = fitted(vec![range(0.0, 1.0, false)], &rows)
        .transform(&rows)
        .unwrap();
    assert_eq!(matrix.column(0).to_vec(), [0.0, 0.5, 1.0]);
    refused(
        vec![range(0.0, 1.0, false)],
        &[("x", numbers(&[-1e308, 1e308]))],
        "transformer \"range\": column \"x\": the numbers are too large to compute with; scale them down in the dataset",
    );
    let fitted = fitted(vec![range(0.0, 1.0, false)], &rows);
    let refused = fitted.predict(&table(&[("tiny", numbers(&[1.0]))])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "column \"tiny\", row 0: the number is too large to compute with; scale down what it is made of"
    );
}

#[test]
fn hyperparameters_out_of_range_are_named() {
    let check = |step: Step, message: &str| {
        assert_eq!(with(vec![step]).check().unwrap_err().to_string(), message);
    };
    let range_message = |ends: &str| {
        format!("minMaxScaler: featureRange is {ends}; it must be from one finite number to a greater one")
    };
    check(range(1.0, 0.0, false), &range_message("1 to 0"));
    check(range(f64::NAN, 0.0, false), &range_message("NaN to 0"));
    check(range(0.0, f64::INFINITY, false), &range_message("0 to inf"));
    let degree = |degree: &str| format!("polynomialFeatures: degree is {degree}; it must be from 1 to 10");
    check(products(0, true), &degree("0"));
    check(products(11, true), &degree("11"));
}

#[test]
fn an_identifier_is_no_category() {
    refused(
        vec![encode()],
        &[("id", categories(10_001, 10_001))],
        "oneHotEncoder: column \"id\" has 10001 categories, another one in every row; it looks like an identifier: \
         take it out of the features",
    );
}

#[test]
fn categories_beyond_memory_are_refused_with_the_estimate_and_the_widest_column() {
    let remedy = "take it out of the features, or give it fewer categories in the dataset";
    refused(
        vec![encode()],
        &[
            ("zip", categories(100_000, 200_000)),
            ("x", Column::Number(vec![0.0; 200_000])),
        ],
        &format!(
            "transformer \"encode\": 200000 rows of 100001 columns would take 149 GiB, more than 4 GiB; column \
             \"zip\" has 100000 categories: {remedy}"
        ),
    );
    // None of these columns is too wide by itself.
    let names: Vec<String> = (0..10).map(|number| format!("part {number}")).collect();
    let mut columns: Vec<(&str, Column)> = names
        .iter()
        .map(|name| (name.as_str(), categories(3_000, 20_000)))
        .collect();
    columns[6].1 = categories(3_001, 20_000);
    refused(
        vec![encode()],
        &columns,
        &format!(
            "transformer \"encode\": 20000 rows of 30001 columns would take 4.5 GiB, more than 4 GiB; column \
             \"part 6\" has 3001 categories: {remedy}"
        ),
    );
    let ids = |n_rows: usize| categories(n_rows, n_rows);
    refused(
        vec![encode()],
        &[
            ("id", ids(9_999)),
            ("a", ids(9_999)),
            ("b", ids(9_999)),
            ("c", ids(9_999)),
            ("d", ids(9_999)),
            ("e", ids(9_999)),
        ],
        &format!(
            "transformer \"encode\": 9999 rows of 59994 columns would take 4.5 GiB, more than 4 GiB; column \
             \"e\" has 9999 categories, another one in every row, so that it looks like an identifier: {remedy}"
        ),
    );
}

#[test]
fn thousands_of_categories_are_learned_and_predicted() {
    let rows = table(&[("code", categories(2_000, 4_000))]);
    let two = Column::Text(
        (0..4_000)
            .map(|row| Some(["a", "b"][row % 2].to_owned()))
            .collect(),
    );
    let steps = Steps {
        transformers: vec![encode()],
        estimator: logistic(),
    };
    let fitted = fit(&steps, &rows, &two);
    assert_eq!(fitted.predict(&rows).unwrap(), two);
}

#[test]
fn more_columns_than_rows_and_a_single_row_are_no_trouble() {
    let wide = table(&[
        ("a", numbers(&[1.0, 2.0])),
        ("b", numbers(&[3.0, 1.0])),
        ("c", numbers(&[5.0, 5.0])),
    ]);
    let steps = || {
        let scale = step("scale", Transformer::StandardScaler(StandardScaler::default()));
        vec![range(0.0, 1.0, false), products(3, true), scale]
    };
    for rows in [wide.clone(), wide.slice(0..1)] {
        let fitted = fitted(steps(), &rows);
        let predicted = fitted.predict(&rows).unwrap();
        let expected = Column::Number((0..rows.n_rows()).map(|row| row as f64).collect());
        let (Column::Number(found), Column::Number(expected)) = (predicted, expected) else {
            unreachable!()
        };
        assert!(
            found
                .iter()
                .zip(&expected)
                .all(|(found, expected)| (found - expected).abs() < 0.5)
        );
    }
    let one_class = alone(logistic()).fit(&wide.slice(0..1), ("t", &texts(&["a"])), &Control::none());
    assert_eq!(
        one_class.unwrap_err().to_string(),
        "target \"t\" is \"a\" in every row; a classifier needs at least two classes"
    );
}

#[test]
fn a_column_without_a_value_is_named() {
    refused(
        vec![range(0.0, 1.0, false)],
        &[("n", numbers(&[f64::NAN; 3]))],
        "minMaxScaler: column \"n\" has only missing cells; take it out of the features",
    );
    refused(
        vec![products(2, true)],
        &[("n", numbers(&[f64::NAN; 3]))],
        "column \"n\", row 0: ridge takes no missing cells; add a simpleImputer for \"n\", or leave out the row",
    );
}
