//! Metrics of predicted probabilities, each row by itself.

use ndarray::Array2;

/// The mean of ln(probability of the row's class).
pub(super) fn neg_log_loss(target: &[usize], probabilities: &Array2<f64>) -> f64 {
    let of_row = |(row, &class): (usize, &usize)| {
        let share = probabilities[[row, class]];
        share.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    };
    target.iter().enumerate().map(of_row).sum::<f64>() / target.len() as f64
}

/// Minus the mean squared distance of the probabilities from 1 for the row's class and 0 for the others.
pub(super) fn neg_brier_score(target: &[usize], probabilities: &Array2<f64>) -> f64 {
    let of_row = |(row, &class): (usize, &usize)| {
        let of_class = |(other, &share): (usize, &f64)| {
            let wanted = if other == class { 1.0 } else { 0.0 };
            (share - wanted) * (share - wanted)
        };
        probabilities
            .row(row)
            .iter()
            .enumerate()
            .map(of_class)
            .sum::<f64>()
    };
    let mean = target.iter().enumerate().map(of_row).sum::<f64>() / target.len() as f64;
    if probabilities.ncols() == 2 {
        -mean / 2.0
    } else {
        -mean
    }
}
