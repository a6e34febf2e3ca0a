//! The most numbers that are held at once, so that a table too wide is refused instead of filling the memory.

use crate::FitError;

/// The most bytes of one matrix: 4 GiB. The columns it is made from and the copies of an estimator come on top.
const BYTES_MAX: u128 = 4 << 30;

/// Whether n_rows × n_columns numbers of 8 bytes may be held; `owner` wants them, and `remedy` tells how to want fewer.
///
/// Errors: `TooLarge`, with the estimate.
pub(crate) fn check_size(
    n_rows: usize,
    n_columns: usize,
    owner: impl FnOnce() -> String,
    remedy: impl FnOnce() -> String,
) -> Result<(), FitError> {
    let numbers = n_rows as u128 * n_columns as u128;
    let bytes = numbers.saturating_mul(size_of::<f64>() as u128);
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(FitError::TooLarge {
        owner: owner(),
        n_rows,
        n_columns,
        bytes,
        limit: BYTES_MAX,
        remedy: remedy(),
    })
}

/// A number of bytes as people read it, in GiB.
pub(crate) fn gib(bytes: u128) -> String {
    let tenths = ((bytes >> 20) * 10 + (1 << 9)) >> 10;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} GiB"),
        (whole, tenth) => format!("{whole}.{tenth} GiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, check_size, gib};

    #[test]
    fn a_matrix_of_exactly_the_limit_is_held_and_one_row_more_is_not() {
        let check = |n_rows, n_columns| check_size(n_rows, n_columns, String::new, String::new);
        assert_eq!(check(1 << 19, 1 << 10), Ok(()));
        assert!(check((1 << 19) + 1, 1 << 10).is_err());
        assert!(check(usize::MAX, usize::MAX).is_err());
        assert_eq!(check(usize::MAX, 0), Ok(()));
    }

    #[test]
    fn bytes_are_read_in_gib() {
        assert_eq!(gib(BYTES_MAX), "4 GiB");
        assert_eq!(gib(80_000_000_000), "74.5 GiB");
    }
}
