//! Lets writers that meet take turns.

use std::time::Duration;

use rand::RngExt;

/// The longest pause.
const LONGEST: Duration = Duration::from_millis(64);

/// Pauses of a writer that lost a race: random, so that those who met once do not meet again, and ever longer, so that
/// many come to take turns.
#[derive(Default)]
pub(super) struct Pause {
    n_taken: u32,
}

impl Pause {
    pub(super) async fn take(&mut self) {
        let longest = LONGEST.min(Duration::from_millis(1 << self.n_taken.min(10)));
        self.n_taken += 1;
        let share: f64 = rand::rng().random_range(0.0..1.0);
        tokio::time::sleep(longest.mul_f64(share)).await;
    }
}
