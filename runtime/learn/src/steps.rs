//! Transformers and one final estimator in a row: everything chosen before a fit.

use std::{borrow::Cow, collections::HashSet};

use crate::{
    Column, Control, Estimator, Field, FitError, Fitted, PredictError, Signature, Table, TableError,
    Transformer,
    fitted::{FittedStep, named},
    matrix::matrix,
    near::near,
    size::check_size,
    transformer::FEWER_CELLS,
};

/// A named transformer and the columns it works on.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Unique among the steps.
    pub name: String,
    /// The columns it takes, in the table as the steps before it left it; `None`: all columns of the kinds it can take.
    pub columns: Option<Vec<String>>,
    /// What it does to them.
    pub transformer: Transformer,
}

/// Transformers and one final estimator in a row.
///
/// The columns that a transformer makes stand in the place of those it took; all other columns pass unchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// In order.
    pub transformers: Vec<Step>,
    /// What learns from the columns that the transformers leave.
    pub estimator: Estimator,
}

/// The most transformers in a row: their kinds stand in the header of a model file, which is bounded.
pub(crate) const STEPS_MAX: usize = 100;

/// The longest column name in bytes: an encoder repeats it for every category, so that its length multiplies.
pub(crate) const NAME_MAX: usize = 256;

impl Steps {
    /// Whether every hyperparameter is in its range and every step has a name of its own.
    pub fn check(&self) -> Result<(), FitError> {
        if self.transformers.len() > STEPS_MAX {
            return Err(FitError::TooManySteps {
                n_steps: self.transformers.len(),
                limit: STEPS_MAX,
            });
        }
        let mut names = HashSet::new();
        for step in &self.transformers {
            if !names.insert(&step.name) {
                return Err(FitError::DuplicateStep {
                    step: step.name.clone(),
                });
            }
            step.transformer.check()?;
        }
        self.estimator.check()
    }

    /// Learns from `features` and `target` (name and cells; one per row of `features`).
    ///
    /// Every column of `features` becomes a feature of the model. Errors: see [`FitError`]; each names the column,
    /// row or hyperparameter at fault.
    pub fn fit(
        &self,
        features: &Table,
        target: (&str, &Column),
        control: &Control<'_>,
    ) -> Result<Fitted, FitError> {
        self.check()?;
        check_shapes(features, target)?;
        let mut table = Cow::Borrowed(features);
        let mut steps = Vec::with_capacity(self.transformers.len());
        for step in &self.transformers {
            if control.is_cancelled() {
                return Err(FitError::Cancelled);
            }
            let fitted = step.fit(&table)?;
            table = Cow::Owned(step.apply(&fitted, &table, features, control.memory())?);
            steps.push(fitted);
        }
        if table.names().is_empty() {
            return Err(FitError::NoFeatures);
        }
        let kind = self.estimator.kind();
        let n_columns = table.names().len();
        check_size(
            table.n_rows(),
            n_columns,
            control.memory(),
            || kind.to_owned(),
            || FEWER_CELLS.to_owned(),
        )?;
        let x = matrix(table.n_rows(), table.columns()).map_err(|flaw| flaw.in_fit(kind))?;
        let columns = table.names().to_vec();
        drop(table);
        let (estimator, classes) = self.estimator.fit(x.view(), target, control)?;
        let signature = Signature {
            features: features.fields(),
            target: Field {
                name: target.0.to_owned(),
                kind: target.1.kind(),
            },
            task: self.estimator.task(),
        };
        Ok(Fitted::new(signature, classes, steps, columns, estimator))
    }
}

