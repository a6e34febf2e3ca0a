//! Finds a step along a descent direction that satisfies the strong Wolfe conditions.

use super::dot;

/// A function along a direction.
pub(super) struct Line<'a> {
    /// Where it starts.
    pub(super) from: &'a [f64],
    /// Where it goes; one step is the whole vector.
    pub(super) direction: &'a [f64],
    /// The function's value at the start.
    pub(super) value: f64,
    /// Its derivative along the direction at the start, negative.
    pub(super) slope: f64,
}

/// A point that was accepted.
pub(super) struct Found {
    pub(super) at: Vec<f64>,
    pub(super) gradient: Vec<f64>,
    pub(super) value: f64,
}

/// The value must fall by at least this part of what the slope at the start promises.
const DECREASE: f64 = 1e-4;
/// The slope must shrink to at most this part of that at the start.
const CURVATURE: f64 = 0.9;
/// Values this close to that of the start, relative to it, cannot be told from it.
const ROUNDING: f64 = 1e-13;
/// Evaluations of one search.
const EVALUATIONS_MAX: usize = 50;

/// A step with the value and slope found there.
#[derive(Clone, Copy)]
struct Probe {
    step: f64,
    value: f64,
    slope: f64,
}

/// Looks for a point whose value is lower and whose slope is flatter than at the start; `None` if rounding hides it.
///
/// A bracket is kept between a step where the function still falls and one where it rises or is too high; it is
/// widened until there is such a far end, then narrowed by cubic interpolation (Nocedal and Wright, 3.5). Near a
/// minimum the values differ by rounding alone, though the slopes are still good: there a value that is no higher
/// within rounding is enough (Hager and Zhang, 2005, approximate Wolfe conditions).
pub(super) fn search(
    line: &Line<'_>,
    first: f64,
    objective: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Found> {
    let mut found = Found {
        at: line.from.to_vec(),
        gradient: vec![0.0; line.from.len()],
        value: line.value,
    };
    let tolerated = line.value + ROUNDING * line.value.abs();
    let mut near = Probe {
        step: 0.0,
        value: line.value,
        slope: line.slope,
    };
    let mut far: Option<Probe> = None;
    let mut step = first;
    for _ in 0..EVALUATIONS_MAX {
        for ((at, from), direction) in found.at.iter_mut().zip(line.from).zip(line.direction) {
            *at = from + step * direction;
        }
        if found.at == line.from {
            return None;
        }
        found.value = objective(&found.at, &mut found.gradient);
        let probe = Probe {
            step,
            value: found.value,
            slope: dot(&found.gradient, line.direction),
        };
        let finite = probe.value.is_finite() && probe.slope.is_finite();
        let low_enough = probe.value <= (line.value + DECREASE * step * line.slope).max(tolerated);
        if finite && low_enough && probe.slope.abs() <= CURVATURE * line.slope.abs() {
            return Some(found);
        }
        if finite && low_enough && probe.slope < 0.0 {
            near = probe;
        } else {
            far = Some(probe);
        }
        step = match far {
            Some(far) if far.value.is_finite() && far.slope.is_finite() => between(near, far),
            Some(far) => near.step + 0.1 * (far.step - near.step),
            None => 4.0 * step,
        };
    }
    None
}

/// The minimum of the cubic through both ends of the bracket, kept away from them so that the bracket shrinks.
fn between(near: Probe, far: Probe) -> f64 {
    let width = far.step - near.step;
    let secant = 3.0 * (near.value - far.value) / width + near.slope + far.slope;
    let root = (secant * secant - near.slope * far.slope).sqrt();
    let cubic =
        near.step + width * (1.0 - (far.slope + root - secant) / (far.slope - near.slope + 2.0 * root));
    let margin = 0.1 * width;
    if cubic.is_finite() {
        cubic.clamp(near.step + margin, far.step - margin)
    } else {
        near.step + 0.5 * width
    }
}
