//! Reads lines of bounded length.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// A line, without its end.
    Whole,
    /// A line of more bytes than allowed, which was skipped.
    TooLong,
    /// Nothing: the input has ended.
    End,
}

/// Whether a whole line waits in memory, so that reading it takes no time.
pub(super) fn has_line(input: &BufReader<impl Read>) -> bool {
    input.buffer().contains(&b'\n')
}

/// Reads the next line into `line`, in the place of what it held. The last line need not have an end.
pub(super) fn read_line(input: &mut impl BufRead, limit: usize, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut is_too_long, mut is_empty) = (false, true);
    loop {
        let found = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            found => found?,
        };
        if found.is_empty() && is_empty {
            return Ok(Line::End);
        }
        is_empty = false;
        let end = found.iter().position(|byte| *byte == b'\n');
        let piece = &found[..end.unwrap_or(found.len())];
        is_too_long |= line.len() + piece.len() > limit;
        if !is_too_long {
            line.extend_from_slice(piece);
        }
        let (is_over, n_bytes) = (end.is_some() || found.is_empty(), piece.len());
        input.consume(n_bytes + usize::from(end.is_some()));
        if is_over {
            return Ok(if is_too_long { Line::TooLong } else { Line::Whole });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_lengths_come_out_whole_or_are_skipped() {
        let check = |text: &str, expected: &[(&str, Line)]| {
            // The smallest buffers cut lines at every place.
            for capacity in 1..12 {
                let mut input = BufReader::with_capacity(capacity, text.as_bytes());
                let mut line = Vec::new();
                for (bytes, kind) in expected {
                    assert_eq!(read_line(&mut input, 4, &mut line).unwrap(), *kind, "{text:?}");
                    if *kind == Line::Whole {
                        assert_eq!(line, bytes.as_bytes(), "{text:?}");
                    }
                }
                assert_eq!(
                    read_line(&mut input, 4, &mut line).unwrap(),
                    Line::End,
                    "{text:?}"
                );
            }
        };
        check("", &[]);
        check("\n", &[("", Line::Whole)]);
        check("a\nbc", &[("a", Line::Whole), ("bc", Line::Whole)]);
        check(
            "1234\n\n5\n",
            &[("1234", Line::Whole), ("", Line::Whole), ("5", Line::Whole)],
        );
        check("12345\n6", &[("", Line::TooLong), ("6", Line::Whole)]);
        check("1234567890123", &[("", Line::TooLong)]);
    }
}
