//! Words of messages that reach terminals, logs and statuses.

/// A number of bytes as people say it.
pub(crate) fn in_units(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

/// The data row after a line, where there is one.
pub(crate) fn in_row(row: Option<u64>) -> String {
    row.map_or_else(String::new, |row| format!(", row {row}"))
}

/// `text` as one harmless line for messages that reach terminals and statuses: controls escaped, cut at 200 characters.
pub(crate) fn clean(text: &str) -> String {
    cut(text, 200)
}

/// A cell for messages: as [`clean`], cut at 40 characters.
pub(crate) fn quoted(cell: &str) -> String {
    cut(cell, 40)
}

fn cut(text: &str, longest: usize) -> String {
    let mut short = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(longest) {
        match character.is_control() {
            true => short.extend(character.escape_default()),
            false => short.push(character),
        }
    }
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_without_controls() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("n/a", "n/a");
        check("\u{1b}[31mred\n\0", "\\u{1b}[31mred\\n\\u{0}");
        check(&"é".repeat(40), &"é".repeat(40));
        check(&"é".repeat(41), &format!("{}…", "é".repeat(40)));
    }

    #[test]
    fn bounds_read_well() {
        let check = |bytes, expected| assert_eq!(in_units(bytes), expected);
        check(2 << 30, "2 GiB");
        check(16 << 20, "16 MiB");
        check(1000, "1000 bytes");
        check(0, "0 bytes");
    }
}
