//! Metrics and cross-validations that the rows do not allow.

use super::given::{Given, ROWS, given, model};

/// The good manifest with this under `training`, and these rows.
fn trained(training: &str, rows: &str) -> Given {
    given(model("c: 0.3", &format!("c: 0.3\n  training: {training}")), rows)
}

/// A cross-validation of these rows must be refused with these words.
#[track_caller]
fn refused(split: &str, rows: &str, message: &str) {
    trained(&format!("{{crossValidation: {{{split}}}}}"), rows)
        .fit_fails(2, &format!("cannot cross-validate iris: {message}"));
}

#[test]
fn a_metric_that_the_target_has_no_value_for_is_refused() {
    trained("{scoring: f1}", &format!("{ROWS}6.0,3.0,virginica\n")).fit_fails(
        2,
        "spec.training.scoring: f1 is for a target of two classes, and this one has 3; use f1_macro",
    );
    let test = "target: species\n    test: {csv: {path: test.csv}}\n  training: {scoring: roc_auc}";
    given(model("target: species", test), ROWS)
        .with(
            "test.csv",
            "length,width,species\n5.0,3.4,setosa\n4.8,3.1,setosa\n",
        )
        .fit_fails(
            2,
            "cannot score on spec.dataset.test: roc_auc needs a row of every class, and none of these 2 is \
             \"versicolor\"; use more rows or another metric",
        );
}

#[test]
fn a_class_absent_from_a_fold_is_named_with_the_fold() {
    refused(
        "kFold: {nSplits: 2}",
        ROWS,
        "fold 1 of 2, which learns from 2 rows: none of them is of the class \"setosa\"; use stratifiedKFold",
    );
    refused(
        "stratifiedKFold: {nSplits: 2}",
        &format!("{ROWS}6.0,3.0,virginica\n"),
        "fold 1 of 2, which learns from 2 rows: none of them is of the class \"virginica\"; it is the class of a \
         single row: leave that row out, or add rows of that class",
    );
}

#[test]
fn more_folds_than_there_are_rows_or_groups_are_refused() {
    refused(
        "kFold: {}",
        ROWS,
        "kFold: 4 rows are too few for 5 folds; choose fewer nSplits, or give more rows",
    );
    refused(
        "stratifiedKFold: {nSplits: 3}",
        ROWS,
        "stratifiedKFold: no class has as many rows as there are folds, 3: the largest has 2; choose at most that many \
         nSplits",
    );
    let grouped = "length,patient,species\n5.1,a,setosa\n4.9,b,setosa\n7.0,a,versicolor\n6.4,b,versicolor\n";
    refused(
        "groupKFold: {groups: patient}",
        grouped,
        "groupKFold: column \"patient\" has 2 groups, fewer than 5 folds; choose fewer nSplits",
    );
    refused(
        "groupKFold: {groups: patient}",
        &grouped.replace("7.0,a", "7.0,"),
        "groupKFold: column \"patient\", row 3: the cell is missing; give each row a group, or leave it out",
    );
}

#[test]
fn a_column_of_groups_must_be_there() {
    trained("{crossValidation: {groupKFold: {groups: widht}}}", ROWS).fit_fails(
        2,
        "spec.training.crossValidation.groupKFold.groups: rows.csv has no column \"widht\"; did you mean \"width\"?",
    );
}

#[test]
fn what_is_missing_or_new_in_one_fold_alone_is_named_with_it() {
    let hollow = "length,width,species\n,3.5,setosa\n,3.0,versicolor\n7.0,3.2,setosa\n6.4,3.2,versicolor\n";
    let impute =
        "{crossValidation: {kFold: {nSplits: 2}}}\n  transformers: [{name: fill, simpleImputer: {}}]";
    trained(impute, hollow).fit_fails(
        2,
        "cannot cross-validate iris: fold 2 of 2, which learns from 2 rows: simpleImputer: column \"length\" has only \
         missing cells; take it out of the features, or use shuffle: true, or more folds",
    );
    let cities = "city,species\nBern,setosa\nRome,versicolor\nBern,setosa\nOslo,versicolor\n";
    let encode =
        "{crossValidation: {kFold: {nSplits: 2}}}\n  transformers: [{name: encode, oneHotEncoder: {}}]";
    trained(encode, cities).fit_fails(
        2,
        "cannot cross-validate iris: fold 1 of 2, which learns from 2 rows: on the rows kept apart, column \"city\", row \
         2: \"Rome\" is not among the 2 categories of the fit; let the oneHotEncoder handleUnknown: ignore, or use shuffle: true, or more \
         folds",
    );
}

#[test]
fn a_bar_needs_the_metric_that_it_is_held_against() {
    let test = "target: length\n    test: {csv: {path: test.csv}}\n  training: {saveIfBetterThan: 0.1}";
    let manifest = model("target: species", test).replace("logisticRegression:\n      c: 0.3", "ridge: {}");
    given(manifest, "length,width\n5.1,3.5\n4.9,3.0\n7.0,3.2\n6.4,3.2\n")
        .with("test.csv", "length,width\n5.0,3.4\n")
        .fit_fails(
            2,
            "cannot score on spec.dataset.test: r2 needs at least 2 rows; there are 1",
        );
}
