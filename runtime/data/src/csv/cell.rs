//! What a single cell says: nothing, a number, a boolean, or text.

use std::collections::HashSet;

use crate::CellFault;

/// What stands for a missing cell unless [`crate::Csv::default_missing_values`] is off: pandas' `na_values`.
///
/// Source: <https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html>
pub const DEFAULT_MISSING_VALUES: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// What stands for a missing cell.
pub(super) struct Marks {
    texts: HashSet<String>,
    longest: usize,
    numbers: Vec<f64>,
}

impl Marks {
    /// The empty cell, the given marks, and the usual ones if wanted.
    pub(super) fn new(given: &[String], usual: bool) -> Marks {
        let usual = if usual { &DEFAULT_MISSING_VALUES[..] } else { &[] };
        let texts: HashSet<String> = given
            .iter()
            .cloned()
            .chain(usual.iter().map(ToString::to_string))
            .chain([String::new()])
            .collect();
        Marks {
            longest: texts.iter().map(String::len).max().unwrap_or_default(),
            numbers: given.iter().filter_map(|mark| number(mark)).collect(),
            texts,
        }
    }

    /// Whether the cell, as it stands, is a mark.
    pub(super) fn has(&self, cell: &str) -> bool {
        cell.len() <= self.longest && self.texts.contains(cell)
    }

    /// Whether the number is a mark, however it was spelled.
    pub(super) fn has_number(&self, number: f64) -> bool {
        self.numbers.contains(&number)
    }
}

/// What a cell says, read without knowing its column's kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// Nothing; `exact` if a text column would think so too, which takes spaces literally.
    Missing { exact: bool },
    /// A finite number.
    Number(f64),
    /// A number that is none of the finite ones.
    NotFinite(CellFault),
    /// True or false.
    Boolean(bool),
    /// Anything else.
    Text,
}

/// Reads a cell. Numbers come first since most cells are numbers.
pub(super) fn meaning(cell: &str, marks: &Marks) -> Meaning {
    let trimmed = cell.trim_ascii();
    let value = number(trimmed);
    if let Some(value) = value
        && value.is_finite()
        && !marks.has_number(value)
    {
        return Meaning::Number(value);
    }
    if marks.has(cell) {
        return Meaning::Missing { exact: true };
    }
    if marks.has(trimmed) {
        return Meaning::Missing { exact: false };
    }
    match value {
        Some(value) if value.is_finite() => Meaning::Missing { exact: false },
        Some(_) => Meaning::NotFinite(CellFault::TooLarge),
        None if is_infinity(trimmed) => Meaning::NotFinite(CellFault::Infinite),
        None if trimmed.eq_ignore_ascii_case("true") => Meaning::Boolean(true),
        None if trimmed.eq_ignore_ascii_case("false") => Meaning::Boolean(false),
        None => Meaning::Text,
    }
}

/// A decimal number such as `-12.5e-3`; infinite if it is beyond the range of 64 bits. Words such as `nan`, which the
/// standard library takes for numbers too, are none.
fn number(trimmed: &str) -> Option<f64> {
    match unsigned(trimmed).as_bytes() {
        [b'0'..=b'9' | b'.', ..] => trimmed.parse().ok(),
        _ => None,
    }
}

fn is_infinity(trimmed: &str) -> bool {
    let word = unsigned(trimmed);
    word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity")
}

fn unsigned(trimmed: &str) -> &str {
    trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &str, expected: Meaning) {
        let marks = Marks::new(&["-999".to_owned(), "?".to_owned()], true);
        assert_eq!(meaning(cell, &marks), expected, "{cell:?}");
    }

    #[test]
    fn decimal_numbers_are_numbers() {
        check("0", Meaning::Number(0.0));
        check("-12.5e-3", Meaning::Number(-0.0125));
        check("+1", Meaning::Number(1.0));
        check(".5", Meaning::Number(0.5));
        check("5.", Meaning::Number(5.0));
        check("1E5", Meaning::Number(1e5));
        check("007", Meaning::Number(7.0));
        check(" 3 ", Meaning::Number(3.0));
        check("1e-999", Meaning::Number(0.0));
        check("1.7976931348623157e308", Meaning::Number(f64::MAX));
    }

    #[test]
    fn other_words_are_not_numbers() {
        for text in [
            "e", "e5", "1e", "-", ".", "1_000", "1,5", "0x10", "1 2", "--1", "1.2.3", "infinite", "½",
        ] {
            check(text, Meaning::Text);
        }
    }

    #[test]
    fn infinities_are_told_apart() {
        for text in ["inf", "-inf", "+Infinity", "INF", " inf "] {
            check(text, Meaning::NotFinite(CellFault::Infinite));
        }
        check("1e999", Meaning::NotFinite(CellFault::TooLarge));
        check("-1e309", Meaning::NotFinite(CellFault::TooLarge));
    }

    #[test]
    fn marks_come_before_all_else() {
        check("", Meaning::Missing { exact: true });
        check("NA", Meaning::Missing { exact: true });
        check("-nan", Meaning::Missing { exact: true });
        check("1.#IND", Meaning::Missing { exact: true });
        check("?", Meaning::Missing { exact: true });
        check(" ? ", Meaning::Missing { exact: false });
        check("  ", Meaning::Missing { exact: false });
        check("-999", Meaning::Missing { exact: true });
        check("-999.0", Meaning::Missing { exact: false });
        check("na", Meaning::Text);
    }

    #[test]
    fn booleans_are_true_and_false_in_any_case() {
        check("true", Meaning::Boolean(true));
        check("FALSE", Meaning::Boolean(false));
        check(" True ", Meaning::Boolean(true));
        check("yes", Meaning::Text);
    }
}
