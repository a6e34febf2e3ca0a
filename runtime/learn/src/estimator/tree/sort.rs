//! Sorts the rows of a node by their rank in one column: what a fit does most of its time.

/// A row of a node with its rank in one column: the rank above, what the sums need to know of the row below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u64);

impl Entry {
    pub(super) const ZERO: Entry = Entry(0);

    pub(super) fn new(rank: u32, load: u32) -> Entry {
        Entry(u64::from(rank) << 32 | u64::from(load))
    }

    pub(super) fn rank(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn load(self) -> u32 {
        self.0 as u32
    }
}

/// Fewer are sorted by comparisons; measured.
const RADIX_FROM: usize = 192;
/// The most bits of a rank that one pass sorts by: more counters would not stay near.
const DIGIT_BITS: u32 = 11;

/// Sorts by rank; all ranks are in `lowest..=highest`. `spare` is room, whatever it holds.
pub(super) fn sort_by_rank(entries: &mut Vec<Entry>, spare: &mut Vec<Entry>, lowest: u32, highest: u32) {
    if entries.len() < RADIX_FROM {
        entries.sort_unstable();
        return;
    }
    let bits = (highest - lowest).checked_ilog2().map_or(0, |top| top + 1);
    let n_passes = bits.div_ceil(DIGIT_BITS);
    spare.resize(entries.len(), Entry::ZERO);
    let mut places = [0u32; 1 << DIGIT_BITS];
    for pass in 0..n_passes {
        let width = bits.div_ceil(n_passes);
        let mask = (1u32 << width) - 1;
        let digit = |entry: Entry| ((entry.rank() - lowest) >> (pass * width) & mask) as usize;
        let places = &mut places[..1 << width];
        places.fill(0);
        for &entry in entries.iter() {
            places[digit(entry)] += 1;
        }
        let mut start = 0;
        for place in places.iter_mut() {
            start += std::mem::replace(place, start);
        }
        for &entry in entries.iter() {
            let place = &mut places[digit(entry)];
            spare[*place as usize] = entry;
            *place += 1;
        }
        std::mem::swap(entries, spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_sort_any_range_of_ranks() {
        let check = |n_rows: u32, lowest: u32, n_ranks: u32| {
            let scattered = |row: u32| Entry::new(lowest + row.wrapping_mul(2_654_435_761) % n_ranks, row);
            let mut entries: Vec<Entry> = (0..n_rows).map(scattered).collect();
            let mut expected = entries.clone();
            expected.sort();
            let highest = lowest + n_ranks - 1;
            sort_by_rank(&mut entries, &mut vec![Entry::ZERO; 3], lowest, highest);
            assert_eq!(entries, expected);
        };
        for n_rows in [0, 1, 2, 50, RADIX_FROM as u32 - 1, RADIX_FROM as u32, 5_000] {
            check(n_rows, 0, 1);
            check(n_rows, 7, 2);
            check(n_rows, 1_000, 2_048);
            check(n_rows, 123, 70_000);
            check(n_rows, 0, u32::MAX);
        }
    }
}
