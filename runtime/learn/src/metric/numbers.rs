//! Metrics of predicted numbers.

use super::Metric;

/// The score by one of the metrics of numbers; not finite where the numbers are too large. There is at least one row.
pub(super) fn score(metric: Metric, predicted: &[f64], target: &[f64]) -> f64 {
    let errors: Vec<f64> = target
        .iter()
        .zip(predicted)
        .map(|(target, predicted)| target - predicted)
        .collect();
    let sizes = || errors.iter().map(|error| error.abs());
    match metric {
        Metric::R2 => explained(errors.iter().map(|error| error * error).sum(), target),
        Metric::ExplainedVariance => explained(spread(&errors), target),
        Metric::NegMeanSquaredError => -mean_square(&errors),
        Metric::NegRootMeanSquaredError => -mean_square(&errors).sqrt(),
        Metric::NegMedianAbsoluteError => -median(sizes().collect()),
        Metric::NegMeanAbsolutePercentageError => {
            let relative = sizes()
                .zip(target)
                .map(|(size, target)| size / target.abs().max(f64::EPSILON));
            -relative.sum::<f64>() / target.len() as f64
        }
        Metric::NegMaxError => -sizes().fold(0.0, f64::max),
        _ => -sizes().sum::<f64>() / target.len() as f64,
    }
}

/// 1 − unexplained / (the target's spread); for a constant target 1 if nothing is unexplained and 0 otherwise.
fn explained(unexplained: f64, target: &[f64]) -> f64 {
    let spread = spread(target);
    match (unexplained == 0.0, spread == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - unexplained / spread,
    }
}

/// The sum of squared distances from the mean; exactly 0 where all numbers are the same, which a rounded mean may miss.
fn spread(numbers: &[f64]) -> f64 {
    if numbers.iter().all(|number| *number == numbers[0]) {
        return 0.0;
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    numbers
        .iter()
        .map(|number| (number - mean) * (number - mean))
        .sum()
}

fn mean_square(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64
}

/// The middle number, or the mean of the two in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    let middle = numbers.len() / 2;
    let (below, &mut upper, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
    match below.iter().copied().reduce(f64::max) {
        Some(lower) if numbers.len().is_multiple_of(2) => lower / 2.0 + upper / 2.0,
        _ => upper,
    }
}
