//! The most numbers that are held at once, so that a table too wide is refused instead of filling the memory.

use crate::{FitError, wording::counted};

/// The most bytes of one matrix, or of the trees of a fit with the work on them: 4 GiB. The columns that a matrix is made
/// from and the copies of an estimator come on top.
pub const BYTES_MAX: u64 = 4 << 30;

/// The bytes of n_rows × n_columns numbers; of more than can be counted, the most that can.
pub(crate) fn bytes_of(n_rows: usize, n_columns: usize) -> u64 {
    let numbers = (n_rows as u64).saturating_mul(n_columns as u64);
    numbers.saturating_mul(size_of::<f64>() as u64)
}

/// Whether n_rows × n_columns numbers of 8 bytes fit into `limit` bytes; `owner` wants them, and `remedy` tells how to want fewer.
///
/// Errors: `TooLarge`, with the estimate.
pub(crate) fn check_size(
    n_rows: usize,
    n_columns: usize,
    limit: u64,
    owner: impl FnOnce() -> String,
    remedy: impl FnOnce() -> String,
) -> Result<(), FitError> {
    check_bytes(bytes_of(n_rows, n_columns), limit, || Demand {
        owner: owner(),
        what: format!(
            "{} of {}",
            counted(n_rows, "row", "rows"),
            counted(n_columns, "column", "columns")
        ),
        remedy: remedy(),
    })
}

/// Who wants bytes, what for, and how to want fewer.
pub(crate) struct Demand {
    pub(crate) owner: String,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// Whether so many bytes may be held where `limit` is the most.
///
/// Errors: `TooLarge`, with what `demand` tells.
pub(crate) fn check_bytes(bytes: u64, limit: u64, demand: impl FnOnce() -> Demand) -> Result<(), FitError> {
    if bytes <= limit {
        return Ok(());
    }
    let Demand { owner, what, remedy } = demand();
    Err(FitError::TooLarge {
        owner,
        what,
        bytes,
        limit,
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, check_size};

    #[test]
    fn a_matrix_of_exactly_the_limit_is_held_and_one_row_more_is_not() {
        let check = |n_rows, n_columns| check_size(n_rows, n_columns, BYTES_MAX, String::new, String::new);
        assert_eq!(check(1 << 19, 1 << 10), Ok(()));
        assert!(check((1 << 19) + 1, 1 << 10).is_err());
        assert!(check(usize::MAX, usize::MAX).is_err());
        assert_eq!(check(usize::MAX, 0), Ok(()));
    }
}
