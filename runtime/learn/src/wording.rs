//! Numbers as messages write them.

/// The number as people write it: with an exponent where it would be a row of digits without.
pub(crate) fn shown(number: f64) -> String {
    let plain = number.to_string();
    if plain.len() > 20 {
        format!("{number:e}")
    } else {
        plain
    }
}

/// So many of what has this name if it is one, and the other if not: `1 row`, `2 rows`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    let name = if count == 1 { one } else { many };
    format!("{count} {name}")
}

/// A number of bytes in GiB.
pub(crate) fn gib(bytes: u64) -> String {
    rounded(bytes, GIB, 1)
}

/// What is wanted and the lower limit, with as many digits as it takes to tell them apart.
pub(crate) fn beyond(bytes: u64, limit: u64) -> String {
    let unit = if limit < GIB.bytes { MIB } else { GIB };
    let told = (1..10)
        .map(|digits| (rounded(bytes, unit, digits), rounded(limit, unit, digits)))
        .find(|(bytes, limit)| bytes != limit);
    match told {
        _ if limit == 0 => format!("{}, and no memory is left", rounded(bytes, unit, 1)),
        Some((bytes, limit)) => format!("{bytes}, more than {limit}"),
        None => format!("{bytes} bytes, more than {limit} bytes"),
    }
}

#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    bytes: u64,
}

const GIB: Unit = Unit {
    name: "GiB",
    bytes: 1 << 30,
};
const MIB: Unit = Unit {
    name: "MiB",
    bytes: 1 << 20,
};

fn rounded(bytes: u64, unit: Unit, digits: usize) -> String {
    let number = format!("{:.digits$}", bytes as f64 / unit.bytes as f64);
    format!(
        "{} {}",
        number.trim_end_matches('0').trim_end_matches('.'),
        unit.name
    )
}

#[cfg(test)]
mod tests {
    use super::{beyond, counted, gib, shown};

    #[test]
    fn numbers_of_many_digits_have_an_exponent() {
        let check = |number: f64, expected: &str| assert_eq!(shown(number), expected);
        check(-1e308, "-1e308");
        check(1e-300, "1e-300");
        check(0.1, "0.1");
        check(1e15, "1000000000000000");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn one_is_one_and_none_are_many() {
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(0, "class", "classes"), "0 classes");
    }

    #[test]
    fn bytes_are_read_in_one_unit_and_told_apart() {
        assert_eq!(gib(80_000_000_000), "74.5 GiB");
        assert_eq!(gib(40 << 30), "40 GiB");
        let check = |bytes: u64, expected: &str| assert_eq!(beyond(bytes, 4 << 30), expected);
        check(6_354_000_000, "5.9 GiB, more than 4 GiB");
        check((4 << 30) + (1 << 25), "4.03 GiB, more than 4 GiB");
        check((4 << 30) + 8, "4.00000001 GiB, more than 4 GiB");
        check((4 << 30) + 1, "4.000000001 GiB, more than 4 GiB");
        assert_eq!(beyond(60 << 20, 20 << 20), "60 MiB, more than 20 MiB");
        assert_eq!(beyond(6 << 20, 0), "6 MiB, and no memory is left");
    }
}
