//! Tables that are too wide for a transformer, or become so.

use super::given::{ROWS, given, model};

fn with(transformer: &str) -> String {
    let step = format!("target: species\n  transformers: [{{name: shape, {transformer}}}]");
    model("target: species", &step)
}

/// Rows with a text column of so many different texts.
fn categories(n_texts: usize, n_rows: usize) -> String {
    let mut rows = "code,length,species\n".to_owned();
    for row in 0..n_rows {
        let species = ["setosa", "virginica"][row / 2 % 2];
        rows += &format!("c{},1.5,{species}\n", row % n_texts);
    }
    rows
}

#[test]
fn a_hundred_thousand_categories_are_refused_with_the_estimate() {
    given(with("oneHotEncoder: {}"), categories(100_000, 200_000)).fit_fails(
        2,
        "cannot fit iris: transformer \"shape\": 200000 rows of 100001 columns would take 149 GiB, more than 4 GiB; \
         column \"code\" has 100000 categories: take it out of the features, or give it fewer categories in the dataset",
    );
    given(with("oneHotEncoder: {}"), categories(100_000, 100_000)).fit_fails(
        2,
        "cannot fit iris: oneHotEncoder: column \"code\" has 100000 categories, another one in every row; it looks like \
         an identifier: take it out of the features",
    );
}

#[test]
fn numbers_that_grow_beyond_computing_are_named_with_row_and_column() {
    given(
        with("polynomialFeatures: {degree: 3}"),
        ROWS.replace("4.9", "1e155"),
    )
    .fit_fails(
        2,
        "cannot fit iris: transformer \"shape\": column \"length^2\", row 2: the number is too large to compute with; scale down what it is made of",
    );
    given(with("minMaxScaler: {}"), ROWS.replace("4.9", "1e308").replace("5.1", "-1e308")).fit_fails(
        2,
        "cannot fit iris: transformer \"shape\": column \"length\": the numbers are too large to compute with; scale them down \
         in the dataset",
    );
}

#[test]
fn a_made_column_that_is_there_already_is_named() {
    given(with("polynomialFeatures: {}"), ROWS.replace("width", "length^2")).fit_fails(
        2,
        "cannot fit iris: transformer \"shape\" makes a column \"length^2\", but there is one already; rename it in the \
         dataset, or list other columns for this step",
    );
}
