//! Numbers as people read them.

/// Three significant digits, thousands apart: `61,300`, `12.3`, `0.0456`.
pub(crate) fn figure(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    // Rounded first: 999.6 has one digit more before the point than its logarithm says.
    let rounded = significant(number, 3);
    let before_point = rounded.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(3 - before_point).unwrap_or(0);
    let plain = format!("{rounded:.decimals$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    format!("{}{rest}", with_thousands_apart(whole))
}

/// `number` rounded to so many significant digits: more would tell of noise, and fill the file.
pub(crate) fn significant(number: f64, digits: i32) -> f64 {
    let text = format!("{number:.*e}", usize::try_from(digits - 1).unwrap_or(0));
    text.parse().unwrap_or(number)
}

fn with_thousands_apart(whole: &str) -> String {
    let mut apart = String::new();
    for (at, digit) in whole.char_indices() {
        let left = whole.len() - at;
        if at > 0 && left.is_multiple_of(3) && !apart.ends_with('-') {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_three_digits_that_count() {
        let check = |number, expected| assert_eq!(figure(number), expected);
        check(61_284.7, "61,300");
        check(1_234_567.0, "1,230,000");
        check(999.6, "1,000");
        check(101.2, "101");
        check(12.34, "12.3");
        check(1.0, "1.00");
        check(0.9996, "1.00");
        check(0.045_61, "0.0456");
        check(0.0, "0");
        check(-2_500.0, "-2,500");
        check(-250.0, "-250");
    }

    #[test]
    fn digits_that_do_not_count_are_dropped() {
        let check = |number, expected: f64| assert!((significant(number, 4) - expected).abs() < 1e-12);
        check(61_284.7, 61_280.0);
        check(0.123_456, 0.1235);
        check(0.0, 0.0);
    }
}
