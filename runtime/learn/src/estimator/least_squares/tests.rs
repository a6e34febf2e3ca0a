//! Least squares of every shape and rank, checked by what a minimum is.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array1, Array2, Axis, array};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::{Linear, least_squares, penalized};
use crate::{Control, FitError, Progress};

fn solve(x: &Array2<f64>, y: &Array1<f64>, fit_intercept: bool, alpha: f64) -> Linear {
    watched(x, y, fit_intercept, alpha, &Control::none())
        .unwrap()
        .unwrap()
}

fn watched(
    x: &Array2<f64>,
    y: &Array1<f64>,
    fit_intercept: bool,
    alpha: f64,
    control: &Control<'_>,
) -> Result<Option<Linear>, FitError> {
    match alpha {
        0.0 => least_squares(x.view(), y.view(), fit_intercept, 1e-6, control),
        _ => penalized(x.view(), y.view(), fit_intercept, alpha, control),
    }
}

/// A matrix of a rank that is at most `rank`, whose columns have units up to a thousandfold apart.
fn random_matrix(random: &mut ChaCha8Rng, n_rows: usize, n_columns: usize, rank: usize) -> Array2<f64> {
    let mut factor =
        |rows, columns| Array2::from_shape_simple_fn((rows, columns), || random.random_range(-1.0..1.0));
    let product: Array2<f64> = factor(n_rows, rank).dot(&factor(rank, n_columns));
    let units = Array1::from_shape_simple_fn(n_columns, || 10.0_f64.powf(random.random_range(-1.5..1.5)));
    product * &units
}

#[test]
fn of_all_minima_the_smallest_is_found_whatever_shape_and_rank() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for case in 0..2_000 {
        let (n_rows, n_columns) = (random.random_range(1..15), random.random_range(1..15));
        let rank = random.random_range(1..=n_rows.min(n_columns));
        let fit_intercept = case % 2 == 0;
        let alpha = [0.0, 0.0, 0.3][case % 3];
        let x = random_matrix(&mut random, n_rows, n_columns, rank);
        let y = Array1::from_shape_simple_fn(n_rows, || random.random_range(-5.0..5.0));
        let linear = solve(&x, &y, fit_intercept, alpha);
        let weights = Array1::from(linear.coefficients.clone());
        let centered = if fit_intercept {
            &x - &x.mean_axis(Axis(0)).unwrap()
        } else {
            x.clone()
        };
        let residual = &y - &linear.predict(x.view());
        let largest = |values: Array1<f64>| {
            values
                .iter()
                .fold(0.0_f64, |largest, value| largest.max(value.abs()))
        };
        // The derivative of the squares vanishes. It is a sum over rows of products of a column with y, so it is
        // compared with their size.
        let size = largest(x.iter().copied().collect()) * 5.0 * n_rows as f64;
        let slope = largest(centered.t().dot(&residual) - alpha * &weights);
        assert!(slope < 1e-10 * size, "case {case}: {slope} of {size}");
        if fit_intercept {
            assert!(residual.sum().abs() < 1e-10 * size, "case {case}");
        }
        // The smallest weights are a combination of the rows: no part of them is across all rows. Penalized weights
        // are, too.
        let rows = solve_rows(&centered, &weights);
        assert!(
            largest(&weights - &rows) < 1e-7 * largest(weights.clone()).max(1e-3),
            "case {case}"
        );
    }
}

/// The combination of the rows that is nearest to `weights`.
fn solve_rows(rows: &Array2<f64>, weights: &Array1<f64>) -> Array1<f64> {
    let combination = solve(&rows.t().to_owned(), weights, false, 0.0);
    rows.t().dot(&Array1::from(combination.coefficients))
}

#[test]
fn a_closed_form_is_met() {
    let x = array![[0.0], [1.0], [2.0]];
    let y = array![1.0, 3.0, 5.0];
    let check = |alpha: f64, weight: f64| {
        let linear = solve(&x, &y, true, alpha);
        assert!((linear.coefficients[0] - weight).abs() < 1e-14);
        assert!((linear.intercept - (3.0 - weight)).abs() < 1e-14);
    };
    check(0.0, 2.0);
    check(2.0, 4.0 / (2.0 + 2.0));
    check(1e300, 0.0);
}

#[test]
fn what_rounding_leaves_of_a_constant_column_has_no_weight() {
    let x = array![
        [0.1, 1.0],
        [0.1, 2.0],
        [0.1, 3.0],
        [0.1, 5.0],
        [0.1, 8.0],
        [0.1, 9.0]
    ];
    let y = array![1.0, -2.0, 4.0, 0.5, 3.0, 7.0];
    assert!(solve(&x, &y, true, 0.0).coefficients[0].abs() < 1e-14);
}

#[test]
fn a_column_keeps_its_weight_in_whatever_unit_it_is_given() {
    let x = array![[1.0, 1.0], [2.0, -1.0], [3.0, 0.5], [4.0, -2.0]];
    let y = array![3.0, 1.0, 4.0, 1.5];
    let plain = solve(&x, &y, true, 0.0);
    for unit in [1e-300, 1e-9, 1e9, 1e300] {
        let given = solve(&(&x * &array![unit, 1.0]), &y, true, 0.0);
        assert!(
            (given.coefficients[0] * unit - plain.coefficients[0]).abs() < 1e-12,
            "{unit}"
        );
        assert!(
            (given.coefficients[1] - plain.coefficients[1]).abs() < 1e-12,
            "{unit}"
        );
    }
}

#[test]
fn a_solution_is_given_up_at_whichever_stage_it_is_cancelled() {
    let y = array![3.0, 1.0, 4.0];
    let tall = array![[1.0, 1.0], [2.0, -1.0], [3.0, 0.5]];
    let dependent = array![[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]];
    let wide = array![[1.0, 1.0, 0.0, 2.0], [2.0, -1.0, 0.0, 1.0], [3.0, 0.5, 1.0, 0.0]];
    for x in [tall, dependent, wide] {
        for alpha in [0.0, 0.3, 1e-300] {
            for stage in 1..=3 {
                let cancelled = AtomicBool::new(false);
                let report = |progress: Progress| {
                    assert!(progress.done <= stage, "{progress:?} after stage {stage}");
                    cancelled.store(progress.done == stage, Ordering::Relaxed);
                };
                let ended = watched(&x, &y, true, alpha, &Control::new(&report, &cancelled));
                assert_eq!(ended, Err(FitError::Cancelled), "alpha {alpha}, stage {stage}");
            }
        }
    }
}
