//! Dependencies: licenses, sources, banned crates, known vulnerabilities; `deny.toml` says what is allowed.

use std::{env::consts::EXE_SUFFIX, path::PathBuf, process::Stdio};

use anyhow::{Context, Result};

use crate::{program::run, steps::Done, workspace::Workspace};

// A newer release may read deny.toml differently.
const VERSION: &str = "0.20.2";

/// Fails on a license, source or crate that `deny.toml` does not allow. Needs no network once cargo-deny is there.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    run_checks(workspace, &["bans", "licenses", "sources"])
}

/// Fails on a dependency with a known vulnerability. Downloads the database of them, and so is no part of `test`.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Done> {
    run_checks(workspace, &["advisories"])
}

fn run_checks(workspace: &Workspace, checks: &[&str]) -> Result<Done> {
    let mut command = workspace.program(cargo_deny(workspace)?);
    run(command.args(["check", "--hide-inclusion-graph"]).args(checks))?;
    Ok(Done::default())
}

/// The pinned cargo-deny: on the search path, in the cache, or installed there now.
fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let cached = workspace
        .cache
        .join("bin")
        .join(format!("cargo-deny{EXE_SUFFIX}"));
    for program in [PathBuf::from("cargo-deny"), cached.clone()] {
        let version = workspace
            .program(&program)
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        if version.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {VERSION}")
        }) {
            return Ok(program);
        }
    }
    println!(
        "installing cargo-deny {VERSION} into {}; this takes minutes, once",
        workspace.cache.display()
    );
    let mut install = workspace.cargo();
    // Its objects would only fill the workspace's target folder; without one, cargo uses a folder it removes again.
    install.env_remove("CARGO_TARGET_DIR");
    install
        .args(["install", "--locked", "--force", "--version", VERSION, "--root"])
        .arg(&workspace.cache);
    run(install.arg("cargo-deny")).context("cargo-deny could not be installed")?;
    Ok(cached)
}
