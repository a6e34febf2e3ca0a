//! A fitted model: exists only after a fit, predicts, becomes bytes and comes back.

mod file;

use std::borrow::Cow;

use ndarray::{Array2, Axis};

use crate::{
    Column, Convergence, FittedEstimator, FittedTransformer, LoadError, PredictError, Signature, Table,
    TableError, estimator::Output, matrix::matrix, near::near,
};

/// The result of a fit: transformers and an estimator with everything they learned.
///
/// It predicts each row by itself, never answers NaN or an infinity, and comes back bit for bit from its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    signature: Signature,
    /// In order, none missing; `None` for a regression.
    classes: Option<Column>,
    steps: Vec<FittedStep>,
    estimator: FittedEstimator,
}

/// Cells of the estimator's matrix, or of its probabilities, that are made at a time: 8 MiB.
const BLOCK_CELLS: usize = 1 << 20;

/// A fitted transformer and where its columns stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FittedStep {
    /// Its name among the steps.
    pub(crate) name: String,
    /// Positions of its columns in the table as the steps before it left it.
    pub(crate) columns: Vec<usize>,
    /// What it does to them.
    pub(crate) transformer: FittedTransformer,
}

impl Fitted {
    pub(crate) fn new(
        signature: Signature,
        classes: Option<Column>,
        steps: Vec<FittedStep>,
        estimator: FittedEstimator,
    ) -> Fitted {
        Fitted {
            signature,
            classes,
            steps,
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
        let table = Table::empty(&self.signature.features).expect("the names of the features were checked");
        let matrix = self.transformed(Cow::Borrowed(&table));
        let matrix = matrix.expect("a table without rows has no cell that could be refused");
        let names = matrix.names().iter().cloned();
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
        let (mut numbers, mut best) = (Vec::new(), Vec::new());
        self.output_by_blocks(table, |output| match output {
            Output::Numbers(block) => numbers.extend(block),
            Output::Probabilities(block) => best.extend(block.axis_iter(Axis(0)).map(first_largest)),
        })?;
        Ok(match &self.classes {
            Some(classes) => classes.take(&best),
            None => Column::Number(numbers),
        })
    }

    /// n_rows × n_classes probabilities, each row summing to 1.
    ///
    /// Errors: as [`Fitted::predict`]; a model that predicts numbers.
    pub fn predict_proba(&self, table: &Table) -> Result<Array2<f64>, PredictError> {
        let Some(n_classes) = self.estimator.n_classes() else {
            return Err(PredictError::NoProbabilities {
                estimator: self.estimator.kind(),
            });
        };
        let mut shares = Vec::with_capacity(table.n_rows() * n_classes);
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
            take(output.map_err(|error| error.with_rows_before(start))?);
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
        let table = self.transformed(self.features(table)?)?;
        matrix(&table).map_err(|flaw| flaw.in_prediction())
    }

    /// The table that the last transformer leaves of one that has the features in the order of the fit.
    fn transformed<'t>(&self, mut table: Cow<'t, Table>) -> Result<Cow<'t, Table>, PredictError> {
        for step in &self.steps {
            let replacements = step.transformer.transform(&table.pick(&step.columns))?;
            let replaced = table
                .replace(&step.columns, replacements)
                .map_err(|error| match error {
                    TableError::Infinite { column, row } => PredictError::ColumnOverflow { column, row },
                    other => unreachable!("names and lengths were the same in the fit: {other}"),
                })?;
            table = Cow::Owned(replaced);
        }
        Ok(table)
    }

    /// The features in the order of the fit.
    fn features<'t>(&self, table: &'t Table) -> Result<Cow<'t, Table>, PredictError> {
        let features = &self.signature.features;
        let mut positions = Vec::with_capacity(features.len());
        for (expected_at, feature) in features.iter().enumerate() {
            // Most callers keep the order, and then no name has to be searched for.
            let position = match table.names().get(expected_at) {
                Some(name) if *name == feature.name => expected_at,
                _ => table
                    .names()
                    .iter()
                    .position(|name| *name == feature.name)
                    .ok_or_else(|| self.absent(&feature.name, table))?,
            };
            let found = table.at(position).1.kind();
            if found != feature.kind {
                return Err(PredictError::ColumnKind {
                    column: feature.name.clone(),
                    expected: feature.kind,
                    found,
                });
            }
            positions.push(position);
        }
        let unchanged = positions.len() == table.names().len() && positions.is_sorted();
        Ok(if unchanged {
            Cow::Borrowed(table)
        } else {
            Cow::Owned(table.pick(&positions))
        })
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

fn first_largest(row: ndarray::ArrayView1<'_, f64>) -> usize {
    let larger = |best: usize, next: usize| if row[next] > row[best] { next } else { best };
    (1..row.len()).fold(0, larger)
}
