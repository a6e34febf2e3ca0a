//! Programs from the crate registry, pinned, and kept in the cache.

use std::{env::consts::EXE_SUFFIX, io, path::PathBuf, process::Stdio};

use anyhow::{Context, Result};

use crate::{program::run, workspace::Workspace};

/// A program that cargo installs when it is first asked for.
pub(crate) struct Tool {
    /// Of the program and its crate.
    pub(crate) name: &'static str,
    /// The only one that will do.
    pub(crate) version: &'static str,
}

impl Tool {
    /// The program: on the search path, in the cache, or installed there now.
    pub(crate) fn ready(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Tool { name, version } = self;
        let cached = workspace.cache.join("bin").join(format!("{name}{EXE_SUFFIX}"));
        for program in [PathBuf::from(name), cached.clone()] {
            let printed = workspace
                .program(&program)
                .arg("--version")
                .stderr(Stdio::null())
                .output();
            if printed.is_ok_and(|output| {
                String::from_utf8_lossy(&output.stdout).trim() == format!("{name} {version}")
            }) {
                return Ok(program);
            }
        }
        eprintln!(
            "installing {name} {version} into {}; this takes minutes, once",
            workspace.cache.display()
        );
        let mut install = workspace.cargo();
        // Its objects would only fill the workspace's target folder; without one, cargo uses a folder it removes again.
        install.env_remove("CARGO_TARGET_DIR");
        install
            .args(["install", "--locked", "--force", "--version", version, "--root"])
            .arg(&workspace.cache)
            .stdout(io::stderr());
        run(install.arg(name)).with_context(|| format!("{name} could not be installed"))?;
        Ok(cached)
    }
}
