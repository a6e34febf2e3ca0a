//! The mean logistic loss of a linear model, its penalty, and their derivatives.

#[cfg(test)]
mod tests;

use ndarray::{
    Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis,
    linalg::{general_mat_mul, general_mat_vec_mul},
};

use crate::target::Classes;

/// f(W, b) = Σ sᵢ · lossᵢ / Σ sᵢ + ‖W‖² / (2 C Σ sᵢ) over n_scores × n_features weights and n_scores intercepts.
///
/// It is the estimator's objective divided by C Σ sᵢ, as in scikit-learn, so that the tolerance means the same for
/// few and many rows. Parameters are one flat slice: the weights, score by score, then the intercepts.
pub(super) struct Loss<'a> {
    x: ArrayView2<'a, f64>,
    codes: &'a [usize],
    /// sᵢ / Σ sᵢ by class.
    shares: Vec<f64>,
    penalty: f64,
    fit_intercept: bool,
    n_scores: usize,
    /// n_rows × n_scores; holds the scores first, then the derivatives by them.
    scores: Array2<f64>,
}

impl<'a> Loss<'a> {
    /// `weights` are s by class.
    pub(super) fn new(
        x: ArrayView2<'a, f64>,
        y: &'a Classes,
        weights: &[f64],
        c: f64,
        fit_intercept: bool,
    ) -> Loss<'a> {
        let total: f64 = y.codes.iter().map(|&code| weights[code]).sum();
        let n_scores = if y.n_classes() == 2 { 1 } else { y.n_classes() };
        Loss {
            x,
            codes: &y.codes,
            shares: weights.iter().map(|weight| weight / total).collect(),
            penalty: 1.0 / c / total,
            fit_intercept,
            n_scores,
            scores: Array2::zeros((x.nrows(), n_scores)),
        }
    }

    /// Length of the flat slice.
    pub(super) fn n_parameters(&self) -> usize {
        self.n_scores * (self.x.ncols() + 1)
    }

    /// Weights and intercepts in the flat slice.
    pub(super) fn split<'p>(&self, parameters: &'p [f64]) -> (ArrayView2<'p, f64>, &'p [f64]) {
        let n_features = self.x.ncols();
        let (weights, intercepts) = parameters.split_at(self.n_scores * n_features);
        let weights = ArrayView2::from_shape((self.n_scores, n_features), weights)
            .expect("the slice was split at exactly this size");
        (weights, intercepts)
    }

    /// The value at `parameters`; writes the derivatives into `gradient`, of the same length.
    pub(super) fn evaluate(&mut self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let (weights, intercepts) = self.split(parameters);
        self.scores.assign(&ArrayView1::from(intercepts));
        if self.n_scores == 1 {
            general_mat_vec_mul(1.0, &self.x, &weights.row(0), 1.0, &mut self.scores.column_mut(0));
        } else {
            general_mat_mul(1.0, &self.x, &weights.t(), 1.0, &mut self.scores);
        }
        let loss = self.differentiate();
        let (mut by_weights, by_intercepts) = split_mut(gradient, self.n_scores, self.x.ncols());
        by_weights.assign(&weights);
        if self.n_scores == 1 {
            let mut row = by_weights.row_mut(0);
            general_mat_vec_mul(1.0, &self.x.t(), &self.scores.column(0), self.penalty, &mut row);
        } else {
            general_mat_mul(1.0, &self.scores.t(), &self.x, self.penalty, &mut by_weights);
        }
        for (by_intercept, column) in by_intercepts.iter_mut().zip(self.scores.axis_iter(Axis(1))) {
            *by_intercept = if self.fit_intercept { column.sum() } else { 0.0 };
        }
        loss + 0.5 * self.penalty * weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// Turns scores into derivatives of the mean loss by them, and answers the mean loss.
    fn differentiate(&mut self) -> f64 {
        let scores = self
            .scores
            .as_slice_mut()
            .expect("a matrix made by zeros is in standard layout");
        let rows = scores.chunks_exact_mut(self.n_scores).zip(self.codes);
        let losses = rows.map(|(row, &code)| {
            let share = self.shares[code];
            let loss = match row {
                [score] => {
                    let sign = if code == 1 { 1.0 } else { -1.0 };
                    let (loss, slope) = logistic(sign * *score);
                    *score = share * sign * slope;
                    loss
                }
                scores => softmax(scores, code, share),
            };
            share * loss
        });
        losses.sum()
    }
}

/// ln(1 + e^−margin) and its derivative, without overflow on either side.
fn logistic(margin: f64) -> (f64, f64) {
    let e = (-margin.abs()).exp();
    if margin >= 0.0 {
        (e.ln_1p(), -e / (1.0 + e))
    } else {
        (e.ln_1p() - margin, -1.0 / (1.0 + e))
    }
}

/// −ln softmax of the class `code`; turns the scores into the derivatives, times `share`.
fn softmax(scores: &mut [f64], code: usize, share: f64) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = scores[code] - largest;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    let factor = share / sum;
    scores.iter_mut().for_each(|score| *score *= factor);
    scores[code] -= share;
    sum.ln() - own
}

/// The class probabilities that belong to the scores of one row; NaN if a score is not finite.
pub(super) fn probabilities(scores: ArrayView1<'_, f64>, mut into: ArrayViewMut1<'_, f64>) {
    if scores.iter().any(|score| !score.is_finite()) {
        into.fill(f64::NAN);
    } else if scores.len() == 1 {
        let e = (-scores[0].abs()).exp();
        let (small, large) = (e / (1.0 + e), 1.0 / (1.0 + e));
        (into[0], into[1]) = if scores[0] >= 0.0 {
            (small, large)
        } else {
            (large, small)
        };
    } else {
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        into.zip_mut_with(&scores, |into, score| *into = (score - largest).exp());
        let sum = into.sum();
        into /= sum;
    }
}

fn split_mut(
    parameters: &mut [f64],
    n_scores: usize,
    n_features: usize,
) -> (ArrayViewMut2<'_, f64>, &mut [f64]) {
    let (weights, intercepts) = parameters.split_at_mut(n_scores * n_features);
    let weights = ArrayViewMut2::from_shape((n_scores, n_features), weights)
        .expect("the slice was split at exactly this size");
    (weights, intercepts)
}
