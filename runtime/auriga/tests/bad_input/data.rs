//! Rows that cannot be read, or not be learned from.

use super::given::{MODEL, ROWS, given, model, nothing};

/// These rows must be refused with these words.
#[track_caller]
fn refused(rows: impl AsRef<[u8]>, message: &str) {
    given(MODEL, rows).fit_fails(2, message);
}

#[test]
fn columns_that_are_not_there_get_those_that_are() {
    given(model("target: species", "target: specie"), ROWS).fit_fails(
        2,
        "spec.dataset.target: rows.csv has no column \"specie\"; did you mean \"species\"?",
    );
    given(model("target: species", "target: kind"), ROWS).fit_fails(
        2,
        "spec.dataset.target: rows.csv has no column \"kind\"; it has \"length\", \"width\", \"species\"",
    );
    given(
        model("target: species", "target: species\n    features: [with]"),
        ROWS,
    )
    .fit_fails(
        2,
        "spec.dataset.features: rows.csv has no column \"with\"; did you mean \"width\"?",
    );
    given(
        model(
            "path: rows.csv",
            "path: rows.csv\n        usecols: [with, species]",
        ),
        ROWS,
    )
    .fit_fails(
        2,
        "usecols: rows.csv has no column \"with\"; did you mean \"width\"?",
    );
    let test = "test: {csv: {path: test.csv}}\n    target: species";
    given(model("target: species", test), ROWS)
        .with("test.csv", "length,species\n1,setosa\n")
        .fit_fails(
            2,
            "spec.dataset.test: test.csv has no column \"width\"; it has \"length\"",
        );
    refused(
        ROWS.replace("length,width", "length,length"),
        "rows.csv, line 1: column \"length\" occurs twice; rename one, or give all columns under names",
    );
}

#[test]
fn a_target_must_tell_something() {
    refused(
        "length,species\n5.1,\n4.9,\n",
        "cannot fit iris: target \"species\" has only missing cells; is it the right column?",
    );
    refused(
        ROWS.replace("3.0,setosa", "3.0,"),
        "cannot fit iris: target \"species\", row 2: the cell is missing; leave out the rows without a target",
    );
    refused(
        "length,species\n5.1,setosa\n4.9,setosa\n",
        "cannot fit iris: target \"species\" is \"setosa\" in every row; a classifier needs at least two classes",
    );
    given(model("logisticRegression:\n      c: 0.3", "ridge: {}"), ROWS).fit_fails(
        2,
        "cannot fit iris: target \"species\" is a text column; ridge predicts numbers: use a classifier such as \
         logisticRegression, or another target",
    );
    let test = "test: {csv: {path: test.csv}}\n    target: species";
    given(model("target: species", test), ROWS)
        .with("test.csv", "length,width,species\n1,2,\n")
        .fit_fails(
            2,
            "cannot score on spec.dataset.test: row 1: the target is missing; leave out the rows without a target",
        );
}

#[test]
fn cells_that_are_no_numbers_are_named_with_row_and_column() {
    refused(
        ROWS.replace("5.1", "tall"),
        "cannot fit iris: column \"length\", row 1: \"tall\" is not a number; mend it, or list it under missingValues; if \
         the column holds categories, add a oneHotEncoder",
    );
    let types = "path: rows.csv\n        types: {length: number}";
    given(model("path: rows.csv", types), ROWS.replace("4.9", "tall")).fit_fails(
        2,
        "rows.csv, line 3, row 2, column \"length\": \"tall\" is not a number; declare the column as text under \
         types, or list the value under missingValues",
    );
    refused(
        ROWS.replace("4.9", ""),
        "cannot fit iris: column \"length\", row 2: logisticRegression takes no missing cells; add a simpleImputer for \
         \"length\", or leave out the row",
    );
    refused(
        ROWS.replace("4.9", "-Infinity"),
        "rows.csv, line 3, row 2, column \"length\": \"-Infinity\" is infinite, which no estimator can use; mend it, \
         or list the value under missingValues",
    );
    refused(
        ROWS.replace("4.9", "1e999"),
        "rows.csv, line 3, row 2, column \"length\": \"1e999\" is too large for a number; mend it, declare the column \
         as text under types, or list the value under missingValues",
    );
}

#[test]
fn what_is_no_table_is_named_with_its_line() {
    refused("", "rows.csv is empty; it should have a header and rows");
    refused(
        "length,species\n",
        "rows.csv has no rows after its header; check the file",
    );
    refused(
        ROWS.replace("4.9,3.0", "4.9"),
        "rows.csv, line 3, row 2: there are 2 fields where 3 are expected; check the separator and the quotes",
    );
    refused(
        ROWS.replace("4.9", "\"4.9"),
        "rows.csv, line 3, row 2: a quote is opened in this row and not closed before the end of the file; close it, or \
         double quotes that are meant as text",
    );
    refused(
        [ROWS.as_bytes(), b"1,2,caf\xe9\n"].concat(),
        "rows.csv, line 6, row 5: byte 97 of the file is not UTF-8; convert the file, for example with iconv -f latin1 -t \
         utf-8",
    );
    refused(
        "<!DOCTYPE html><html></html>",
        "rows.csv is not CSV: it looks like a web page; use the address of the raw file",
    );
    refused(
        b"\x1f\x8b\x08\x00rows",
        "rows.csv is not CSV: it looks like a gzip archive; unpack it first",
    );
    given(
        model("path: rows.csv", "path: rows.csv\n        skiprows: 100"),
        ROWS,
    )
    .fit_fails(
        2,
        "rows.csv has no rows after 100 skipped lines; check skiprows and the file",
    );
}

#[test]
fn files_that_are_not_there_are_told_apart() {
    nothing()
        .with("model.yaml", MODEL)
        .fit_fails(2, "rows.csv does not exist; check the path");
    given(model("path: rows.csv", "path: row.csv"), ROWS)
        .fit_fails(2, "row.csv does not exist; did you mean \"rows.csv\"?");
    given(model("path: rows.csv", "path: ."), ROWS).fit_fails(2, ". is a folder; name a file");
}

#[test]
fn steps_that_do_not_suit_the_columns_are_named() {
    let scale = "target: species\n  transformers: [{name: scale, columns: [lenght], standardScaler: {}}]";
    given(model("target: species", scale), ROWS).fit_fails(
        2,
        "cannot fit iris: transformer \"scale\": there is no column \"lenght\" at this step; did you mean \"length\"?",
    );
    given(
        model("target: species", &scale.replace("lenght", "length")),
        ROWS.replace("4.9", "tall"),
    )
    .fit_fails(
        2,
        "cannot fit iris: transformer \"scale\": column \"length\" is a text column; standardScaler takes number \
         columns",
    );
    given(
        model(
            "c: 0.3",
            "classWeight: {weights: [{class: virginica, weight: 2}]}",
        ),
        ROWS,
    )
    .fit_fails(
        2,
        "cannot fit iris: classWeight: no row has the class \"virginica\"; there are \"setosa\", \"versicolor\"",
    );
}
