//! Fits that cannot be done: the message names the place and the remedy.

use std::collections::BTreeMap;

use auriga_learn::{
    ClassWeight, Column, Control, Estimator, Fill, ImputeStrategy, LinearRegression, LogisticRegression,
    OneHotEncoder, Ridge, SimpleImputer, StandardScaler, Step, Steps, Table, Transformer,
};

use crate::fixtures::{alone, booleans, logistic, numbers, people, points, ridge, step, table, texts};

fn check(steps: &Steps, features: &Table, target: &Column, message: &str) {
    let refused = steps.fit(features, ("t", target), &Control::none()).unwrap_err();
    assert_eq!(refused.to_string(), message);
}

fn with(transformers: Vec<Step>) -> Steps {
    Steps {
        transformers,
        estimator: ridge(),
    }
}

fn of(columns: &[&str], step: Step) -> Step {
    Step {
        columns: Some(columns.iter().map(|&column| column.to_owned()).collect()),
        ..step
    }
}

fn scale() -> Step {
    step("scale", Transformer::StandardScaler(StandardScaler::default()))
}

fn fill(strategy: ImputeStrategy) -> Step {
    step("fill", Transformer::SimpleImputer(SimpleImputer { strategy }))
}

fn encode() -> Step {
    step("encode", Transformer::OneHotEncoder(OneHotEncoder::default()))
}

fn six() -> Column {
    numbers(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0])
}

#[test]
fn steps_that_do_not_fit_the_table_are_named() {
    let check =
        |transformers: Vec<Step>, message: &str| check(&with(transformers), &people(), &six(), message);
    check(
        vec![of(&["agee"], scale())],
        "transformer \"scale\": there is no column \"agee\" at this step; did you mean \"age\"?",
    );
    check(
        vec![encode(), of(&["city"], scale())],
        "transformer \"scale\": there is no column \"city\" at this step",
    );
    check(
        vec![of(&["city"], scale())],
        "transformer \"scale\": column \"city\" is a text column; standardScaler takes number columns",
    );
    check(
        vec![of(&["age", "age"], scale())],
        "transformer \"scale\" names column \"age\" twice; once is enough",
    );
    check(
        vec![scale(), scale()],
        "two transformers are called \"scale\"; give each step a name of its own",
    );
    check(
        vec![of(
            &["member"],
            fill(ImputeStrategy::Constant(Some(Fill::Text("x".to_owned())))),
        )],
        "transformer \"fill\": column \"member\" is a boolean column; simpleImputer takes text columns",
    );
    let many = (0..101)
        .map(|number| step(&number.to_string(), scale().transformer))
        .collect();
    check(many, "there are 101 transformers; at most 100 are possible");
}

#[test]
fn what_an_estimator_cannot_take_is_named_with_the_step_that_helps() {
    check(
        &with(vec![]),
        &people().select(&["city", "age"]).unwrap(),
        &six(),
        "column \"city\", row 0: ridge needs numbers, but \"Rome\" is a text; add a oneHotEncoder for \"city\", or \
         take it out of the features",
    );
    check(
        &with(vec![]),
        &people().select(&["income", "age"]).unwrap(),
        &six(),
        "column \"age\", row 1: ridge takes no missing cells; add a simpleImputer for \"age\", or leave out the row",
    );
    let gaps = table(&[("ok", Column::Boolean(vec![Some(true), Some(false), None]))]);
    check(
        &with(vec![]),
        &gaps,
        &numbers(&[1.0, 2.0, 3.0]),
        "column \"ok\", row 2: ridge takes no missing cells; add a simpleImputer for \"ok\", or leave out the row",
    );
}

#[test]
fn a_stray_text_among_numbers_is_named_rather_than_the_first_cell() {
    let stray = |row: usize, cell: &str| {
        format!(
            "column \"b\", row {row}: {cell} is not a number; mend it, or list it under missingValues; if the column \
             holds categories, add a oneHotEncoder"
        )
    };
    let category = |row: usize, cell: &str| {
        format!(
            "column \"b\", row {row}: ridge needs numbers, but {cell} is a text; add a oneHotEncoder for \"b\", or \
             take it out of the features"
        )
    };
    let check = |cells: &[&str], message: String| {
        let target = numbers(&vec![1.0; cells.len()]);
        check(&with(vec![]), &table(&[("b", texts(cells))]), &target, &message);
    };
    check(&["2", "x1", "5", "4"], stray(1, "\"x1\""));
    check(
        &["", " -2e3 ", "1,5", "", "nan", "5", "+.5", "4"],
        stray(2, "\"1,5\""),
    );
    check(&["1", "inf", "2"], stray(1, "\"inf\""));
    check(&["", "a", "1", "b", "2"], category(1, "\"a\""));
    check(&["1", "a", "b"], category(0, "\"1\""));
    check(&["", "1", "2"], category(1, "\"1\""));
}

