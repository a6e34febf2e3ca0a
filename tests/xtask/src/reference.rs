//! Compares with scikit-learn, by the scripts in `tests/reference` in a Python environment of their own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{
    cargo::{build_tests, of_tests},
    program::run,
    python::{Environment, Python},
    steps::Done,
    workspace::Workspace,
};

/// They test what the scripts share.
const TESTS: [&str; 1] = ["compare_test.py"];
/// This one also compares the auriga program.
const COMPARES: &str = "examples_reference.py";
/// They compute and store; with `--check`, they compute and compare.
const SCRIPTS: [&str; 5] = [
    "examples_data.py",
    COMPARES,
    "learn_reference.py",
    "scoring_reference.py",
    "trees_reference.py",
];
/// It stores nothing: what chance decides is compared in the mean, each time anew.
const FORESTS: &str = "forests_reference.py";

const ENVIRONMENT: Environment = Environment {
    folder: "python",
    requirements: "tests/reference/requirements.txt",
    module: "sklearn",
    python: Python::Any,
};

/// Computes again what the scripts have stored, and compares; then lets the auriga program fit and serve the examples,
/// and compares that with scikit-learn too.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    let python = python(workspace)?;
    let program = program(workspace)?;
    for script in TESTS {
        run_script(workspace, &python, script, &["--quiet"])?;
    }
    for script in SCRIPTS {
        let with_program = if script == COMPARES {
            &["--check", "--auriga", &program][..]
        } else {
            &["--check"]
        };
        run_script(workspace, &python, script, with_program)?;
    }
    run_script(workspace, &python, FORESTS, &["--auriga", &program])?;
    Ok(Done::saying(format!(
        "{} scripts",
        TESTS.len() + SCRIPTS.len() + 1
    )))
}

/// The path of the auriga program, built.
fn program(workspace: &Workspace) -> Result<String> {
    // The one that tests run: another would be compiled once more, with other features.
    build_tests(workspace)?;
    let program = of_tests(workspace, "auriga").into_os_string().into_string();
    program
        .ok()
        .context("the path of the auriga program is not UTF-8; set CARGO_TARGET_DIR")
}

/// Writes anew what the scripts store.
pub(crate) fn update(workspace: &Workspace) -> Result<Done> {
    let python = python(workspace)?;
    for script in SCRIPTS {
        run_script(workspace, &python, script, &[])?;
    }
    Ok(Done::default())
}

fn run_script(workspace: &Workspace, python: &Path, script: &str, arguments: &[&str]) -> Result<()> {
    let mut command = workspace.program(python);
    // Compiled scripts would be left in the tree.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    run(command.arg(format!("tests/reference/{script}")).args(arguments))
}

/// The interpreter that the scripts are run with.
fn python(workspace: &Workspace) -> Result<PathBuf> {
    Ok(ENVIRONMENT.ready(workspace)?.join("bin/python"))
}
