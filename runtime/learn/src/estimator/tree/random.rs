//! The random numbers of one tree, the same on every machine and in every build.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers that depends on a seed and the number of the tree alone, never on a thread.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn of(random_state: u64, tree: u64) -> Random {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&random_state.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(seed);
        stream.set_stream(tree);
        Random(stream)
    }

    /// One of 0, 1, … `end` − 1, each equally likely; `end` is at least 1.
    ///
    /// Source: Lemire, Fast random integer generation in an interval (2019). Written out here because a library may
    /// change its way, and every seeded fit with it.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(end);
            let low = product as u64;
            // The division is needed for few draws alone.
            if low >= end || low >= end.wrapping_neg() % end {
                return (product >> 64) as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_spread_evenly_and_differ_by_seed_and_tree() {
        let draw = |seed, tree| {
            let mut random = Random::of(seed, tree);
            (0..6_000).map(|_| random.below(6)).collect::<Vec<usize>>()
        };
        let drawn = draw(3, 4);
        for value in 0..6 {
            let count = drawn.iter().filter(|&&found| found == value).count();
            // Five standard deviations.
            assert!(count.abs_diff(1_000) < 145, "{value}: {count}");
        }
        assert_eq!(draw(3, 4), drawn);
        assert_ne!(draw(3, 5), drawn);
        assert_ne!(draw(2, 4), drawn);
        assert_eq!(Random::of(0, 0).below(1), 0);
    }

    #[test]
    fn the_first_numbers_never_change() {
        let mut random = Random::of(0, 0);
        assert_eq!(
            [(); 4].map(|()| random.below(1_000_000)),
            [836_919, 631_424, 232_415, 117_591]
        );
    }
}
