//! Transformers: each learns from its columns, then maps them, row by row.
//!
//! A transformer is one file: hyperparameters that implement [`Learns`], the fitted form that implements
//! [`Transforms`], and one line in the list below.

mod min_max_scaler;
mod one_hot_encoder;
mod polynomial_features;
mod simple_imputer;
mod standard_scaler;

use crate::{
    Column, ColumnKind, FitError, LoadError, PredictError,
    column::first_infinite,
    container::{PartReader, PartWriter},
};

pub use min_max_scaler::{FittedMinMaxScaler, MinMaxScaler};
pub use one_hot_encoder::{Categories, FittedOneHotEncoder, HandleUnknown, OneHotEncoder};
pub use polynomial_features::{FittedPolynomialFeatures, PolynomialFeatures};
pub use simple_imputer::{Fill, FittedSimpleImputer, ImputeStrategy, SimpleImputer};
pub use standard_scaler::{FittedStandardScaler, StandardScaler};

/// The columns that a transformer is given: the name and the cells of each.
pub(crate) type Taken<'t> = [(&'t str, &'t Column)];

/// Hyperparameters of a transformer.
pub(crate) trait Learns {
    /// The name in a manifest and in a model file.
    const KIND: &'static str;
    /// What comes of a fit.
    type Fitted: Transforms;

    /// The kinds of columns it can take; also which columns a step takes that names none.
    fn takes(&self) -> Vec<ColumnKind>;

    /// Whether every hyperparameter is in its range.
    fn check(&self) -> Result<(), FitError>;

    /// Learns from `columns`, whose kinds are among [`Learns::takes`].
    fn fit(&self, columns: &Taken<'_>) -> Result<Self::Fitted, FitError>;
}

/// A fitted transformer.
pub(crate) trait Transforms: Sized {
    /// How many columns it was fitted with.
    fn n_columns(&self) -> usize;

    /// How many columns it makes of them.
    fn n_made(&self) -> usize {
        self.n_columns()
    }

    /// What helps if it makes more columns of those of the fit than there is memory for.
    fn remedy(&self, _: &Taken<'_>) -> String {
        FEWER_CELLS.to_owned()
    }

    /// For each of the columns so called, the names of those in its place. Asked for in a fit and when a model is
    /// read, never in a prediction.
    ///
    /// Errors: `NameTooLong`.
    fn names(&self, columns: &[&str]) -> Result<Vec<Vec<String>>, FitError> {
        Ok(columns.iter().map(|&name| vec![name.to_owned()]).collect())
    }

    /// Maps columns as those of the fit: same number, order and kinds. Answers, for each column, the columns that
    /// stand in its place, with no infinite number among them. Works row by row, so that no row's result depends on
    /// another row.
    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError>;

    /// Puts everything learned into a model file.
    fn write(&self, writer: &mut PartWriter<'_>);

    /// Takes it back out, and checks every length, order and range.
    fn read(reader: &mut PartReader<'_, '_>) -> Result<Self, LoadError>;
}

/// What helps if a table is too large by itself.
pub(crate) const FEWER_CELLS: &str = "use fewer rows or columns, such as by nrows or usecols";

macro_rules! transformers {
    ($($(#[$doc:meta])* $Kind:ident => $Fitted:ident,)*) => {
        /// Hyperparameters of any transformer.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Transformer {
            $($(#[$doc])* $Kind($Kind),)*
        }

        /// Any fitted transformer.
        #[derive(Clone, Debug, PartialEq)]
        pub enum FittedTransformer {
            $($(#[$doc])* $Kind($Fitted),)*
        }

        impl Transformer {
            /// The name in a manifest and in a model file, such as `standardScaler`.
            pub fn kind(&self) -> &'static str {
                match self { $(Transformer::$Kind(_) => <$Kind as Learns>::KIND,)* }
            }

            /// The kinds of columns it can take; also which columns a step takes that names none.
            pub fn takes(&self) -> Vec<ColumnKind> {
                match self { $(Transformer::$Kind(hyperparameters) => hyperparameters.takes(),)* }
            }

            /// Whether every hyperparameter is in its range.
            pub fn check(&self) -> Result<(), FitError> {
                match self { $(Transformer::$Kind(hyperparameters) => hyperparameters.check(),)* }
            }

            pub(crate) fn fit(&self, columns: &Taken<'_>) -> Result<FittedTransformer, FitError> {
                match self {
                    $(Transformer::$Kind(hyperparameters) => {
                        hyperparameters.fit(columns).map(FittedTransformer::$Kind)
                    })*
                }
            }
        }

        impl FittedTransformer {
            /// The name in a manifest and in a model file, such as `standardScaler`.
            pub fn kind(&self) -> &'static str {
                match self { $(FittedTransformer::$Kind(_) => <$Kind as Learns>::KIND,)* }
            }

            pub(crate) fn n_columns(&self) -> usize {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.n_columns(),)* }
            }

            pub(crate) fn n_made(&self) -> usize {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.n_made(),)* }
            }

            pub(crate) fn remedy(&self, columns: &Taken<'_>) -> String {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.remedy(columns),)* }
            }

            pub(crate) fn names(&self, columns: &[&str]) -> Result<Vec<Vec<String>>, FitError> {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.names(columns),)* }
            }

            pub(crate) fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.transform(columns),)* }
            }

            pub(crate) fn write(&self, writer: &mut PartWriter<'_>) {
                match self { $(FittedTransformer::$Kind(fitted) => fitted.write(writer),)* }
            }

            pub(crate) fn read(kind: &str, reader: &mut PartReader<'_, '_>) -> Result<FittedTransformer, LoadError> {
                $(if kind == <$Kind as Learns>::KIND {
                    return $Fitted::read(reader).map(FittedTransformer::$Kind);
                })*
                Err(LoadError::UnknownKind { part: "a transformer", kind: kind.chars().take(64).collect() })
            }
        }
    };
}

transformers! {
    /// Brings number columns to mean 0 and variance 1.
    StandardScaler => FittedStandardScaler,
    /// Brings number columns to a given range.
    MinMaxScaler => FittedMinMaxScaler,
    /// Replaces number columns by their products.
    PolynomialFeatures => FittedPolynomialFeatures,
    /// Fills missing cells.
    SimpleImputer => FittedSimpleImputer,
    /// Turns a text column into one column of 0 and 1 per category.
    OneHotEncoder => FittedOneHotEncoder,
}

/// The numbers of a column that a transformer knows to be one of numbers.
fn numbers<'a>(name: &str, column: &'a Column) -> Result<&'a [f64], PredictError> {
    match column {
        Column::Number(cells) => Ok(cells),
        other => Err(PredictError::ColumnKind {
            column: name.to_owned(),
            expected: ColumnKind::Number,
            found: other.kind(),
        }),
    }
}

/// The texts of a column that a transformer knows to be one of texts.
fn texts<'a>(name: &str, column: &'a Column) -> Result<&'a [Option<String>], PredictError> {
    match column {
        Column::Text(cells) => Ok(cells),
        other => Err(PredictError::ColumnKind {
            column: name.to_owned(),
            expected: ColumnKind::Text,
            found: other.kind(),
        }),
    }
}

/// The numbers of the column that `name` tells, none of which may be infinite.
fn finite(cells: Vec<f64>, name: impl FnOnce() -> String) -> Result<Vec<f64>, PredictError> {
    match first_infinite(&cells) {
        Some(row) => Err(PredictError::ColumnOverflow { column: name(), row }),
        None => Ok(cells),
    }
}
