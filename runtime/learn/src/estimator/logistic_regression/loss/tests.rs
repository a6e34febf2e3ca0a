//! The logistic loss against differences, closed forms and the ends of the number range.

use ndarray::{Array1, Array2, array};

use super::{Loss, probabilities};
use crate::{Column, target::Classes};

fn classes(codes: &[f64]) -> Classes {
    Classes::of("y", &Column::Number(codes.to_vec())).unwrap()
}

#[test]
fn the_derivatives_are_those_of_the_value() {
    let x = array![[0.5, -1.0], [2.0, 0.3], [-0.7, 1.1], [1.5, 1.5], [0.0, -2.0]];
    for (codes, n_scores) in [([0.0, 1.0, 0.0, 1.0, 1.0], 1), ([0.0, 1.0, 2.0, 2.0, 1.0], 3)] {
        let y = classes(&codes);
        let weights = &[0.5, 2.0, 1.5][..y.n_classes()];
        let mut loss = Loss::new(x.view(), &y, weights, 0.7, true);
        assert_eq!(loss.n_parameters(), n_scores * 3);
        let at: Vec<f64> = (0..loss.n_parameters())
            .map(|index| (index as f64 * 0.7).sin())
            .collect();
        let mut gradient = vec![0.0; at.len()];
        loss.evaluate(&at, &mut gradient);
        for index in 0..at.len() {
            // A central difference with this step is off by about 1e-10: the step squared, and rounding over the step.
            let step = 1e-5;
            let mut value = |shift: f64| {
                let mut shifted = at.clone();
                shifted[index] += shift;
                loss.evaluate(&shifted, &mut vec![0.0; at.len()])
            };
            let slope = (value(step) - value(-step)) / (2.0 * step);
            assert!(
                (slope - gradient[index]).abs() < 1e-8,
                "{index}: {slope}, {}",
                gradient[index]
            );
        }
    }
}

#[test]
fn without_intercept_nothing_moves_it() {
    let x = array![[1.0], [2.0], [4.0]];
    let y = classes(&[0.0, 1.0, 1.0]);
    let mut gradient = vec![9.0; 2];
    Loss::new(x.view(), &y, &[1.0, 1.0], 1.0, false).evaluate(&[0.3, 0.0], &mut gradient);
    assert_eq!(gradient[1], 0.0);
    assert_ne!(gradient[0], 0.0);
}

#[test]
fn at_zero_the_loss_is_that_of_a_guess() {
    let x = array![[1.0], [2.0], [4.0]];
    let check = |codes: &[f64], expected: f64| {
        let y = classes(codes);
        let mut loss = Loss::new(x.view(), &y, &vec![1.0; y.n_classes()], 1.0, true);
        let zero = vec![0.0; loss.n_parameters()];
        assert!((loss.evaluate(&zero, &mut zero.clone()) - expected).abs() < 1e-15);
    };
    check(&[0.0, 1.0, 1.0], 2.0_f64.ln());
    check(&[0.0, 1.0, 2.0], 3.0_f64.ln());
}

#[test]
fn extreme_scores_give_probabilities_without_overflow() {
    let check = |scores: &[f64], expected: &[f64]| {
        let mut found = Array1::zeros(expected.len());
        probabilities(Array1::from(scores.to_vec()).view(), found.view_mut());
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(found, expected)| (found - expected).abs() < 1e-15),
            "{found}"
        );
    };
    check(&[0.0], &[0.5, 0.5]);
    check(&[1e300], &[0.0, 1.0]);
    check(&[-1e300], &[1.0, 0.0]);
    check(&[1e300, 0.0, 1e300], &[0.5, 0.0, 0.5]);
    check(&[-1e300, -1e300, -1e300], &[1.0 / 3.0; 3]);
    let mut found = Array2::zeros((1, 2));
    probabilities(array![f64::INFINITY].view(), found.row_mut(0));
    assert!(found.iter().all(|share| share.is_nan()));
}
