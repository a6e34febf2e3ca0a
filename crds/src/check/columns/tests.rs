//! Columns that cannot be there, found without a row of data.

use crate::{Fault, document};

/// A dataset and steps around it; the names are `length`, `width` and `species`.
fn check(dataset: &str, steps: &str, expected: &[&str]) {
    let text = format!(
        "apiVersion: auriga.dev/v1alpha1\nkind: Model\nmetadata: {{name: iris}}\nspec:\n  estimator: {{ridge: {{}}}}\n  \
         transformers: [{steps}]\n  dataset:\n{dataset}"
    );
    let found = match crate::check(&document::read(&text).unwrap()[0]) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.iter().map(Fault::to_string).collect(),
    };
    assert_eq!(found, expected, "{text}");
}

const TRAIN: &str = "    train: {csv: {path: a, names: [length, width, species]}}\n";

#[test]
fn columns_that_are_written_down_raise_no_fault() {
    let scaler =
        "{name: a, columns: [width], standardScaler: {}}, {name: b, columns: [new], simpleImputer: {}}";
    check(&format!("{TRAIN}    target: species"), scaler, &[]);
    check(
        "    train: {csv: {path: a}}\n    target: species\n    features: [width]",
        scaler,
        &[],
    );
}

#[test]
fn target_and_features_must_be_among_the_names() {
    check(
        &format!("{TRAIN}    target: specis\n    features: [width, a]"),
        "",
        &[
            "9:5: spec.dataset.target: \"specis\" is not among the names of spec.dataset.train; did you mean \"species\"?",
            "10:23: spec.dataset.features[1]: \"a\" is not among the names of spec.dataset.train; they are \"length\", \
             \"width\", \"species\"",
        ],
    );
    check(
        "    train: {csv: {path: a, usecols: [length, width]}}\n    target: species",
        "",
        &[
            "9:5: spec.dataset.target: \"species\" is not among the usecols of spec.dataset.train; they are \"length\", \
             \"width\"",
        ],
    );
    check(
        &format!(
            "{TRAIN}    test: {{csv: {{path: b, names: [species, length]}}}}\n    target: species\n    features: [width]"
        ),
        "",
        &[
            "11:16: spec.dataset.features[0]: \"width\" is not among the names of spec.dataset.test; they are \"species\", \
             \"length\"",
        ],
    );
}

#[test]
fn usecols_and_types_must_be_among_the_names() {
    let train = TRAIN.replace(
        "path: a",
        "path: a, usecols: [with, species], types: {lenght: number}",
    );
    check(
        &format!("{train}    target: species"),
        "",
        &[
            "8:38: spec.dataset.train.csv.usecols[0]: \"with\" is not among the names of spec.dataset.train; did you mean \
             \"width\"?",
            "8:62: spec.dataset.train.csv.types.lenght: \"lenght\" is not among the names of spec.dataset.train; did you \
             mean \"length\"?",
        ],
    );
}

#[test]
fn the_first_transformer_sees_the_features_alone() {
    let step = |column: &str| format!("{{name: a, columns: [{column}], standardScaler: {{}}}}");
    check(
        &format!("{TRAIN}    target: species"),
        &step("widht"),
        &[
            "6:38: spec.transformers[0].columns[0]: \"widht\" is not among the names of spec.dataset.train; did you mean \
             \"width\"?",
        ],
    );
    check(
        "    train: {csv: {path: a}}\n    target: species\n    features: [length]",
        &step("width"),
        &[
            "6:38: spec.transformers[0].columns[0]: \"width\" is not among spec.dataset.features; they are \"length\"",
        ],
    );
    check(
        &format!("{TRAIN}    target: species"),
        &step("species"),
        &[
            "6:38: spec.transformers[0].columns[0]: \"species\" is the target, which no transformer sees; remove it",
        ],
    );
}

#[test]
fn names_that_are_no_texts_are_told_alone() {
    let train = TRAIN.replace("width", "3");
    check(
        &format!("{train}    target: width"),
        "",
        &["8:44: spec.dataset.train.csv.names[1]: 3 is not a text; write it in quotes: \"3\""],
    );
}

#[test]
fn only_the_first_unknown_columns_get_a_guess() {
    let many = |letter: char| {
        let names: Vec<String> = (0..1000).map(|at| format!("{letter}{at:040}")).collect();
        names.join(", ")
    };
    let text = format!(
        "spec: {{dataset: {{train: {{csv: {{names: [{}]}}}}, features: [{}]}}}}",
        many('a'),
        many('b')
    );
    let mut faults = Vec::new();
    super::check(&document::read(&text).unwrap()[0].value, &mut faults);
    assert_eq!(faults.len(), 1000);
    let guessed = faults
        .iter()
        .filter(|fault| fault.message.contains("did you mean"));
    assert_eq!(guessed.count(), super::GUESSED);
}
