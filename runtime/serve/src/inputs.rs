//! What one entry point takes: the columns of a request, each with the feature that it becomes.

use std::collections::HashMap;

use auriga_learn::{Column, ColumnKind, Field, Signature, near};

use crate::{EntryPoint, MappingError, ValueKind};

/// The columns of an entry point, resolved against the signature of one version.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    columns: Vec<Input>,
    by_name: HashMap<String, usize>,
    pub(crate) strict: bool,
    /// Whether a row may be the bare value of the one column.
    pub(crate) unwraps: bool,
}

/// One column of a request.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// What the client calls it.
    pub(crate) name: String,
    /// The feature that it becomes, and what that feature's cells are.
    pub(crate) feature: Field,
    /// How a value becomes a cell.
    pub(crate) accepts: Accepts,
}

/// How the values of a request become cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Accepts {
    /// Only what JSON has for the feature's kind; a query spells it.
    Exactly,
    /// What the mapping declares.
    As(ValueKind),
}

impl Inputs {
    /// The columns of `entry_point` for a version with `signature`.
    pub(crate) fn resolve(entry_point: &EntryPoint, signature: &Signature) -> Result<Inputs, MappingError> {
        let columns = match &entry_point.mapping {
            None => signature.features.iter().cloned().map(Input::by_name).collect(),
            Some(_) => mapped(entry_point, signature)?,
        };
        if entry_point.unwrap_sample && columns.len() != 1 {
            return Err(MappingError::NotOneFeature {
                path: entry_point.path.clone(),
                n_features: columns.len(),
            });
        }
        let by_name = columns
            .iter()
            .enumerate()
            .map(|(at, input)| (input.name.clone(), at))
            .collect();
        Ok(Inputs {
            columns,
            by_name,
            strict: entry_point.strict,
            unwraps: entry_point.unwrap_sample,
        })
    }

    /// All columns, in the order in which [`Inputs::builders`] makes their cells.
    pub(crate) fn columns(&self) -> &[Input] {
        &self.columns
    }

    /// Where the column called `name` stands. `expected` is a guess, right when a client keeps the order.
    pub(crate) fn position(&self, name: &str, expected: usize) -> Option<usize> {
        match self.columns.get(expected) {
            Some(input) if input.name == name => Some(expected),
            _ => self.by_name.get(name).copied(),
        }
    }

    /// What the client calls `feature`; a column that a step of the model made keeps its own name.
    pub(crate) fn name_of<'a>(&'a self, feature: &'a str) -> &'a str {
        let input = self.columns.iter().find(|input| input.feature.name == feature);
        input.map_or(feature, |input| &input.name)
    }

    /// The column most like `name`.
    pub(crate) fn near(&self, name: &str) -> Option<String> {
        near(name, self.columns.iter().map(|input| &input.name))
    }

    /// Empty columns to fill row by row.
    pub(crate) fn builders(&self) -> Vec<Column> {
        self.columns.iter().map(Input::builder).collect()
    }
}

impl Input {
    /// An empty column of this input's cells.
    pub(crate) fn builder(&self) -> Column {
        match self.feature.kind {
            ColumnKind::Number => Column::Number(Vec::new()),
            ColumnKind::Text => Column::Text(Vec::new()),
            ColumnKind::Boolean => Column::Boolean(Vec::new()),
        }
    }

    fn by_name(feature: Field) -> Input {
        Input {
            name: feature.name.clone(),
            feature,
            accepts: Accepts::Exactly,
        }
    }
}

