//! Runs other programs and names them when they fail.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, bail};

/// Runs a program whose output people see.
///
/// Errors: it could not be started, or ended with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| not_started(command))?;
    succeeded(command, status)
}

/// Runs a program for what it prints.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| not_started(command))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no UTF-8", shown(command)))
}

/// Runs a program, writes its output to `shown`, and hands over each line of it.
pub(crate) fn follow(
    command: &mut Command,
    shown: &mut impl Write,
    mut line_seen: impl FnMut(&str),
) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| not_started(command))?;
    let mut lines = BufReader::new(child.stdout.take().expect("stdout was set to a pipe above"));
    let mut line = Vec::new();
    while lines
        .read_until(b'\n', &mut line)
        .context("cannot read what a program prints")?
        > 0
    {
        // A reader that went away is no reason to end the program: its exit status still matters.
        let _ = shown.write_all(&line);
        line_seen(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait().with_context(|| not_started(command))?;
    succeeded(command, status)
}

/// Whether a program can be started and succeeds; it says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The program and its arguments as one would type them.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn not_started(command: &Command) -> String {
    format!("cannot run `{}`", shown(command))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_as_one_would_type_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(format!("{error:#}"), "`sh -c 'exit 3'` ended with exit status: 3");
        let error = run(Command::new("no-such-program").arg("it's")).unwrap_err();
        assert!(
            format!("{error:#}").starts_with(r"cannot run `no-such-program 'it'\''s'`: "),
            "{error:#}"
        );
    }

    #[test]
    fn following_hands_over_every_line_and_the_failure() {
        let (mut shown, mut lines) = (Vec::new(), Vec::new());
        let error = follow(
            Command::new("sh").args(["-c", "echo a; echo b; exit 1"]),
            &mut shown,
            |line| {
                lines.push(line.to_owned());
            },
        );
        assert_eq!(shown, b"a\nb\n");
        assert_eq!(lines, ["a\n", "b\n"]);
        assert!(error.is_err());
    }
}
