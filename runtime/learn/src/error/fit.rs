//! Why a fit cannot be done.

use std::borrow::Cow;

use thiserror::Error;

use crate::{
    ColumnKind, PredictError,
    near::did_you_mean,
    wording::{beyond, counted, shown},
};

/// A fit that cannot be done, with the reason and the remedy. All but [`FitError::Cancelled`] are the user's data or
/// hyperparameters.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum FitError {
    /// The caller asked to stop.
    #[error("the fit was cancelled")]
    Cancelled,
    /// A hyperparameter is out of its range.
    #[error("{owner}: {name} is {value}; it must be {rule}")]
    Hyperparameter {
        /// The estimator, or the transformer and its step.
        owner: String,
        /// The hyperparameter as in the manifest.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        rule: Cow<'static, str>,
    },
    /// Two steps share a name.
    #[error("two transformers are called \"{step}\"; give each step a name of its own")]
    DuplicateStep {
        /// The name.
        step: String,
    },
    /// More steps than a model file has room for.
    #[error("there are {n_steps} transformers; at most {limit} are possible")]
    TooManySteps {
        /// How many there are.
        n_steps: usize,
        /// How many may be.
        limit: usize,
    },
    /// There is nothing to learn from.
    #[error("the table has no rows; a fit needs at least one")]
    NoRows,
    /// There is nothing to learn from.
    #[error("the table has no feature columns; name at least one")]
    NoFeatures,
    /// A column name that is longer than any name needs to be.
    #[error(
        "a feature column has a name of more than {limit} bytes, beginning \"{column}\"; rename it in the dataset"
    )]
    NameTooLong {
        /// The beginning of the name.
        column: String,
        /// The most bytes it may have.
        limit: usize,
    },
    /// Features and target are of different tables.
    #[error("the features have {}, the target \"{column}\" has {target}", counted(*features, "row", "rows"))]
    UnequalRows {
        /// The target.
        column: String,
        /// Rows of the features.
        features: usize,
        /// Rows of the target.
        target: usize,
    },
    /// The target is among the features, which would make every score perfect and every prediction impossible.
    #[error("column \"{column}\" is both a feature and the target; take it out of the features")]
    TargetAmongFeatures {
        /// The column.
        column: String,
    },
    /// A step names a column that is not there.
    #[error("transformer \"{step}\": there is no column \"{column}\" at this step{}", did_you_mean(near.as_deref()))]
    ColumnAbsent {
        /// The step.
        step: String,
        /// The name it gives.
        column: String,
        /// The nearest name there is.
        near: Option<String>,
    },
    /// A step names a column twice.
    #[error("transformer \"{step}\" names column \"{column}\" twice; once is enough")]
    ColumnTwice {
        /// The step.
        step: String,
        /// The column.
        column: String,
    },
    /// A step names a column of a kind that its transformer cannot take.
    #[error(
        "transformer \"{step}\": column \"{column}\" is a {found} column; {transformer} takes {takes} columns"
    )]
    ColumnKind {
        /// The step.
        step: String,
        /// The column.
        column: String,
        /// What its cells are.
        found: ColumnKind,
        /// The transformer as in the manifest.
        transformer: &'static str,
        /// The kinds it takes, in words.
        takes: String,
    },
    /// A column has no value from which a transformer could learn.
    #[error("{transformer}: column \"{column}\" has only missing cells; take it out of the features")]
    AllMissing {
        /// The transformer as in the manifest.
        transformer: &'static str,
        /// The column.
        column: String,
    },
    /// A column that a one-hot encoding can make nothing of.
    #[error(
        "oneHotEncoder: column \"{column}\" has {n_categories} categories, another one in every row; it looks like an \
         identifier: take it out of the features"
    )]
    Identifier {
        /// The column.
        column: String,
        /// How many categories it has.
        n_categories: usize,
    },
    /// Polynomial features of more products than are of any use.
    #[error(
        "polynomialFeatures: {n_columns} columns have {} products of up to {degree} factors, more than {limit}; lower the \
         degree, set interactionOnly, or list fewer columns for this step",
        n_products.map_or_else(|| "countless".to_owned(), |n_products| n_products.to_string())
    )]
    TooManyProducts {
        /// How many columns it takes.
        n_columns: usize,
        /// The most factors of a product.
        degree: usize,
        /// How many products they have; `None`: too many to count.
        n_products: Option<usize>,
        /// How many there may be.
        limit: usize,
    },
    /// More numbers than there is memory for.
    #[error(
        "{owner}: {what} would take {}; {remedy}",
        beyond(*bytes, *limit)
    )]
    TooLarge {
        /// The estimator as in the manifest, or the transformer and its step.
        owner: String,
        /// What there would be of it, such as `3 rows of 2 columns`.
        what: String,
        /// What it would take.
        bytes: u64,
        /// What it may take.
        limit: u64,
        /// How to need less.
        remedy: String,
    },
    /// The name of a generated column is taken.
    #[error("transformer \"{step}\" makes a column \"{column}\", but there is one already; {remedy}")]
    NameClash {
        /// The step.
        step: String,
        /// The name.
        column: String,
        /// Where to change what, by where the other column comes from.
        remedy: &'static str,
    },
    /// A transformer cannot map the very rows it learned from.
    #[error("transformer \"{step}\": {source}")]
    Transform {
        /// The step.
        step: String,
        /// Why.
        source: PredictError,
    },
    /// A text column reaches the estimator.
    #[error(
        "column \"{column}\", row {row}: {estimator} needs numbers, but {cell} is a text; add a oneHotEncoder for \
         \"{column}\", or take it out of the features"
    )]
    TextFeature {
        /// The column.
        column: String,
        /// The first row with a text, counted from 0.
        row: usize,
        /// The cell as quoted in messages.
        cell: String,
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// A text among numbers, because of which their whole column reaches the estimator as texts.
    #[error(
        "column \"{column}\", row {row}: {cell} is not a number; mend it, or list it under missingValues; if the \
         column holds categories, add a oneHotEncoder"
    )]
    NotANumber {
        /// The column.
        column: String,
        /// The first row whose cell is not a number, counted from 0.
        row: usize,
        /// The cell as quoted in messages.
        cell: String,
    },
    /// A missing cell reaches the estimator.
    #[error(
        "column \"{column}\", row {row}: {estimator} takes no missing cells; add a simpleImputer for \"{column}\", \
         or leave out the row"
    )]
    MissingCell {
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// A row without a target.
    #[error("target \"{column}\", row {row}: the cell is missing; leave out the rows without a target")]
    TargetMissing {
        /// The target.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// No row has a target.
    #[error("target \"{column}\" has only missing cells; is it the right column?")]
    TargetAllMissing {
        /// The target.
        column: String,
    },
    /// An infinite target.
    #[error("target \"{column}\", row {row}: the number is infinite")]
    TargetInfinite {
        /// The target.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A regressor and a target that is no number.
    #[error(
        "target \"{column}\" is a {found} column; {estimator} predicts numbers: use a classifier such as \
         logisticRegression, or another target"
    )]
    TargetKind {
        /// The target.
        column: String,
        /// What its cells are.
        found: ColumnKind,
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// A classifier and a target with fractions.
    #[error(
        "target \"{column}\", row {row}: {} is not a whole number, so the target is no class; use a regressor \
         such as linearRegression",
        shown(*value)
    )]
    TargetContinuous {
        /// The target.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The number.
        value: f64,
    },
    /// A classifier and a target with nearly as many values as rows.
    #[error(
        "target \"{column}\" has {n_classes} different values, more than {limit} classes; {}",
        many_classes_remedy(*kind)
    )]
    TooManyClasses {
        /// The target.
        column: String,
        /// What its cells are.
        kind: ColumnKind,
        /// How many classes it has.
        n_classes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A classifier and a target that is always the same.
    #[error("target \"{column}\" is {class} in every row; a classifier needs at least two classes")]
    OneClass {
        /// The target.
        column: String,
        /// The class as quoted in messages.
        class: String,
    },
    /// A criterion that is not defined for negative numbers.
    #[error(
        "target \"{column}\", row {row}: {} is negative; {estimator} with criterion: poisson predicts counts: use \
         criterion: squaredError, or another target",
        shown(*value)
    )]
    TargetNegative {
        /// The target.
        column: String,
        /// The first row with a negative number, counted from 0.
        row: usize,
        /// The number.
        value: f64,
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// A weight for a class that no row has.
    #[error("classWeight: no row has the class \"{class}\"{}", match near {
        Some(_) => did_you_mean(near.as_deref()),
        None => format!("; there are {known}"),
    })]
    UnknownClass {
        /// The class of the weight.
        class: String,
        /// The nearest class there is.
        near: Option<String>,
        /// The first few classes there are, as quoted in messages.
        known: String,
    },
    /// The numbers leave the range of 64-bit floating point.
    #[error(
        "{owner}: the numbers are too large to compute with; scale them down in the dataset, or add a standardScaler"
    )]
    Overflow {
        /// The estimator as in the manifest.
        owner: String,
    },
    /// The numbers of a column leave the range of 64-bit floating point in a transformer that shall scale them.
    #[error(
        "{owner}: column \"{column}\": the numbers are too large to compute with; scale them down in the dataset"
    )]
    ColumnOverflow {
        /// The step of the transformer.
        owner: String,
        /// The column.
        column: String,
    },
}

impl FitError {
    /// The same fault with another number for its row, such as one counted from 1, or its place in a larger table.
    pub fn map_row(mut self, map: impl FnOnce(usize) -> usize) -> FitError {
        match &mut self {
            FitError::TextFeature { row, .. }
            | FitError::NotANumber { row, .. }
            | FitError::MissingCell { row, .. }
            | FitError::TargetMissing { row, .. }
            | FitError::TargetNegative { row, .. }
            | FitError::TargetInfinite { row, .. }
            | FitError::TargetContinuous { row, .. } => *row = map(*row),
            FitError::Transform { source, .. } => *source = source.clone().map_row(map),
            _ => {}
        }
        self
    }
}

fn many_classes_remedy(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Number => "use a regressor such as linearRegression, or another target",
        ColumnKind::Text | ColumnKind::Boolean => {
            "give rare ones one name in the dataset, or use another target"
        }
    }
}
