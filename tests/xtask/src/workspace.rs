//! Where the tree lies, and where what is built or installed for it is kept.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// The tree and its caches.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Outside the tree, so that a new clone finds it filled: `$AURIGA_CACHE`, or `auriga` in the user's cache folder.
    pub(crate) cache: PathBuf,
    /// Cargo's target folder: `$CARGO_TARGET_DIR`, or `target` in the cache.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the tree that this program was started from.
    ///
    /// Errors: not started by cargo, or no home folder to keep a cache in.
    pub(crate) fn find() -> Result<Workspace> {
        // Asked at run time: several clones may share one target folder, and the program built last in it.
        let package = env::var_os("CARGO_MANIFEST_DIR").context("start this program as `cargo xtask`")?;
        let root = Path::new(&package)
            .join("../..")
            .canonicalize()
            .context("cannot find the root of the workspace")?;
        let cache = cache_folder(|name| env::var_os(name).map(PathBuf::from))?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache.join("target"), PathBuf::from);
        Ok(Workspace { root, cache, target })
    }

    /// `program`, to be run in the root with no input.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.root).stdin(std::process::Stdio::null());
        command
    }

    /// Cargo, with the target folder outside the tree.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.program("cargo");
        command.env("CARGO_TARGET_DIR", &self.target);
        // `cargo run` tells this program about its own package. Build scripts that watch these variables would run
        // again whenever they differ from those of a cargo started by hand.
        for (name, _) in env::vars_os() {
            let own = ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|start| name.to_str().is_some_and(|name| name.starts_with(start)));
            if own {
                command.env_remove(name);
            }
        }
        command
    }
}

fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    // An empty or relative value is as good as none: the XDG Base Directory Specification says so of its own variables.
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    absolute("AURIGA_CACHE")
        .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("auriga")))
        .or_else(|| Some(absolute("HOME")?.join(".cache/auriga")))
        .context("no folder to keep builds and tools in; set AURIGA_CACHE to an absolute path")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let found = cache_folder(|name| {
            let (_, value) = variables.iter().find(|(other, _)| *other == name)?;
            Some(PathBuf::from(value))
        });
        assert_eq!(found.ok(), expected.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn the_cache_is_where_the_most_special_variable_says() {
        let home = ("HOME", "/h");
        check(&[home], Some("/h/.cache/auriga"));
        check(&[home, ("XDG_CACHE_HOME", "/c")], Some("/c/auriga"));
        check(
            &[home, ("XDG_CACHE_HOME", "/c"), ("AURIGA_CACHE", "/a")],
            Some("/a"),
        );
        check(&[home, ("XDG_CACHE_HOME", "")], Some("/h/.cache/auriga"));
        check(&[home, ("AURIGA_CACHE", "a")], Some("/h/.cache/auriga"));
        check(&[], None);
    }
}