#[test]
fn a_column_without_a_value_is_named() {
    let empty = table(&[("n", numbers(&[f64::NAN; 3])), ("text", texts(&["", "", ""]))]);
    let target = numbers(&[1.0, 2.0, 3.0]);
    let message = |transformer: &str, column: &str| {
        format!("{transformer}: column \"{column}\" has only missing cells; take it out of the features")
    };
    for strategy in [
        ImputeStrategy::Mean,
        ImputeStrategy::Median,
        ImputeStrategy::MostFrequent,
    ] {
        check(
            &with(vec![fill(strategy)]),
            &empty,
            &target,
            &message("simpleImputer", "n"),
        );
    }
    check(
        &with(vec![scale()]),
        &empty,
        &target,
        &message("standardScaler", "n"),
    );
    let steps = with(vec![fill(ImputeStrategy::Constant(None)), encode()]);
    assert!(steps.fit(&empty, ("y", &target), &Control::none()).is_ok());
}

#[test]
fn a_made_name_that_is_taken_is_named() {
    let rows = table(&[
        ("city", texts(&["Rome", "Bern"])),
        ("city=Rome", numbers(&[1.0, 2.0])),
    ]);
    let message = "transformer \"encode\" makes a column \"city=Rome\", but there is one already; rename it in the \
                   dataset, or list other columns for this step";
    check(&with(vec![encode()]), &rows, &numbers(&[1.0, 2.0]), message);
    let rows = table(&[("a", texts(&["b=c", "d"])), ("a=b", texts(&["c", "e"]))]);
    let of_both = "transformer \"encode\" makes a column \"a=b=c\", but there is one already; this step makes it twice: \
                   rename the columns that it is made of, or list other columns for this step";
    check(&with(vec![encode()]), &rows, &numbers(&[1.0, 2.0]), of_both);
    let steps = vec![
        of(&["a"], encode()),
        of(&["a=b"], step("again", encode().transformer)),
    ];
    let of_another = "transformer \"again\" makes a column \"a=b=c\", but there is one already; an earlier step made it: \
                      list other columns for one of the two steps";
    check(&with(steps), &rows, &numbers(&[1.0, 2.0]), of_another);
}

