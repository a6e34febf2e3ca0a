//! Random numbers that are the same on every machine and in every build.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers that depends on a seed and its own number alone, such as that of a tree or a split, never on
/// a thread.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream with this number among those that a seed has.
    pub(crate) fn new(seed: u64, number: usize) -> Random {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number as u64);
        Random(stream)
    }

    /// One of 0, 1, … `end` − 1, each equally likely; `end` is at least 1.
    ///
    /// Source: Lemire, Fast random integer generation in an interval (2019). Written out here because a library may
    /// change its way, and every seeded fit with it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
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

    /// Puts the items into a random order, each order as likely as any other (Fisher and Yates, 1938).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(self.below(last + 1), last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_spread_evenly_and_differ_by_seed_and_stream() {
        let draw = |seed, number| {
            let mut random = Random::new(seed, number);
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
        assert_eq!(Random::new(0, 0).below(1), 0);
    }

    #[test]
    fn the_first_numbers_never_change() {
        let mut random = Random::new(0, 0);
        assert_eq!(
            [(); 4].map(|()| random.below(1_000_000)),
            [836_919, 631_424, 232_415, 117_591]
        );
    }
    #[test]
    fn an_order_has_every_item_once_and_never_changes() {
        let mut items: Vec<usize> = (0..8).collect();
        Random::new(0, 0).shuffle(&mut items);
        assert_eq!(items, [3, 2, 7, 5, 0, 1, 4, 6]);
    }
}
