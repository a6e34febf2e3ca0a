//! Compares with scikit-learn, by the scripts in `tests/reference` in a Python environment of their own.

use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    program::{read, run, succeeds},
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
    run(workspace.cargo().args(["build", "--bin", "auriga"]))?;
    let program = workspace.target.join("debug").join(format!("auriga{EXE_SUFFIX}"));
    let program = program.into_os_string().into_string();
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

/// The interpreter of an environment that holds exactly `tests/reference/requirements.txt`, made if need be.
fn python(workspace: &Workspace) -> Result<PathBuf> {
    let file = workspace.root.join("tests/reference/requirements.txt");
    let wanted = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let environment = workspace.cache.join("python");
    let interpreter = environment.join("bin/python");
    // Written last, so that an environment whose making was interrupted is made again.
    let complete = environment.join("requirements.txt");
    let up_to_date = fs::read_to_string(&complete).is_ok_and(|installed| installed == wanted)
        // An upgrade of the system's Python leaves an environment that no longer starts.
        && succeeds(workspace.program(&interpreter).args(["-c", "import sklearn"]));
    if up_to_date {
        return Ok(interpreter);
    }

    println!(
        "making a Python environment in {}; this takes a minute, once",
        environment.display()
    );
    make_environment(workspace, &environment)?;
    let mut install = workspace.program(&interpreter);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    run(install.arg(&file))
        .context("scikit-learn could not be installed; it needs Python 3.11 or newer and pip")?;
    fs::write(&complete, wanted).with_context(|| format!("cannot write {}", complete.display()))?;
    Ok(interpreter)
}

fn make_environment(workspace: &Workspace, folder: &Path) -> Result<()> {
    let make = || {
        let mut command = workspace.program("python3");
        command.args(["-m", "venv", "--clear"]).arg(folder);
        command
    };
    // Debian ships Python without what `venv` needs: it fails there until python3-venv is installed.
    if succeeds(&mut make()) {
        return Ok(());
    }
    let is_root = read(workspace.program("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !succeeds(workspace.program("apt-get").arg("--version")) {
        bail!(
            "python3 with its venv module is missing; on Debian: `sudo apt-get install python3 python3-venv`"
        );
    }
    println!("installing python3-venv");
    run(workspace.program("apt-get").args(["update", "--quiet"]))?;
    let mut install = workspace.program("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run(install.args([
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        "python3",
        "python3-venv",
    ]))?;
    run(&mut make())
}
