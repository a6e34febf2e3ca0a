//! `--help` of every command.

use std::path::Path;

use crate::support::run;

#[test]
fn the_help_of_each_command_names_its_flags() {
    check(
        "",
        "--output --help --version",
        "up fit test serve stream list diff activate delete export lint new version",
    );
    check("up", "--file --persister --listen --output --help", "");
    check(
        "fit",
        "--file --persister --no-save --no-activate --save-if-better-than --config-maps --alive --output --help",
        "",
    );
    check(
        "serve",
        "--file --persister --listen --version --cache --fence --output --help",
        "",
    );
    check("test", "--file --persister --version --output --help", "");
    check(
        "stream",
        "--file --persister --version --entry-point --output --help",
        "",
    );
    check(
        "activate",
        "--file --model --persister --reason --output --help",
        "",
    );
    check(
        "export",
        "--file --model --persister --to --version --all --activate --output --help",
        "",
    );
    check(
        "delete",
        "--all --active --file --model --persister --yes --output --help",
        "",
    );
    check("diff", "--file --model --persister --output --help", "");
    check("new", "--path --output --help", "");
    check("list", "--file --persister --at --output --help", "");
    check("lint", "--file --output --help", "");
    check("version", "--output --help", "");
}

/// Compares the flags and commands that the help of `command` explains with all that there are.
fn check(command: &str, flags: &str, commands: &str) {
    let arguments: Vec<_> = [command, "--help"]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    let ended = run(Path::new("."), &arguments);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{command}");
    let starts: Vec<_> = ended.stdout.lines().map(str::trim_start).collect();
    let mut found: Vec<_> = starts.iter().filter_map(|line| flag(line)).collect();
    found.sort_unstable();
    let mut expected: Vec<_> = flags.split(' ').collect();
    expected.sort_unstable();
    assert_eq!(found, expected, "{command}: {}", ended.stdout);
    for name in commands.split(' ').filter(|name| !name.is_empty()) {
        assert!(
            starts.iter().any(|line| line.split(' ').next() == Some(name)),
            "{command}: {name}"
        );
    }
}

/// The long flag that a line of the help is about.
fn flag(line: &str) -> Option<&str> {
    let flag = match line.strip_prefix("--") {
        Some(_) => line,
        None => line.strip_prefix('-')?.split_once(", ")?.1,
    };
    flag.split(' ').next().filter(|flag| flag.starts_with("--"))
}
