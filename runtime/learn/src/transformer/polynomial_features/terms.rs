//! Which products there are, in order.

/// The products of up to `degree` of some columns, by the number of factors, then by the columns' order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    n_columns: usize,
    list: Vec<Term>,
}

/// A product: that of an earlier one and one more column, which is not before those in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    /// The position of the earlier product; `None`: there is none, and the column stands alone.
    pub(super) rest: Option<usize>,
    /// The position of the column.
    pub(super) factor: usize,
}

/// How many products there are; `None`: more than can be counted.
pub(super) fn count(n_columns: usize, degree: usize, interaction_only: bool) -> Option<usize> {
    let (mut sum, mut of_length) = (0usize, 1u128);
    for length in 1..=degree {
        let choices = if interaction_only {
            (n_columns + 1).saturating_sub(length)
        } else {
            n_columns + length - 1
        };
        // Binomial coefficients, one from the other, so that every division is exact.
        of_length = of_length.checked_mul(choices as u128)? / length as u128;
        sum = sum.checked_add(usize::try_from(of_length).ok()?)?;
    }
    Some(sum)
}

impl Terms {
    /// All products; see [`count`] for how many they are.
    pub(super) fn new(n_columns: usize, degree: usize, interaction_only: bool) -> Terms {
        let alone = |factor| Term { rest: None, factor };
        let mut list: Vec<Term> = (0..n_columns).map(alone).collect();
        let mut shorter = 0..list.len();
        for _ in 1..degree {
            let start = list.len();
            for rest in shorter {
                let first = list[rest].factor + usize::from(interaction_only);
                let longer = |factor| Term {
                    rest: Some(rest),
                    factor,
                };
                list.extend((first..n_columns).map(longer));
            }
            shorter = start..list.len();
        }
        Terms { n_columns, list }
    }

    pub(super) fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub(super) fn list(&self) -> &[Term] {
        &self.list
    }

    /// The positions of a product's columns, in order, a column as often as it is a factor.
    pub(super) fn factors(&self, term: Term) -> Vec<usize> {
        let shorter = |term: &Term| term.rest.map(|rest| self.list[rest]);
        let mut factors: Vec<usize> = std::iter::successors(Some(term), shorter)
            .map(|term| term.factor)
            .collect();
        factors.reverse();
        factors
    }

    /// The name of a product, such as `a^2 b`, from those of the columns.
    pub(super) fn name(&self, term: Term, columns: &[&str]) -> String {
        let powers = self.factors(term);
        let powers = powers
            .chunk_by(|left, right| left == right)
            .map(|factors| match factors.len() {
                1 => columns[factors[0]].to_owned(),
                power => format!("{}^{power}", columns[factors[0]]),
            });
        powers.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Terms, count};

    #[test]
    fn products_come_by_length_and_then_by_column() {
        let check = |n_columns: usize, degree: usize, interaction_only: bool, expected: &[&str]| {
            let terms = Terms::new(n_columns, degree, interaction_only);
            let names = terms
                .list()
                .iter()
                .map(|&term| terms.name(term, &["a", "b", "c"]));
            assert_eq!(names.collect::<Vec<_>>(), expected);
            assert_eq!(count(n_columns, degree, interaction_only), Some(expected.len()));
        };
        check(2, 2, false, &["a", "b", "a^2", "a b", "b^2"]);
        check(
            2,
            3,
            false,
            &["a", "b", "a^2", "a b", "b^2", "a^3", "a^2 b", "a b^2", "b^3"],
        );
        check(3, 3, true, &["a", "b", "c", "a b", "a c", "b c", "a b c"]);
        check(3, 1, false, &["a", "b", "c"]);
        check(1, 2, true, &["a"]);
        check(0, 10, false, &[]);
    }

    #[test]
    fn products_are_counted_without_being_made() {
        let check = |n_columns, degree, interaction_only, expected| {
            assert_eq!(
                count(n_columns, degree, interaction_only),
                expected,
                "{n_columns}, {degree}"
            );
        };
        // C(n + d, d) − 1, and the sum of C(n, k).
        check(20, 4, false, Some(10_625));
        check(20, 4, true, Some(20 + 190 + 1_140 + 4_845));
        check(5, 10, true, Some(31));
        check(1_000_000, 10, false, None);
        check(usize::MAX / 2, 10, false, None);
    }
}
