//! The tasks that are one call of cargo.

use std::{
    env::consts::EXE_EXTENSION,
    io::{self, Write},
    panic::resume_unwind,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Result, ensure};

use crate::{
    postgres,
    program::{follow, run},
    steps::Done,
    terminal::is_styled,
    workspace::Workspace,
};

/// Formats the Rust code.
pub(crate) fn format(workspace: &Workspace) -> Result<Done> {
    run(workspace.cargo().args(["fmt", "--all"]))?;
    Ok(Done::default())
}

/// Fails if the Rust code is not formatted.
pub(crate) fn check_format(workspace: &Workspace) -> Result<Done> {
    // Left to itself, rustfmt colors what it prints into a file too.
    let color = if is_styled() { "always" } else { "never" };
    run(workspace
        .cargo()
        .args(["fmt", "--all", "--check", "--", "--color", color]))?;
    Ok(Done::default())
}

/// Fails on any warning, in tests too.
pub(crate) fn clippy(workspace: &Workspace) -> Result<Done> {
    let mut clippy = workspace.cargo();
    clippy.args(["clippy", "--workspace", "--all-targets"]);
    // With what tests alone turn on, or nobody would look at it.
    clippy.args([
        "--features",
        "auriga-operator/planted-bugs",
        "--",
        "-D",
        "warnings",
    ]);
    run(&mut clippy)?;
    Ok(Done::default())
}

/// Writes the generated files from the types.
pub(crate) fn write_generated(workspace: &Workspace) -> Result<Done> {
    generate(workspace, &[])
}

/// Prints the manual of the kinds.
pub(crate) fn describe_kinds(workspace: &Workspace) -> Result<Done> {
    generate(workspace, &["--describe"])
}

fn generate(workspace: &Workspace, arguments: &[&str]) -> Result<Done> {
    // Naming the package would narrow the features of its dependencies, and compile them once more for this alone.
    let mut command = workspace.cargo();
    command
        .args(["run", "--quiet", "--bin", "crdgen", "--"])
        .args(arguments);
    run(&mut command)?;
    Ok(Done::default())
}

/// The package whose tests need a cluster.
pub(crate) const E2E: &str = "auriga-e2e";

/// All calls of cargo for tests name the whole workspace: with fewer packages, their dependencies would have fewer features,
/// and be compiled once more.
const WITHOUT_CLUSTER: [&str; 4] = ["test", "--workspace", "--exclude", E2E];

/// The tests that need no cluster in two halves of about the same length, by the first letters of their programs. Cargo runs
/// one program at a time, and many of them wait for processes that they have started.
const HALVES: [&[&str]; 2] = [&["--lib", "--bins", "--test", "[a-l]*"], &["--test", "[!a-l]*"]];

/// Runs every test of the workspace that needs no cluster; goes on after a failure, so that one run names all of them.
pub(crate) fn test(workspace: &Workspace) -> Result<Done> {
    postgres::ready(workspace)?;
    build_tests(workspace)?;
    let run = |what: &[&str], shown: &mut (dyn Write + Send)| {
        let mut tests = workspace.cargo();
        tests.args(WITHOUT_CLUSTER).arg("--no-fail-fast").args(what);
        count(&mut tests, shown)
    };
    // Shown as a whole once it is over, or nobody could read either of them.
    let mut of_other = Vec::new();
    let halves = thread::scope(|scope| {
        let other = scope.spawn(|| run(HALVES[1], &mut of_other));
        let one = run(HALVES[0], &mut io::stdout());
        [one, other.join().unwrap_or_else(|panic| resume_unwind(panic))]
    });
    let _ = io::stdout().write_all(&of_other);
    let of_docs = run(&["--doc"], &mut io::stdout());
    let mut tests_passed = 0;
    for part in halves.into_iter().chain([of_docs]) {
        tests_passed += part?;
    }
    Ok(Done::passing(tests_passed))
}

/// Builds those tests and the programs that they run, and runs none.
pub(crate) fn build_tests(workspace: &Workspace) -> Result<()> {
    let mut tests = workspace.cargo();
    // For people cargo would list each program that it built; what it compiles and what is wrong is told on stderr as ever.
    let for_nobody = ["--no-run", "--message-format=json-render-diagnostics"];
    tests.args(WITHOUT_CLUSTER).args(for_nobody);
    run(tests.stdout(Stdio::null()))
}

/// The path of a program that [`build_tests`] builds: its package has tests that run it.
pub(crate) fn of_tests(workspace: &Workspace, program: &str) -> PathBuf {
    let path = workspace.target.join("debug").join(program);
    path.with_extension(EXE_EXTENSION)
}

/// Runs `cargo test` and counts what passed.
///
/// Errors: a test failed, or none ran.
pub(crate) fn count_tests(tests: &mut Command) -> Result<Done> {
    count(tests, &mut io::stdout()).map(Done::passing)
}

fn count(tests: &mut Command, mut shown: &mut (dyn Write + Send)) -> Result<u64> {
    let mut tests_passed = 0;
    follow(tests, &mut shown, |line| {
        tests_passed += passed(line).unwrap_or(0);
    })?;
    ensure!(tests_passed > 0, "no test ran");
    Ok(tests_passed)
}

/// The number in the line with which libtest ends each test program.
fn passed(line: &str) -> Option<u64> {
    let counts = line.strip_prefix("test result: ok. ")?;
    counts.split_once(" passed")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted_from_the_closing_lines_alone() {
        let check = |line, expected| assert_eq!(passed(line), expected, "{line}");
        check(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n",
            Some(12),
        );
        check("test result: FAILED. 12 passed; 1 failed; 0 ignored\n", None);
        check("test tests::passed_tests ... ok\n", None);
    }
}
