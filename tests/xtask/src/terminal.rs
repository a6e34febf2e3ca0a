//! Emphasis where a person looks, plain text where a file or another program reads.

use std::{
    env,
    io::{IsTerminal, stdout},
    time::Duration,
};

/// How a text stands out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// A heading.
    Bold,
    /// It went well.
    Green,
    /// It did not.
    Red,
}

/// Whether standard output is a terminal whose user did not refuse colors by `NO_COLOR`.
pub(crate) fn is_styled() -> bool {
    let unset = |name| env::var_os(name).is_none_or(|value| value.is_empty());
    stdout().is_terminal() && unset("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// `text` in `style` if the output is styled, and as it is otherwise.
pub(crate) fn styled(text: &str, style: Style) -> String {
    if !is_styled() {
        return text.to_owned();
    }
    let code = match style {
        Style::Bold => 1,
        Style::Green => 32,
        Style::Red => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// A duration as people say it: `0.4 s`, `2 min 05 s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    format!("{} min {:02} s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_seconds_then_in_minutes() {
        let check =
            |milliseconds, expected| assert_eq!(spoken(Duration::from_millis(milliseconds)), expected);
        check(0, "0.0 s");
        check(440, "0.4 s");
        check(59_940, "59.9 s");
        check(59_960, "1 min 00 s");
        check(125_400, "2 min 05 s");
    }
}
