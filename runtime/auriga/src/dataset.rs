//! Loads what a Model's dataset names: features and target, to learn from and to score on.

use auriga_crds::{CheckedDataset, CheckedSource, CheckedSplitter, Digest};
use auriga_data::{AddressPolicy, Csv, Limits, Place, load};
use auriga_learn::{Column, Field, Signature, Table, near};

use crate::{
    console::{Console, Unit},
    failure::Failure,
    manifest::Manifest,
    progress::Phase,
    translate,
};

/// Rows, split into what is known beforehand and what is to be predicted.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// n_rows × n_features.
    pub(crate) features: Table,
    /// n_rows.
    pub(crate) target: Column,
}

/// All rows of a dataset.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// To learn from.
    pub(crate) train: Part,
    /// To score on.
    pub(crate) test: Option<Part>,
    /// Which of the rows to learn from belong together: the column's name and a cell for each of them.
    pub(crate) groups: Option<(String, Column)>,
    /// Of both tables as they were read.
    pub(crate) digest: Digest,
}

/// Reads the tables that the manifest names.
pub(crate) async fn rows(manifest: &Manifest, console: &Console) -> Result<Rows, Failure> {
    let dataset = &manifest.checked.dataset;
    let train = Source::new(&dataset.train, manifest)?;
    let mut train_table = train.load(console).await?;
    let fields = train_table.fields();
    let mut digests = train_table.digest().to_vec();
    let groups = match &manifest.checked.cross_validation {
        Some(CheckedSplitter::GroupKFold(k_fold)) => {
            let name = &k_fold.groups;
            let cells = train_table.remove(name);
            let field = "training.crossValidation.groupKFold.groups";
            let cells = cells.ok_or_else(|| absent(field, name, &train_table, &train.place))?;
            Some((name.clone(), cells))
        }
        _ => None,
    };
    let named = Named {
        field: "dataset.features",
        columns: dataset.features.as_deref(),
    };
    let train = part(train_table, &train.place, dataset, named)?;
    let test = match &dataset.test {
        Some(test) => {
            let test = Source::new(test, manifest)?;
            let table = test.load_like(&fields, console).await?;
            digests.extend(table.digest());
            // What the model learned from must be there, found before the fit rather than after it.
            let learned = Named {
                field: "dataset.test",
                columns: Some(train.features.names()),
            };
            Some(part(table, &test.place, dataset, learned)?)
        }
        None => None,
    };
    Ok(Rows {
        train,
        test,
        groups,
        digest: Digest::of(&digests),
    })
}

/// Reads `dataset.test` alone, to score a version that has learned from rows with this signature.
pub(crate) async fn test(
    manifest: &Manifest,
    signature: &Signature,
    console: &Console,
) -> Result<Part, Failure> {
    let dataset = &manifest.checked.dataset;
    let Some(test) = &dataset.test else {
        return Err(Failure::mistake(
            "spec.dataset.test is missing; name there the rows to score on, which no fit has seen",
        ));
    };
    let Field { name: target, .. } = &signature.target;
    if dataset.target != *target {
        return Err(Failure::mistake(format!(
            "spec.dataset.target: the version predicts \"{target}\", not \"{}\"; fit again, or test with the manifest that it \
             was fitted to",
            dataset.target
        )));
    }
    let test = Source::new(test, manifest)?;
    let mut fields = signature.features.clone();
    fields.push(signature.target.clone());
    let table = test.load_like(&fields, console).await?;
    let names: Vec<String> = (signature.features.iter())
        .map(|field| field.name.clone())
        .collect();
    let learned = Named {
        field: "dataset.test",
        columns: Some(&names),
    };
    part(table, &test.place, dataset, learned)
}

struct Source {
    place: Place,
    csv: Csv,
}

impl Source {
    fn new(source: &CheckedSource, manifest: &Manifest) -> Result<Source, Failure> {
        let CheckedSource::Csv(place, csv) = source;
        Ok(Source {
            place: translate::place(place, manifest)?,
            csv: translate::csv(csv),
        })
    }

    /// A column is in the test table what it is in the training table: where a few rows alone look otherwise, such as
    /// codes that happen to be numbers, they are read again with the kinds declared.
    async fn load_like(&self, fields: &[Field], console: &Console) -> Result<Table, Failure> {
        let table = self.load(console).await?;
        let differs = |field: &&Field| {
            table
                .column(&field.name)
                .is_some_and(|column| column.kind() != field.kind)
        };
        let mut csv = self.csv.clone();
        csv.types.extend(
            fields
                .iter()
                .filter(differs)
                .map(|field| (field.name.clone(), field.kind)),
        );
        if csv.types == self.csv.types {
            return Ok(table);
        }
        Source {
            place: self.place.clone(),
            csv,
        }
        .load(console)
        .await
    }

    async fn load(&self, console: &Console) -> Result<Table, Failure> {
        let part = console.part(Phase::Reading, Unit::Bytes);
        let loaded = load(
            &self.csv,
            &self.place,
            &Limits::new(AddressPolicy::Laptop),
            &|progress| part.reach(progress.bytes, progress.total.unwrap_or(progress.bytes)),
        )
        .await;
        part.end();
        Ok(loaded?)
    }
}

/// The features wanted, and the field of the spec that wants them.
struct Named<'a> {
    field: &'static str,
    /// `None`: all columns but the target and the groups.
    columns: Option<&'a [String]>,
}

/// Splits a table into target and features.
fn part(
    mut table: Table,
    place: &Place,
    dataset: &CheckedDataset,
    features: Named<'_>,
) -> Result<Part, Failure> {
    let Some(target) = table.remove(&dataset.target) else {
        return Err(absent("dataset.target", &dataset.target, &table, place));
    };
    let features = match features.columns {
        Some(names) => {
            if let Some(name) = names.iter().find(|name| table.column(name).is_none()) {
                return Err(absent(features.field, name, &table, place));
            }
            table
                .select(names)
                .map_err(|error| Failure::data(error.to_string()))?
        }
        None => table,
    };
    Ok(Part { features, target })
}

/// A field of the spec names a column that is not there.
fn absent(field: &str, name: &str, table: &Table, place: &Place) -> Failure {
    let hint = match near(name, table.names()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("it has {}", listed(table.names())),
    };
    Failure::data(format!("spec.{field}: {place} has no column \"{name}\"; {hint}"))
}

/// The first names of a list that may be long.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("\"{name}\""))
        .collect();
    let more = if names.len() > SHOWN {
        format!(" and {} more", names.len() - SHOWN)
    } else {
        String::new()
    };
    shown.join(", ") + &more
}
