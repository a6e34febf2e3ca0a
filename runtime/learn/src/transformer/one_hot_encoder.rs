//! Turns text columns into columns of 0 and 1, one per category.

use std::collections::BTreeSet;

use super::{Learns, Taken, Transforms, texts};
use crate::{
    Cell, Column, ColumnKind, FitError, LoadError, PredictError,
    container::{PartReader, PartWriter},
    near::near,
};

/// Hyperparameters of the one-hot encoder.
///
/// A column `city` becomes number columns called `city=London`, `city=Paris`, …: one per text seen in the fit, sorted
/// by code points, 1 where the row has that text and 0 elsewhere. Missing cells are a category of their own if the fit
/// has seen one; its column comes last and is called `city is missing`, a name that no text can take. Source:
/// scikit-learn's `OneHotEncoder`, whose treatment of missing cells this is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OneHotEncoder {
    /// What happens at prediction to a text, or to a missing cell, that the fit has not seen. Default: an error.
    pub handle_unknown: HandleUnknown,
}

/// What an encoder does about categories that the fit has not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HandleUnknown {
    /// The row is refused, by name.
    #[default]
    Error,
    /// All of the column's categories are 0.
    Ignore,
}

/// The categories of the fitted columns.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedOneHotEncoder {
    handle_unknown: HandleUnknown,
    columns: Vec<Categories>,
}

/// The categories of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Categories {
    texts: Vec<String>,
    missing: bool,
}

/// The most categories of a column that has another one in every row: it is an identifier, from which nothing can be
/// learned, and its columns would grow with the square of the rows.
const IDENTIFIERS_MAX: usize = 10_000;

impl FittedOneHotEncoder {
    /// The categories, column by column.
    pub fn columns(&self) -> &[Categories] {
        &self.columns
    }
}

impl Categories {
    /// The texts, sorted.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether missing cells are a category too.
    pub fn missing(&self) -> bool {
        self.missing
    }

    fn len(&self) -> usize {
        self.texts.len() + usize::from(self.missing)
    }

    fn position(&self, cell: Option<&str>) -> Option<usize> {
        match cell {
            Some(text) => self.texts.binary_search_by(|known| known.as_str().cmp(text)).ok(),
            None => self.missing.then_some(self.texts.len()),
        }
    }

    fn names(&self, column: &str) -> Vec<String> {
        let of_text = self.texts.iter().map(|text| format!("{column}={text}"));
        of_text
            .chain(self.missing.then(|| format!("{column} is missing")))
            .collect()
    }

    fn refuse(&self, column: &str, row: usize, cell: Option<&str>) -> PredictError {
        match cell {
            Some(text) => PredictError::UnknownCategory {
                column: column.to_owned(),
                row,
                value: Cell::Text(text).quoted(),
                n_categories: self.len(),
                near: near(text, &self.texts),
            },
            None => PredictError::MissingCell {
                column: column.to_owned(),
                row,
            },
        }
    }
}

impl Learns for OneHotEncoder {
    const KIND: &'static str = "oneHotEncoder";
    type Fitted = FittedOneHotEncoder;

    fn takes(&self) -> Vec<ColumnKind> {
        vec![ColumnKind::Text]
    }

    fn check(&self) -> Result<(), FitError> {
        Ok(())
    }

    fn fit(&self, columns: &Taken<'_>) -> Result<FittedOneHotEncoder, FitError> {
        let categories = |&(name, column): &(&str, &Column)| {
            let cells = texts(name, column).unwrap_or_default();
            let seen: BTreeSet<&str> = cells.iter().flatten().map(String::as_str).collect();
            if seen.len() > IDENTIFIERS_MAX && identifies(seen.len(), cells) {
                return Err(FitError::Identifier {
                    column: name.to_owned(),
                    n_categories: seen.len(),
                });
            }
            Ok(Categories {
                texts: seen.into_iter().map(str::to_owned).collect(),
                missing: cells.iter().any(Option::is_none),
            })
        };
        Ok(FittedOneHotEncoder {
            handle_unknown: self.handle_unknown,
            columns: columns.iter().map(categories).collect::<Result<_, _>>()?,
        })
    }
}

impl Transforms for FittedOneHotEncoder {
    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    fn n_made(&self) -> usize {
        self.columns.iter().map(Categories::len).sum()
    }

    fn remedy(&self, columns: &Taken<'_>) -> String {
        let widest = self.columns.iter().zip(columns).max_by_key(|(one, _)| one.len());
        widest.map_or_else(String::new, |(categories, (name, column))| {
            let cells = texts(name, column).unwrap_or_default();
            let nature = match identifies(categories.texts.len(), cells) {
                true => ", another one in every row, so that it looks like an identifier",
                false => "",
            };
            format!(
                "column \"{name}\" has {} categories{nature}: take it out of the features, or give it fewer categories \
                 in the dataset",
                categories.len()
            )
        })
    }

    fn names(&self, columns: &[&str]) -> Result<Vec<Vec<String>>, FitError> {
        let learned = columns.iter().zip(&self.columns);
        Ok(learned.map(|(name, categories)| categories.names(name)).collect())
    }

    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
        let encode = |(&(name, column), categories): (&(&str, &Column), &Categories)| {
            let cells = texts(name, column)?;
            let mut encoded = vec![vec![0.0; cells.len()]; categories.len()];
            for (row, cell) in cells.iter().enumerate() {
                match categories.position(cell.as_deref()) {
                    Some(category) => encoded[category][row] = 1.0,
                    None if self.handle_unknown == HandleUnknown::Ignore => {}
                    None => return Err(categories.refuse(name, row, cell.as_deref())),
                }
            }
            Ok(encoded.into_iter().map(Column::Number).collect())
        };
        columns.iter().zip(&self.columns).map(encode).collect()
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        writer.fact("ignoreUnknown", self.handle_unknown == HandleUnknown::Ignore);
        let texts: Vec<&str> = self
            .columns
            .iter()
            .flat_map(|one| &one.texts)
            .map(String::as_str)
            .collect();
        let counts: Vec<usize> = self.columns.iter().map(|one| one.texts.len()).collect();
        let missing: Vec<bool> = self.columns.iter().map(|one| one.missing).collect();
        writer.texts("categories", &texts);
        writer.counts("counts", &counts);
        writer.booleans("missing", &missing);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedOneHotEncoder, LoadError> {
        let handle_unknown = match reader.fact("ignoreUnknown")? {
            true => HandleUnknown::Ignore,
            false => HandleUnknown::Error,
        };
        let counts = reader.counts("counts")?;
        let missing = reader.booleans("missing")?;
        let texts = reader.texts("categories")?;
        let n_texts = counts
            .iter()
            .try_fold(0usize, |sum, &count| sum.checked_add(count));
        if counts.len() != missing.len() || n_texts != Some(texts.len()) {
            return Err(LoadError::invalid(
                "oneHotEncoder: counts and categories differ in number",
            ));
        }
        let mut texts = texts.into_iter();
        let mut columns = Vec::with_capacity(counts.len());
        for (count, missing) in counts.into_iter().zip(missing) {
            let texts: Vec<String> = texts.by_ref().take(count).collect();
            if !texts.is_sorted_by(|left, right| left < right) {
                return Err(LoadError::invalid("oneHotEncoder: the categories are not sorted"));
            }
            columns.push(Categories { texts, missing });
        }
        Ok(FittedOneHotEncoder {
            handle_unknown,
            columns,
        })
    }
}

/// Whether a column has another text in every row that has one.
fn identifies(n_texts: usize, cells: &[Option<String>]) -> bool {
    n_texts > 1 && n_texts == cells.iter().flatten().count()
}