impl Step {
    /// Positions of the columns it takes, in the order of the table.
    fn positions(&self, table: &Table) -> Result<Vec<usize>, FitError> {
        let takes = self.transformer.takes();
        let Some(columns) = &self.columns else {
            let taken = table
                .columns()
                .enumerate()
                .filter(|(_, (_, column))| takes.contains(&column.kind()));
            return Ok(taken.map(|(position, _)| position).collect());
        };
        let mut positions = Vec::with_capacity(columns.len());
        for name in columns {
            let position = table.names().iter().position(|other| other == name);
            let position = position.ok_or_else(|| FitError::ColumnAbsent {
                step: self.name.clone(),
                column: name.clone(),
                near: near(name, table.names()),
            })?;
            let found = table.at(position).1.kind();
            if !takes.contains(&found) {
                let takes: Vec<String> = takes.iter().map(ToString::to_string).collect();
                return Err(FitError::ColumnKind {
                    step: self.name.clone(),
                    column: name.clone(),
                    found,
                    transformer: self.transformer.kind(),
                    takes: takes.join(" and "),
                });
            }
            if positions.contains(&position) {
                return Err(FitError::ColumnTwice {
                    step: self.name.clone(),
                    column: name.clone(),
                });
            }
            positions.push(position);
        }
        positions.sort_unstable();
        Ok(positions)
    }

    fn fit(&self, table: &Table) -> Result<FittedStep, FitError> {
        let columns = self.positions(table)?;
        let taken: Vec<(&str, &Column)> = columns.iter().map(|&at| table.at(at)).collect();
        let fitted = self.transformer.fit(&taken);
        let transformer = fitted.map_err(|error| match error {
            FitError::ColumnOverflow { column, .. } => FitError::ColumnOverflow {
                owner: format!("transformer \"{}\"", self.name),
                column,
            },
            other => other,
        })?;
        let names = taken.iter().map(|&(name, _)| name.to_owned()).collect();
        Ok(FittedStep {
            name: self.name.clone(),
            columns,
            names,
            transformer,
        })
    }

    /// `features` is what the first step saw, `memory` the most bytes of the table that this one makes.
    fn apply(
        &self,
        fitted: &FittedStep,
        table: &Table,
        features: &Table,
        memory: u64,
    ) -> Result<Table, FitError> {
        let failed = |source: PredictError| FitError::Transform {
            step: self.name.clone(),
            source,
        };
        let transformer = &fitted.transformer;
        let taken: Vec<(&str, &Column)> = fitted.columns.iter().map(|&at| table.at(at)).collect();
        check_size(
            table.n_rows(),
            (table.names().len() - taken.len()).saturating_add(transformer.n_made()),
            memory,
            || format!("transformer \"{}\"", self.name),
            || transformer.remedy(&taken),
        )?;
        let names = fitted.made_names()?;
        let made = transformer.transform(&taken).map_err(failed)?;
        table
            .replace(&fitted.columns, named(names, made))
            .map_err(|error| match error {
                TableError::Infinite { column, row } => failed(PredictError::ColumnOverflow { column, row }),
                TableError::DuplicateColumn { column } => FitError::NameClash {
                    step: self.name.clone(),
                    remedy: clash_remedy(&column, table, features),
                    column,
                },
                other => unreachable!("a transformer keeps the number of rows: {other}"),
            })
    }
}

/// What helps against a second `column`, which a step makes of `table`; `features` is what the first step saw.
fn clash_remedy(column: &str, table: &Table, features: &Table) -> &'static str {
    if column == "1" {
        "set includeBias: false"
    } else if features.column(column).is_some() {
        "rename it in the dataset, or list other columns for this step"
    } else if table.column(column).is_some() {
        "an earlier step made it: list other columns for one of the two steps"
    } else {
        "this step makes it twice: rename the columns that it is made of, or list other columns for this step"
    }
}

fn check_shapes(features: &Table, (name, target): (&str, &Column)) -> Result<(), FitError> {
    if features.names().is_empty() {
        return Err(FitError::NoFeatures);
    }
    if let Some(name) = features.names().iter().find(|name| name.len() > NAME_MAX) {
        return Err(FitError::NameTooLong {
            column: name.chars().take(40).collect(),
            limit: NAME_MAX,
        });
    }
    if features.column(name).is_some() {
        return Err(FitError::TargetAmongFeatures {
            column: name.to_owned(),
        });
    }
    if features.n_rows() != target.len() {
        return Err(FitError::UnequalRows {
            column: name.to_owned(),
            features: features.n_rows(),
            target: target.len(),
        });
    }
    if target.is_empty() {
        return Err(FitError::NoRows);
    }
    Ok(())
}
