//! Says what is wrong with a body that is not JSON, naming the cell where serde_json knows only a position.

use crate::refusal::{Place, Refusal, cut};

/// The refusal for `error`, which serde_json met in `body` while the cell at `place` was being read, if any.
pub(crate) fn not_json(body: &[u8], error: &serde_json::Error, place: Option<Place>) -> Refusal {
    if let Some(place) = place
        && let Some(found) = token_at(body, error.line(), error.column())
        && is_beyond_numbers(found)
    {
        return Refusal::NotFinite {
            place,
            found: cut(found),
        };
    }
    Refusal::NotJson {
        what: error.to_string(),
    }
}

/// Whether `token` stands for a number that is not finite: spelled as in Python, JavaScript or C, or too large.
fn is_beyond_numbers(token: &str) -> bool {
    token.parse::<f64>().is_ok_and(|number| !number.is_finite())
}

/// The unquoted word around byte `column` of `line`, both counted from 1 as serde_json does.
fn token_at(body: &[u8], line: usize, column: usize) -> Option<&str> {
    let start = match line {
        1 => 0,
        _ => {
            body.iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .nth(line - 2)?
                .0
                + 1
        }
    };
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b":,[]{}\"".contains(byte);
    // The position is that of the last byte read, which may be the one after the word.
    let mut at = (start + column.saturating_sub(1)).min(body.len());
    if body.get(at).is_none_or(ends) {
        at = at.checked_sub(1)?;
    }
    let from = body[..at].iter().rposition(ends).map_or(0, |before| before + 1);
    let to = body[at..]
        .iter()
        .position(ends)
        .map_or(body.len(), |after| at + after);
    std::str::from_utf8(&body[from..to]).ok()
}
