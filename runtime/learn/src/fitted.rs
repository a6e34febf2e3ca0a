//! A fitted model: exists only after a fit, predicts, becomes bytes and comes back.

mod file;
mod step;

use std::borrow::Cow;

use ndarray::{Array2, ArrayView1, Axis};

use crate::{
    Column, Convergence, Field, FittedEstimator, FittedTransformer, LoadError, PredictError, PredictOptions,
    PredictParameter, Signature, Table,
    estimator::Output,
    matrix::matrix,
    near::near,
    predict_options::THRESHOLD,
    size::{BYTES_MAX, bytes_of},
};

pub(crate) use step::{FittedStep, named};

/// The result of a fit: transformers and an estimator with everything they learned.
///
/// It predicts each row by itself, never answers NaN or an infinity, and comes back bit for bit from its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    signature: Signature,
    /// In order, none missing; `None` for a regression.
    classes: Option<Column>,
    steps: Vec<FittedStep>,
    /// The names of the matrix's columns.
    columns: Vec<String>,
    estimator: FittedEstimator,
}

/// Cells of the estimator's matrix, or of its probabilities, that are made at a time: 8 MiB.
const BLOCK_CELLS: usize = 1 << 20;

impl Fitted {
    pub(crate) fn new(
        signature: Signature,
        classes: Option<Column>,
        steps: Vec<FittedStep>,
        columns: Vec<String>,
        estimator: FittedEstimator,
    ) -> Fitted {
        Fitted {
            signature,
            classes,
            steps,
            columns,
            estimator,
        }
    }