#[test]
fn targets_that_cannot_be_learned_are_named_with_what_can_learn_them() {
    let (rows, classes, _) = points();
    let three = rows.slice(0..3);
    check(
        &alone(ridge()),
        &rows,
        &classes,
        "target \"t\" is a text column; ridge predicts numbers: use a classifier such as logisticRegression, or \
         another target",
    );
    check(
        &alone(logistic()),
        &three,
        &numbers(&[2.0, 0.5, 1.0]),
        "target \"t\", row 1: 0.5 is not a whole number, so the target is no class; use a regressor such as \
         linearRegression",
    );
    check(
        &alone(logistic()),
        &three,
        &texts(&["a", "a", "a"]),
        "target \"t\" is \"a\" in every row; a classifier needs at least two classes",
    );
    check(
        &alone(logistic()),
        &three,
        &numbers(&[0.0, -0.0, 0.0]),
        "target \"t\" is 0 in every row; a classifier needs at least two classes",
    );
    let infinite = "target \"t\", row 2: the number is infinite";
    check(
        &alone(ridge()),
        &three,
        &numbers(&[0.0, 1.0, f64::INFINITY]),
        infinite,
    );
    check(
        &alone(logistic()),
        &three,
        &numbers(&[0.0, 1.0, f64::INFINITY]),
        infinite,
    );
    let many: Vec<f64> = (0..1_001).map(f64::from).collect();
    check(
        &alone(logistic()),
        &table(&[("x", numbers(&many))]),
        &numbers(&many),
        "target \"t\" has 1001 different values, more than 1000 classes; use a regressor such as linearRegression, \
         or another target",
    );
    let names: Vec<String> = many.iter().map(|number| format!("name {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(
        &alone(logistic()),
        &table(&[("x", numbers(&many))]),
        &texts(&names),
        "target \"t\" has 1001 different values, more than 1000 classes; give rare ones one name in the dataset, or use \
         another target",
    );
}

#[test]
fn hyperparameters_out_of_range_are_named_before_anything_is_computed() {
    let check = |estimator: Estimator, message: &str| {
        assert_eq!(estimator.check().unwrap_err().to_string(), message);
        check(&alone(estimator), &points().0, &points().2, message);
    };
    let logistic = LogisticRegression::default;
    let of = Estimator::LogisticRegression;
    check(
        of(LogisticRegression { c: 0.0, ..logistic() }),
        "logisticRegression: c is 0; it must be greater than 0, and 1/c a finite number",
    );
    check(
        of(LogisticRegression {
            c: f64::NAN,
            ..logistic()
        }),
        "logisticRegression: c is NaN; it must be greater than 0, and 1/c a finite number",
    );
    check(
        of(LogisticRegression {
            c: 1e-320,
            ..logistic()
        }),
        "logisticRegression: c is 1e-320; it must be greater than 0, and 1/c a finite number",
    );
    check(
        of(LogisticRegression {
            max_iter: 0,
            ..logistic()
        }),
        "logisticRegression: maxIter is 0; it must be at least 1",
    );
    check(
        of(LogisticRegression {
            tol: -1.0,
            ..logistic()
        }),
        "logisticRegression: tol is -1; it must be a finite number of at least 0",
    );
    let class_weight = ClassWeight::PerClass(BTreeMap::from([("a".to_owned(), 0.0)]));
    check(
        of(LogisticRegression {
            class_weight,
            ..logistic()
        }),
        "logisticRegression: classWeight is 0; it must be a finite number greater than 0",
    );
    check(
        Estimator::Ridge(Ridge {
            alpha: -0.5,
            fit_intercept: true,
        }),
        "ridge: alpha is -0.5; it must be a finite number of at least 0",
    );
    check(
        Estimator::LinearRegression(LinearRegression {
            tol: 1.0,
            fit_intercept: true,
        }),
        "linearRegression: tol is 1; it must be at least 0 and below 1",
    );
    let infinite = fill(ImputeStrategy::Constant(Some(Fill::Number(f64::INFINITY))));
    assert_eq!(
        with(vec![infinite]).check().unwrap_err().to_string(),
        "simpleImputer: fillValue is inf; it must be a finite number"
    );
}

#[test]
fn a_weight_for_a_class_that_no_row_has_is_named() {
    let weights = |class: &str| {
        alone(Estimator::LogisticRegression(LogisticRegression {
            class_weight: ClassWeight::PerClass(BTreeMap::from([(class.to_owned(), 2.0)])),
            ..LogisticRegression::default()
        }))
    };
    let (rows, classes, _) = points();
    let message = "classWeight: no row has the class \"hihg\"; did you mean \"high\"?";
    check(&weights("hihg"), &rows, &classes, message);
    let codes = numbers(&[1.0, 2.0].repeat(6));
    check(
        &weights("3.5"),
        &rows,
        &codes,
        "classWeight: no row has the class \"3.5\"; there are 1, 2",
    );
    assert!(weights("2").fit(&rows, ("t", &codes), &Control::none()).is_ok());
    let flags = booleans(&[true, false].repeat(6));
    assert!(
        weights("true")
            .fit(&rows, ("t", &flags), &Control::none())
            .is_ok()
    );
}

#[test]
fn numbers_beyond_computing_are_refused_with_the_remedy() {
    let rows = table(&[("x", numbers(&[1e200, -1e200, 5e199]))]);
    let remedy =
        "the numbers are too large to compute with; scale them down in the dataset, or add a standardScaler";
    check(
        &alone(logistic()),
        &rows,
        &texts(&["a", "b", "a"]),
        &format!("logisticRegression: {remedy}"),
    );
    check(
        &with(vec![scale()]),
        &rows,
        &numbers(&[1.0, 2.0, 3.0]),
        "transformer \"scale\": column \"x\": the numbers are too large to compute with; scale them down in the dataset",
    );
    // Least squares bring them near 1 by themselves.
    assert!(
        alone(ridge())
            .fit(&rows, ("y", &numbers(&[1.0, 2.0, 3.0])), &Control::none())
            .is_ok()
    );
    let tiny = table(&[("x", numbers(&[0.0, 1e-200, 2e-200]))]);
    check(
        &alone(Estimator::LinearRegression(LinearRegression::default())),
        &tiny,
        &numbers(&[1e200, 2e200, 3e200]),
        &format!("linearRegression: {remedy}"),
    );
}

#[test]
fn a_name_without_end_is_refused() {
    let rows = table(&[(&"x".repeat(257), numbers(&[1.0, 2.0]))]);
    let message = format!(
        "a feature column has a name of more than 256 bytes, beginning \"{}\"; rename it in the dataset",
        "x".repeat(40)
    );
    check(&with(vec![]), &rows, &numbers(&[1.0, 2.0]), &message);
}
