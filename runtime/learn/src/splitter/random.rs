//! Random orders that are the same on every machine and in every version.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A source of random orders.
///
/// The shuffle is written here, because that of a library may take its random numbers otherwise in a later version.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The source numbered `stream` of those that a seed has.
    pub(super) fn new(seed: u64, stream: usize) -> Random {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(stream as u64);
        Random(source)
    }

    /// Puts the items into a random order, each order as likely as any other (Fisher and Yates, 1938).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let at = self.below(last as u64 + 1);
            items.swap(at as usize, last);
        }
    }

    /// A whole number below `bound`, each as likely as any other.
    fn below(&mut self, bound: u64) -> u64 {
        // Numbers from here on would make small remainders more likely than large ones.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let number = self.0.next_u64();
            if number < fair {
                return number % bound;
            }
        }
    }
}