fn mapped(entry_point: &EntryPoint, signature: &Signature) -> Result<Vec<Input>, MappingError> {
    let path = || entry_point.path.clone();
    let mut columns: Vec<Input> = Vec::new();
    for mapped in entry_point.mapping.iter().flatten() {
        let column = mapped.column.as_ref().unwrap_or(&mapped.name);
        let names = || signature.features.iter().map(|feature| &feature.name);
        let feature = signature
            .features
            .iter()
            .find(|feature| feature.name == *column)
            .ok_or_else(|| MappingError::UnknownFeature {
                path: path(),
                name: mapped.name.clone(),
                column: column.clone(),
                near: near(column, names()),
            })?;
        if columns.iter().any(|input| input.feature.name == *column) {
            let column = column.clone();
            return Err(MappingError::FeatureTwice { path: path(), column });
        }
        let (fits, needed) = match feature.kind {
            // Booleans are 0 and 1 to an estimator, so `bool` may feed a number as well.
            ColumnKind::Number => (mapped.kind != ValueKind::Str, "float, int or bool"),
            ColumnKind::Text => (mapped.kind == ValueKind::Str, "str"),
            ColumnKind::Boolean => (mapped.kind == ValueKind::Bool, "bool"),
        };
        if !fits {
            return Err(MappingError::Kind {
                path: path(),
                name: mapped.name.clone(),
                given: mapped.kind.word(),
                column: column.clone(),
                needed,
            });
        }
        columns.push(Input {
            name: mapped.name.clone(),
            feature: feature.clone(),
            accepts: Accepts::As(mapped.kind),
        });
    }
    let is_mapped = |feature: &&Field| columns.iter().any(|input| input.feature.name == feature.name);
    match signature.features.iter().find(|feature| !is_mapped(feature)) {
        Some(feature) => Err(MappingError::FeatureUnmapped {
            path: path(),
            column: feature.name.clone(),
        }),
        None => Ok(columns),
    }
}

#[cfg(test)]
mod tests {
    use auriga_learn::Task;

    use super::*;
    use crate::Mapped;

    fn signature() -> Signature {
        let field = |name: &str, kind| Field {
            name: name.to_owned(),
            kind,
        };
        Signature {
            features: vec![
                field("age", ColumnKind::Number),
                field("city", ColumnKind::Text),
                field("member", ColumnKind::Boolean),
            ],
            target: field("spent", ColumnKind::Number),
            task: Task::Regression,
        }
    }

    fn resolve(mapping: &[(&str, ValueKind, Option<&str>)]) -> Result<Inputs, MappingError> {
        let mapping = mapping.iter().map(|(name, kind, column)| Mapped {
            name: (*name).to_owned(),
            kind: *kind,
            column: column.map(str::to_owned),
        });
        let entry_point = EntryPoint {
            mapping: Some(mapping.collect()),
            ..EntryPoint::default()
        };
        Inputs::resolve(&entry_point, &signature())
    }

    #[test]
    fn a_mapping_that_does_not_fit_the_version_says_what_to_change() {
        use ValueKind::{Bool, Float, Int, Str};
        let check = |mapping: &[(&str, ValueKind, Option<&str>)], message: &str| {
            assert_eq!(resolve(mapping).unwrap_err().to_string(), message);
        };
        check(
            &[("years", Float, Some("agee"))],
            "entry point \"/predict\" maps \"years\" to the feature \"agee\", which the version does not have; \
             did you mean \"age\"?",
        );
        check(
            &[("color", Str, None)],
            "entry point \"/predict\" maps \"color\" to the feature \"color\", which the version does not have",
        );
        check(
            &[("age", Float, None), ("years", Int, Some("age"))],
            "entry point \"/predict\" maps two values to the feature \"age\"; each feature takes one",
        );
        check(
            &[("age", Float, None), ("member", Bool, None)],
            "entry point \"/predict\" maps nothing to the feature \"city\"; add an entry for it",
        );
        check(
            &[("age", Str, None)],
            "entry point \"/predict\" maps \"age\" as str, but the feature \"age\" needs float, int or bool",
        );
        check(
            &[("town", Int, Some("city"))],
            "entry point \"/predict\" maps \"town\" as int, but the feature \"city\" needs str",
        );
    }

    #[test]
    fn columns_are_found_in_order_and_out_of_order() {
        let inputs = Inputs::resolve(&EntryPoint::default(), &signature()).unwrap();
        for expected in 0..4 {
            assert_eq!(inputs.position("city", expected), Some(1));
            assert_eq!(inputs.position("town", expected), None);
        }
    }
}
