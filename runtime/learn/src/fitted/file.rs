//! A fitted model's parts in a model file.

use serde::{Deserialize, Serialize};

use super::{Fitted, FittedStep, named};
use crate::{
    Column, ColumnKind, Field, FittedEstimator, FittedTransformer, LoadError, Signature, Table, Task,
    container::{Part, Reader, Writer, pack, unpack},
    matrix::matrix,
    steps::{NAME_MAX, STEPS_MAX},
};

/// The structure of a model, without its arrays and texts: what the header of its file says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Structure {
    task: Task,
    transformers: Vec<Part>,
    estimator: Part,
}

pub(super) fn write(fitted: &Fitted) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut part = writer.part("signature");
    let fields = || fitted.signature.features.iter().chain([&fitted.signature.target]);
    part.texts(
        "names",
        &fields().map(|field| field.name.as_str()).collect::<Vec<_>>(),
    );
    part.kinds("kinds", &fields().map(|field| field.kind).collect::<Vec<_>>());
    if let Some(classes) = &fitted.classes {
        part.column("classes", classes);
    }
    part.texts(
        "steps",
        &fitted
            .steps
            .iter()
            .map(|step| step.name.as_str())
            .collect::<Vec<_>>(),
    );
    let mut transformers = Vec::with_capacity(fitted.steps.len());
    for (number, step) in fitted.steps.iter().enumerate() {
        let mut part = writer.part(&format!("transformers.{number}"));
        part.counts("columns", &step.columns);
        step.transformer.write(&mut part);
        transformers.push(part.finish(step.transformer.kind()));
    }
    let mut part = writer.part("estimator");
    fitted.estimator.write(&mut part);
    let structure = Structure {
        task: fitted.signature.task,
        transformers,
        estimator: part.finish(fitted.estimator.kind()),
    };
    pack(&structure, writer)
}

pub(super) fn read(bytes: &[u8]) -> Result<Fitted, LoadError> {
    let (structure, mut reader): (Structure, Reader<'_>) = unpack(bytes)?;
    if structure.transformers.len() > STEPS_MAX {
        return Err(LoadError::invalid("there are too many transformers"));
    }
    let (signature, classes, names) = read_signature(structure.task, &mut reader)?;
    if names.len() != structure.transformers.len() {
        return Err(LoadError::invalid(
            "transformers and their names differ in number",
        ));
    }
    let mut table =
        Table::empty(&signature.features).map_err(|error| LoadError::invalid(error.to_string()))?;
    let mut steps = Vec::with_capacity(names.len());
    for (number, (part, name)) in structure.transformers.iter().zip(names).enumerate() {
        let mut reader = reader.part(&format!("transformers.{number}"), part);
        let columns = reader.counts("columns")?;
        let transformer = FittedTransformer::read(&part.kind, &mut reader)?;
        reader.finish()?;
        let (step, after) = placed(name, columns, transformer, &table)?;
        table = after;
        steps.push(step);
    }
    let mut part = reader.part("estimator", &structure.estimator);
    let estimator = FittedEstimator::read(&structure.estimator.kind, &mut part)?;
    part.finish()?;
    reader.finish()?;
    let fitted = Fitted::new(signature, classes, steps, table.names().to_vec(), estimator);
    fitted.check(&table)?;
    Ok(fitted)
}

fn read_signature(
    task: Task,
    reader: &mut Reader<'_>,
) -> Result<(Signature, Option<Column>, Vec<String>), LoadError> {
    let nothing = Part::default();
    let mut reader = reader.part("signature", &nothing);
    let names = reader.texts("names")?;
    let kinds = reader.kinds("kinds")?;
    if names.len() != kinds.len() {
        return Err(LoadError::invalid(
            "names and kinds of the signature differ in number",
        ));
    }
    if names.iter().rev().skip(1).any(|name| name.len() > NAME_MAX) {
        return Err(LoadError::invalid("a column name is too long"));
    }
    let mut features: Vec<Field> = names
        .into_iter()
        .zip(kinds)
        .map(|(name, kind)| Field { name, kind })
        .collect();
    let target = features
        .pop()
        .ok_or_else(|| LoadError::invalid("the signature has no target"))?;
    let classes = match task {
        Task::Classification => Some(reader.column("classes", target.kind)?),
        Task::Regression => None,
    };
    let steps = reader.texts("steps")?;
    let signature = Signature {
        features,
        target,
        task,
    };
    Ok((signature, classes, steps))
}

/// A transformer in its place in the table of the steps before it, which has no rows, and the table it leaves.
fn placed(
    name: String,
    columns: Vec<usize>,
    transformer: FittedTransformer,
    table: &Table,
) -> Result<(FittedStep, Table), LoadError> {
    let n_columns = table.names().len();
    let mut sorted = columns.clone();
    sorted.sort_unstable();
    if !sorted.is_sorted_by(|left, right| left < right)
        || sorted.last().is_some_and(|&last| last >= n_columns)
    {
        return Err(LoadError::invalid(
            "a transformer names a column twice, or one that is not there",
        ));
    }
    if transformer.n_columns() != columns.len() {
        return Err(LoadError::invalid(
            "a transformer was fitted with another number of columns",
        ));
    }
    let invalid = |error: &dyn std::error::Error| LoadError::invalid(error.to_string());
    let taken: Vec<(&str, &Column)> = columns.iter().map(|&at| table.at(at)).collect();
    let made = transformer.transform(&taken).map_err(|error| invalid(&error))?;
    let step = FittedStep {
        name,
        names: taken.iter().map(|&(name, _)| name.to_owned()).collect(),
        columns,
        transformer,
    };
    let names = step.made_names().map_err(|error| invalid(&error))?;
    let after = table
        .replace(&step.columns, named(names, made))
        .map_err(|error| invalid(&error))?;
    Ok((step, after))
}

impl Fitted {
    /// Whether the estimator fits the signature and the table of the last step, which has no rows.
    fn check(&self, last: &Table) -> Result<(), LoadError> {
        let matrix =
            matrix(0, last.columns()).map_err(|flaw| LoadError::invalid(flaw.in_prediction().to_string()))?;
        if matrix.ncols() != self.estimator.n_features() || matrix.ncols() == 0 {
            return Err(LoadError::invalid(
                "the estimator was fitted with another number of columns",
            ));
        }
        if self.classes.as_ref().map(Column::len) != self.estimator.n_classes() {
            return Err(LoadError::invalid("classes and estimator do not belong together"));
        }
        match (&self.classes, self.signature.target.kind) {
            (Some(classes), _) if !is_strictly_sorted(classes) => {
                Err(LoadError::invalid("the classes are not sorted"))
            }
            (None, ColumnKind::Text | ColumnKind::Boolean) => {
                Err(LoadError::invalid("a regression has no numbers"))
            }
            _ => Ok(()),
        }
    }
}

fn is_strictly_sorted(classes: &Column) -> bool {
    match classes {
        Column::Number(cells) => cells.is_sorted_by(|left, right| left < right),
        Column::Text(cells) => cells.is_sorted_by(|left, right| left < right),
        Column::Boolean(cells) => cells.is_sorted_by(|left, right| left < right),
    }
}
