//! Python environments outside the tree, each with exactly the packages that a file of the tree pins.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    debian,
    program::{run, succeeds},
    workspace::Workspace,
};

/// An environment that is made when it is first asked for.
pub(crate) struct Environment {
    /// Its folder in the cache.
    pub(crate) folder: &'static str,
    /// The file in the tree that pins its packages.
    pub(crate) requirements: &'static str,
    /// A module that loads once it is complete.
    pub(crate) module: &'static str,
    /// Which Python it is made of.
    pub(crate) python: Python,
}

/// A Python that is there already.
#[derive(Clone, Copy)]
pub(crate) enum Python {
    /// 3.11 or newer.
    Any,
    /// 3.11 itself, for packages that have no builds for newer ones.
    Exactly311,
}

impl Environment {
    /// Its folder; with `bin/python` in it.
    ///
    /// Errors: no such Python, or packages that could not be installed.
    pub(crate) fn ready(&self, workspace: &Workspace) -> Result<PathBuf> {
        let file = workspace.root.join(self.requirements);
        let wanted = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let folder = workspace.cache.join(self.folder);
        let interpreter = folder.join("bin/python");
        // Written last, so that an environment whose making was interrupted is made again.
        let complete = folder.join("requirements.txt");
        let loads = format!("import {}", self.module);
        let up_to_date = fs::read_to_string(&complete).is_ok_and(|installed| installed == wanted)
            // An upgrade of the system's Python leaves an environment that no longer starts.
            && succeeds(workspace.program(&interpreter).args(["-c", &loads]));
        if up_to_date {
            return Ok(folder);
        }

        eprintln!(
            "making a Python environment in {}; this takes a minute, once",
            folder.display()
        );
        self.python.make_environment(workspace, &folder)?;
        let mut install = workspace.program(&interpreter);
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg("--requirement")
            .arg(&file)
            .stdout(io::stderr());
        run(&mut install).with_context(|| {
            format!(
                "the packages of {} could not be installed; they need {} and pip",
                self.requirements,
                self.python.described()
            )
        })?;
        fs::write(&complete, wanted).with_context(|| format!("cannot write {}", complete.display()))?;
        Ok(folder)
    }
}

impl Python {
    fn described(self) -> &'static str {
        match self {
            Python::Any => "Python 3.11 or newer",
            Python::Exactly311 => "Python 3.11",
        }
    }

    /// Names it may have on the search path, the likelier first.
    fn names(self) -> &'static [&'static str] {
        match self {
            Python::Any => &["python3"],
            Python::Exactly311 => &["python3.11", "python3"],
        }
    }

    /// Whether the program is this Python.
    fn is(self, workspace: &Workspace, program: &str) -> bool {
        match self {
            Python::Any => true,
            Python::Exactly311 => {
                let check = "import sys; sys.exit(sys.version_info[:2] != (3, 11))";
                succeeds(workspace.program(program).args(["-c", check]))
            }
        }
    }

    fn make_environment(self, workspace: &Workspace, folder: &Path) -> Result<()> {
        let make = || {
            let fitting = self.names().iter().find(|name| self.is(workspace, name));
            let mut command = workspace.program(fitting?);
            command.args(["-m", "venv", "--clear"]).arg(folder);
            Some(command)
        };
        // Debian ships Python without what `venv` needs: it fails there until a package is installed.
        if make().is_some_and(|mut command| succeeds(&mut command)) {
            return Ok(());
        }
        let packages = match self {
            Python::Any => ["python3", "python3-venv"],
            Python::Exactly311 => ["python3.11", "python3.11-venv"],
        };
        let missing = format!("{} with its venv module is missing", self.described());
        debian::install(workspace, &packages, &missing)?;
        match make() {
            Some(mut command) => run(&mut command),
            None => bail!("{missing}"),
        }
    }
}
