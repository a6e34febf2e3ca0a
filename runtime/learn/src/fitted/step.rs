//! A fitted transformer and where its columns stand.

use std::borrow::Cow;

use crate::{Column, FitError, FittedTransformer, PredictError};

/// A fitted transformer and where its columns stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FittedStep {
    /// Its name among the steps.
    pub(crate) name: String,
    /// Positions of its columns in the table as the steps before it left it.
    pub(crate) columns: Vec<usize>,
    /// Their names.
    pub(crate) names: Vec<String>,
    /// What it does to them.
    pub(crate) transformer: FittedTransformer,
}

impl FittedStep {
    /// For each of its columns, the names of those in its place.
    ///
    /// Errors: `NameTooLong`.
    pub(crate) fn made_names(&self) -> Result<Vec<Vec<String>>, FitError> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        self.transformer.names(&names)
    }

    /// The columns after this step; those that it does not take are not copied.
    pub(crate) fn transform<'t>(
        &self,
        columns: Vec<Cow<'t, Column>>,
    ) -> Result<Vec<Cow<'t, Column>>, PredictError> {
        let named = self.names.iter().zip(&self.columns);
        let taken: Vec<(&str, &Column)> = named.map(|(name, &at)| (name.as_str(), &*columns[at])).collect();
        let mut groups: Vec<Option<Vec<Column>>> = vec![None; columns.len()];
        for (&at, group) in self.columns.iter().zip(self.transformer.transform(&taken)?) {
            groups[at] = Some(group);
        }
        let mut after = Vec::with_capacity(columns.len() - self.columns.len() + self.transformer.n_made());
        for (column, group) in columns.into_iter().zip(groups) {
            match group {
                Some(group) => after.extend(group.into_iter().map(Cow::Owned)),
                None => after.push(column),
            }
        }
        Ok(after)
    }
}

/// Puts the names of made columns to their cells.
pub(crate) fn named(names: Vec<Vec<String>>, made: Vec<Vec<Column>>) -> Vec<Vec<(String, Column)>> {
    let groups = names.into_iter().zip(made);
    groups
        .map(|(names, columns)| names.into_iter().zip(columns).collect())
        .collect()
}
