//! Minimizes a smooth function by the limited-memory BFGS method.

mod line_search;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::line_search::{Line, search};
use crate::Control;

/// When a minimization is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// Done when no derivative exceeds this in magnitude.
    pub(crate) gradient: f64,
    /// Done after so many iterations.
    pub(crate) max_iter: usize,
}

/// Where a minimization ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    /// The point.
    pub(crate) at: Vec<f64>,
    /// Iterations done.
    pub(crate) n_iter: usize,
    /// Whether the gradient goal was met, or no step in 64-bit floating point leads any lower.
    pub(crate) converged: bool,
}

/// Why a minimization gave no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The caller asked to stop.
    Cancelled,
    /// The value or a derivative at the start is not finite, or too large to be squared.
    NotFinite,
}

/// Pairs of steps and gradient changes that are kept.
const MEMORY: usize = 10;

/// Iterations without a lower value or a smaller gradient that mean: rounding is all that is left.
const STALLED: usize = 8;

/// Minimizes `objective`, which writes its gradient into its second argument and answers its value.
///
/// Source: Liu and Nocedal (1989); the two-loop recursion of Nocedal and Wright, Numerical Optimization, 7.4. Progress
/// is reported, and a cancellation looked for, once an iteration.
pub(crate) fn minimize(
    mut objective: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: Vec<f64>,
    goal: Goal,
    control: &Control<'_>,
) -> Result<Minimum, Stopped> {
    let mut gradient = vec![0.0; start.len()];
    let mut value = objective(&start, &mut gradient);
    let mut at = start;
    if !value.is_finite() || !dot(&gradient, &gradient).is_finite() {
        return Err(Stopped::NotFinite);
    }
    let mut memory = Memory::default();
    let mut best = (value, largest(&gradient));
    let mut stalled = 0;
    let mut n_iter = 0;
    let mut converged = largest(&gradient) <= goal.gradient;
    while !converged && n_iter < goal.max_iter {
        if control.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        control.report(n_iter as u64, goal.max_iter as u64);
        let mut direction = memory.descend(&gradient);
        let mut slope = dot(&direction, &gradient);
        if !(slope.is_finite() && slope < 0.0) {
            memory = Memory::default();
            direction = memory.descend(&gradient);
            slope = dot(&direction, &gradient);
        }
        let line = Line {
            from: &at,
            direction: &direction,
            value,
            slope,
        };
        // Without memory the direction has the length of the gradient, which says nothing about the distance.
        let first = if memory.is_empty() {
            (1.0 / slope.abs().sqrt()).min(1.0)
        } else {
            1.0
        };
        match search(&line, first, &mut objective) {
            Some(found) => {
                memory.remember(&at, &found.at, &gradient, &found.gradient);
                (at, gradient, value) = (found.at, found.gradient, found.value);
                n_iter += 1;
            }
            // The memory may be to blame; if even the steepest descent finds no lower point, there is none.
            None if !memory.is_empty() => {
                memory = Memory::default();
                continue;
            }
            None => converged = true,
        }
        let largest = largest(&gradient);
        let better = value < best.0 || largest < best.1;
        stalled = if better { 0 } else { stalled + 1 };
        best = (best.0.min(value), best.1.min(largest));
        converged |= largest <= goal.gradient || stalled >= STALLED;
    }
    control.report(n_iter as u64, n_iter as u64);
    Ok(Minimum {
        at,
        n_iter,
        converged,
    })
}

/// The latest steps and what they did to the gradient: the curvature as far as it is known.
#[derive(Default)]
struct Memory {
    pairs: VecDeque<Pair>,
}

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// step · change, positive.
    curvature: f64,
}

impl Memory {
    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// −H · gradient, H being the inverse of the second derivatives as remembered; −gradient without memory.
    fn descend(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
        let mut factors = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let factor = dot(&pair.step, &direction) / pair.curvature;
            add(&mut direction, -factor, &pair.change);
            factors.push(factor);
        }
        if let Some(pair) = self.pairs.back() {
            let scale = pair.curvature / dot(&pair.change, &pair.change);
            direction.iter_mut().for_each(|entry| *entry *= scale);
        }
        for (pair, factor) in self.pairs.iter().zip(factors.into_iter().rev()) {
            let correction = factor - dot(&pair.change, &direction) / pair.curvature;
            add(&mut direction, correction, &pair.step);
        }
        direction
    }

    /// Keeps the pair unless rounding has made its curvature meaningless.
    fn remember(&mut self, from: &[f64], to: &[f64], gradient_from: &[f64], gradient_to: &[f64]) {
        let step = difference(to, from);
        let change = difference(gradient_to, gradient_from);
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change) && curvature.is_normal() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair {
                step,
                change,
                curvature,
            });
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

fn add(into: &mut [f64], factor: f64, what: &[f64]) {
    into.iter_mut()
        .zip(what)
        .for_each(|(into, what)| *into += factor * what);
}

fn difference(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(l, r)| l - r).collect()
}

fn largest(gradient: &[f64]) -> f64 {
    gradient
        .iter()
        .fold(0.0, |largest, slope| largest.max(slope.abs()))
}