    /// Names and kinds of inputs and output.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The estimator's name as in the manifest, such as `logisticRegression`.
    pub fn estimator_name(&self) -> &'static str {
        self.estimator.kind()
    }

    /// What the estimator learned.
    pub fn estimator(&self) -> &FittedEstimator {
        &self.estimator
    }

    /// The steps' names with what each transformer learned, in order.
    pub fn transformers(&self) -> impl ExactSizeIterator<Item = (&str, &FittedTransformer)> {
        self.steps
            .iter()
            .map(|step| (step.name.as_str(), &step.transformer))
    }

    /// How the fit ended; `None` for an estimator that needs no iterations.
    pub fn convergence(&self) -> Option<Convergence> {
        self.estimator.convergence()
    }

    /// How much each column that the last transformer leaves matters to the estimator, by name, as shares that sum to 1,
    /// or all 0 if none does; `None` for an estimator that does not tell.
    ///
    /// For trees: the decrease of impurity by the splits of a column, which favors columns with many different numbers.
    /// Source: Breiman, Friedman, Olshen and Stone (1984); scikit-learn's `feature_importances_`.
    pub fn feature_importances(&self) -> Option<Vec<(String, f64)>> {
        let importances = self.estimator.importances()?;
        let names = self.columns.iter().cloned();
        Some(names.zip(importances.iter().copied()).collect())
    }

    /// The classes in the order of `predict_proba`'s columns; `None` for a regression.
    pub fn classes(&self) -> Option<&Column> {
        self.classes.as_ref()
    }

    /// One prediction per row, of the target's kind, none missing. Of equally probable classes the first is taken.
    ///
    /// Columns are found by name, in any order; columns that the model does not know are ignored. Errors: a column
    /// that is absent or of another kind; a missing cell that no step fills; a category that the model refuses;
    /// numbers so large that the result is not finite.
    pub fn predict(&self, table: &Table) -> Result<Column, PredictError> {
        self.predict_with(table, PredictOptions::default())
    }

    /// As [`Fitted::predict`], as `options` say.
    ///
    /// Errors: as [`Fitted::predict`]; an option that is not among [`Fitted::predict_parameters`].
    pub fn predict_with(&self, table: &Table, options: PredictOptions) -> Result<Column, PredictError> {
        let threshold = match (options.threshold, self.estimator.n_classes()) {
            (Some(_), n_classes) if n_classes != Some(2) => return Err(PredictError::NoThreshold),
            (threshold, _) => threshold,
        };
        let choose = |row: ArrayView1<'_, f64>| match threshold {
            Some(threshold) => usize::from(row[1] >= threshold),
            None => first_largest(row),
        };
        let (mut numbers, mut best) = (Vec::new(), Vec::new());
        self.output_by_blocks(table, |output| match output {
            Output::Numbers(block) => numbers.extend(block),
            Output::Probabilities(block) => best.extend(block.axis_iter(Axis(0)).map(choose)),
        })?;
        Ok(match &self.classes {
            Some(classes) => classes.take(&best),
            None => Column::Number(numbers),
        })
    }

    /// What [`Fitted::predict_with`] can be told, by name.
    pub fn predict_parameters(&self) -> &'static [PredictParameter] {
        match self.estimator.n_classes() {
            Some(2) => &[THRESHOLD],
            _ => &[],
        }
    }

    /// n_rows × n_classes probabilities, each row summing to 1.
    ///
    /// Errors: as [`Fitted::predict`]; a model that predicts numbers; probabilities of more than 4 GiB, or of more than
    /// there is memory for.
    pub fn predict_proba(&self, table: &Table) -> Result<Array2<f64>, PredictError> {
        let Some(n_classes) = self.estimator.n_classes() else {
            return Err(PredictError::NoProbabilities {
                estimator: self.estimator.kind(),
            });
        };
        let bytes = bytes_of(table.n_rows(), n_classes);
        let too_large = |limit| PredictError::TooLarge {
            n_rows: table.n_rows(),
            n_classes,
            bytes,
            limit,
        };
        if bytes > BYTES_MAX {
            return Err(too_large(Some(BYTES_MAX)));
        }
        let mut shares = Vec::new();
        shares
            .try_reserve_exact(table.n_rows() * n_classes)
            .map_err(|_| too_large(None))?;
        self.output_by_blocks(table, |output| match output {
            Output::Probabilities(block) => shares.extend(block),
            Output::Numbers(_) => unreachable!("an estimator with classes answers probabilities"),
        })?;
        let shares = Array2::from_shape_vec((table.n_rows(), n_classes), shares);
        Ok(shares.expect("every row has one probability per class"))
    }

    /// The model file: a safetensors file that holds numbers and texts, never code, and its own digest. Equal models
    /// have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// Reads a model file, whose every byte is covered by the digest inside.
    ///
    /// Errors: see [`LoadError`]. Nothing is parsed before the digest was checked, and no more memory is taken than a
    /// small multiple of the bytes at hand.
    pub fn from_bytes(bytes: &[u8]) -> Result<Fitted, LoadError> {
        file::read(bytes)
    }

    /// Tells `take` what the estimator says about the rows, all of it finite, block after block.
    ///
    /// A request of a few bytes per row may become thousands of columns, or probabilities.
    fn output_by_blocks(&self, table: &Table, mut take: impl FnMut(Output)) -> Result<(), PredictError> {
        let n_columns = self
            .estimator
            .n_features()
            .max(self.estimator.n_classes().unwrap_or(1));
        let block = (BLOCK_CELLS / n_columns).max(1);
        if table.n_rows() <= block {
            take(self.output_of_block(table)?);
            return Ok(());
        }
        for start in (0..table.n_rows()).step_by(block) {
            let rows = start..table.n_rows().min(start + block);
            let output = self.output_of_block(&table.slice(rows));
            take(output.map_err(|error| error.map_row(|row| row + start))?);
        }
        Ok(())
    }

    fn output_of_block(&self, table: &Table) -> Result<Output, PredictError> {
        let output = self.estimator.output(self.transform(table)?.view());
        match output.first_not_finite() {
            Some(row) => Err(PredictError::NotFinite { row }),
            None => Ok(output),
        }
    }

    /// The matrix that the estimator sees: n_rows × the columns that the last transformer leaves.
    ///
    /// Errors: as [`Fitted::predict`].
    pub fn transform(&self, table: &Table) -> Result<Array2<f64>, PredictError> {
        let mut columns: Vec<Cow<'_, Column>> = self.features(table)?;
        for step in &self.steps {
            columns = step.transform(columns)?;
        }
        let columns = columns.iter().map(|column| &**column);
        matrix(
            table.n_rows(),
            self.columns.iter().map(String::as_str).zip(columns),
        )
        .map_err(|flaw| flaw.in_prediction())
    }

    /// The names of the columns of [`Fitted::transform`], in order.
    pub fn matrix_columns(&self) -> &[String] {
        &self.columns
    }

    /// The features in the order of the fit.
    fn features<'t>(&self, table: &'t Table) -> Result<Vec<Cow<'t, Column>>, PredictError> {
        let feature_column = |(expected_at, feature): (usize, &Field)| {
            // Most callers keep the order, and then no name has to be searched for.
            let position = match table.names().get(expected_at) {
                Some(name) if *name == feature.name => expected_at,
                _ => table
                    .names()
                    .iter()
                    .position(|name| *name == feature.name)
                    .ok_or_else(|| self.absent(&feature.name, table))?,
            };
            let (_, column) = table.at(position);
            match column.kind() == feature.kind {
                true => Ok(Cow::Borrowed(column)),
                false => Err(PredictError::ColumnKind {
                    column: feature.name.clone(),
                    expected: feature.kind,
                    found: column.kind(),
                }),
            }
        };
        self.signature
            .features
            .iter()
            .enumerate()
            .map(feature_column)
            .collect()
    }

    fn absent(&self, column: &str, table: &Table) -> PredictError {
        let is_known = |name: &&String| {
            self.signature
                .features
                .iter()
                .any(|feature| feature.name == **name)
        };
        let unknown: Vec<&String> = table.names().iter().filter(|name| !is_known(name)).collect();
        PredictError::ColumnAbsent {
            column: column.to_owned(),
            near: near(column, &unknown),
        }
    }
}

/// The position of the largest number, the first of several.
pub(crate) fn first_largest(row: ArrayView1<'_, f64>) -> usize {
    let larger = |best: usize, next: usize| if row[next] > row[best] { next } else { best };
    (1..row.len()).fold(0, larger)
}
