//! Minimizations of functions whose minimum is known.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Goal, Minimum, Stopped, minimize};
use crate::{Control, Progress};

const FAR: Goal = Goal {
    gradient: 1e-10,
    max_iter: 1_000,
};

fn solve(objective: impl FnMut(&[f64], &mut [f64]) -> f64, start: &[f64]) -> Minimum {
    minimize(objective, start.to_vec(), FAR, &Control::none()).unwrap()
}

/// Rosenbrock's valley, minimum 0 at (1, 1).
fn valley(at: &[f64], gradient: &mut [f64]) -> f64 {
    let (x, y) = (at[0], at[1]);
    gradient[0] = -2.0 * (1.0 - x) - 400.0 * x * (y - x * x);
    gradient[1] = 200.0 * (y - x * x);
    (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
}

#[test]
fn a_curved_valley_is_followed_to_its_end() {
    for start in [[-1.2, 1.0], [10.0, -10.0], [0.0, 0.0]] {
        let minimum = solve(valley, &start);
        assert!(minimum.converged && minimum.n_iter < 200, "{minimum:?}");
        assert!((minimum.at[0] - 1.0).abs() < 1e-8 && (minimum.at[1] - 1.0).abs() < 1e-8);
    }
}

#[test]
fn curvatures_a_thousand_apart_are_no_hindrance() {
    let scales: Vec<f64> = (0..20)
        .map(|power| 10.0_f64.powf(f64::from(power) * 3.0 / 19.0))
        .collect();
    let bowl = |at: &[f64], gradient: &mut [f64]| {
        let mut value = 0.0;
        for ((x, scale), slope) in at.iter().zip(&scales).zip(gradient) {
            *slope = scale * (x - 1.0);
            value += 0.5 * scale * (x - 1.0).powi(2);
        }
        value
    };
    let minimum = solve(bowl, &[0.0; 20]);
    assert!(minimum.converged, "{minimum:?}");
    assert!(minimum.at.iter().all(|x| (x - 1.0).abs() < 1e-9));
}

#[test]
fn a_goal_beyond_the_precision_of_the_values_ends_instead_of_running_on() {
    // Around 1e6 a value has steps of 1e-10, so that no gradient below 1e-30 can be told from another.
    let shifted = |at: &[f64], gradient: &mut [f64]| {
        gradient[0] = (at[0] - 3.0).sinh();
        1e6 + (at[0] - 3.0).cosh()
    };
    let goal = Goal {
        gradient: 1e-30,
        max_iter: 100_000,
    };
    let mut evaluations = 0;
    let counted = |at: &[f64], gradient: &mut [f64]| {
        evaluations += 1;
        shifted(at, gradient)
    };
    let minimum = minimize(counted, vec![0.0], goal, &Control::none()).unwrap();
    assert!(
        minimum.converged && (minimum.at[0] - 3.0).abs() < 1e-7,
        "{minimum:?}"
    );
    assert!(evaluations < 1_000, "{evaluations}");
}

#[test]
fn a_function_without_a_minimum_ends_at_the_last_iteration_or_where_it_is_flat() {
    let slide = |at: &[f64], gradient: &mut [f64]| {
        gradient[0] = -(-at[0]).exp();
        (-at[0]).exp()
    };
    assert!(solve(slide, &[0.0]).converged);
    let ramp = |at: &[f64], gradient: &mut [f64]| {
        gradient[0] = -1.0;
        -at[0]
    };
    let minimum = solve(ramp, &[0.0]);
    assert!(minimum.at[0].is_finite());
}

#[test]
fn the_iterations_are_counted_and_limited() {
    let goal = Goal {
        gradient: 1e-10,
        max_iter: 3,
    };
    let minimum = minimize(valley, vec![-1.2, 1.0], goal, &Control::none()).unwrap();
    assert_eq!((minimum.n_iter, minimum.converged), (3, false));
    let already = minimize(valley, vec![1.0, 1.0], goal, &Control::none()).unwrap();
    assert_eq!((already.n_iter, already.converged), (0, true));
}

#[test]
fn values_that_are_not_finite_end_it_at_the_start_and_turn_it_back_later() {
    let broken = |_: &[f64], gradient: &mut [f64]| {
        gradient.fill(f64::NAN);
        f64::NAN
    };
    assert_eq!(
        minimize(broken, vec![0.0], FAR, &Control::none()).unwrap_err(),
        Stopped::NotFinite
    );
    // The logarithm is not defined left of 0, where the first steps lead.
    let walled = |at: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0 - 1e-3 / at[0];
        at[0] - 1e-3 * at[0].ln()
    };
    let minimum = solve(walled, &[0.5]);
    assert!((minimum.at[0] - 1e-3).abs() < 1e-9, "{minimum:?}");
}

#[test]
fn a_cancellation_is_seen_within_an_iteration_and_progress_comes_once_each() {
    let cancelled = AtomicBool::new(false);
    let reports = AtomicUsize::new(0);
    let report = |progress: Progress| {
        assert_eq!(progress.total, 1_000);
        if reports.fetch_add(1, Ordering::Relaxed) == 4 {
            cancelled.store(true, Ordering::Relaxed);
        }
    };
    let control = Control::new(&report, &cancelled);
    let stopped = minimize(valley, vec![-1.2, 1.0], FAR, &control).unwrap_err();
    assert_eq!(
        (stopped, reports.load(Ordering::Relaxed)),
        (Stopped::Cancelled, 5)
    );
}
