//! Logistic regression: linear classes with probabilities.

mod loss;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use self::loss::{Loss, probabilities};
use super::{ClassWeight, Classifier, Classifies, Convergence, check_range};
use crate::{
    Control, FitError, LoadError,
    container::{PartReader, PartWriter},
    lbfgs::{self, Goal, Stopped},
    target::Classes,
};

/// Hyperparameters of logistic regression: minimizes C · Σ sᵢ · lossᵢ + ½‖W‖², the intercepts not penalized.
///
/// The loss of a row is −ln of the probability of its class: by the logistic function of one linear score for two
/// classes, by the softmax of one linear score per class for more. sᵢ is the weight of the row's class. The minimum is
/// found by L-BFGS; `converged` in [`Convergence`] tells whether it was. Features of one scale (a standardScaler
/// before) need far fewer iterations. Source: scikit-learn's `LogisticRegression` with its default solver.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    /// C in the formula, greater than 0, its reciprocal finite: a small one draws every weight to 0, infinity takes the penalty away.
    /// Default 1.
    pub c: f64,
    /// How much the rows of each class count. Default: all alike.
    pub class_weight: ClassWeight,
    /// Most iterations, at least 1. Default 100.
    pub max_iter: usize,
    /// The fit ends when no derivative of the mean loss (with its penalty) exceeds this, at least 0. Default 1e-4.
    pub tol: f64,
    /// Whether there are intercepts. Default true.
    pub fit_intercept: bool,
}

impl Default for LogisticRegression {
    fn default() -> LogisticRegression {
        LogisticRegression {
            c: 1.0,
            class_weight: ClassWeight::Uniform,
            max_iter: 100,
            tol: 1e-4,
            fit_intercept: true,
        }
    }
}

/// The weights that a logistic fit found.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLogisticRegression {
    coefficients: Array2<f64>,
    intercepts: Vec<f64>,
    convergence: Convergence,
}

impl FittedLogisticRegression {
    /// n_scores × n_features weights: one score, for the second class, if there are two classes; else one per class.
    pub fn coefficients(&self) -> ArrayView2<'_, f64> {
        self.coefficients.view()
    }

    /// One intercept per score; 0 without `fit_intercept`.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }
}

impl Classifies for LogisticRegression {
    const KIND: &'static str = "logisticRegression";
    type Fitted = FittedLogisticRegression;

    fn check(&self) -> Result<(), FitError> {
        check_range(
            Self::KIND,
            "c",
            self.c,
            self.c > 0.0 && self.c.recip().is_finite(),
            "greater than 0, and 1/c a finite number",
        )?;
        check_range(
            Self::KIND,
            "maxIter",
            self.max_iter as f64,
            self.max_iter >= 1,
            "at least 1",
        )?;
        let obeys = self.tol.is_finite() && self.tol >= 0.0;
        check_range(
            Self::KIND,
            "tol",
            self.tol,
            obeys,
            "a finite number of at least 0",
        )?;
        self.class_weight.check(Self::KIND)
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &Classes,
        control: &Control<'_>,
    ) -> Result<FittedLogisticRegression, FitError> {
        let weights = self.class_weight.of(y)?;
        let mut loss = Loss::new(x, y, &weights, self.c, self.fit_intercept);
        let goal = Goal {
            gradient: self.tol,
            max_iter: self.max_iter,
        };
        let start = vec![0.0; loss.n_parameters()];
        let minimum = lbfgs::minimize(|at, gradient| loss.evaluate(at, gradient), start, goal, control)
            .map_err(|stopped| match stopped {
                Stopped::Cancelled => FitError::Cancelled,
                Stopped::NotFinite => FitError::Overflow {
                    owner: Self::KIND.to_owned(),
                },
            })?;
        let (coefficients, intercepts) = loss.split(&minimum.at);
        Ok(FittedLogisticRegression {
            coefficients: coefficients.to_owned(),
            intercepts: intercepts.to_vec(),
            convergence: Convergence {
                n_iter: minimum.n_iter,
                converged: minimum.converged,
            },
        })
    }
}

impl Classifier for FittedLogisticRegression {
    fn n_features(&self) -> usize {
        self.coefficients.ncols()
    }

    fn n_classes(&self) -> usize {
        self.intercepts.len().max(2)
    }

    fn convergence(&self) -> Option<Convergence> {
        Some(self.convergence)
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut scores = x.dot(&self.coefficients.t());
        scores += &ArrayView1::from(&self.intercepts);
        let mut result = Array2::zeros((x.nrows(), self.n_classes()));
        for (scores, mut row) in scores.axis_iter(Axis(0)).zip(result.axis_iter_mut(Axis(0))) {
            probabilities(scores, row.view_mut());
        }
        result
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        writer.fact("converged", self.convergence.converged);
        writer.counts("nIter", &[self.convergence.n_iter]);
        writer.matrix("coefficients", self.coefficients.view());
        writer.numbers("intercepts", &self.intercepts);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedLogisticRegression, LoadError> {
        let converged = reader.fact("converged")?;
        let n_iter = reader.count("nIter")?;
        let coefficients = reader.matrix("coefficients")?;
        let intercepts = reader.numbers("intercepts")?;
        if coefficients.nrows() != intercepts.len() {
            return Err(LoadError::invalid(
                "logisticRegression: coefficients and intercepts differ in number",
            ));
        }
        // Two classes have one score; two scores would mean that the file counts its classes in another way.
        if intercepts.is_empty() || intercepts.len() == 2 {
            return Err(LoadError::invalid("logisticRegression: there are 0 or 2 scores"));
        }
        Ok(FittedLogisticRegression {
            coefficients,
            intercepts,
            convergence: Convergence { n_iter, converged },
        })
    }
}
