//! The project's own one-node Kubernetes: brought up, taken down, given images.

mod node;
mod programs;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

use crate::{
    image::{self, Archive, Programs, test_images},
    program::{self, read},
    workspace::Workspace,
};

/// Does what the words after `cargo xtask cluster` say; prints the kubeconfig's path where there is one.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let kubeconfig = match words {
        ["up"] => up(workspace)?,
        ["ready"] => ensure(workspace, image::RELEASE)?,
        ["ready", ..] => ensure(workspace, Programs::OfTests)?,
        ["down"] => return down(workspace),
        ["load-image", archive] => {
            // Scripts and tools are started in the root, wherever this program was.
            let archive = std::path::absolute(archive).context("an archive needs a path")?;
            return load_image(workspace, &archive);
        }
        _ => return load_own_images(workspace, image::RELEASE),
    };
    println!("{}", kubeconfig.display());
    Ok(())
}

/// Brings the cluster up, unless it is, and answers its kubeconfig.
///
/// Errors: not root, something is missing that cannot be installed, or a process of the node that did not start.
pub(crate) fn up(workspace: &Workspace) -> Result<PathBuf> {
    node::requirements(workspace)?;
    programs::build(workspace, &folder(workspace).join("bin"))?;
    let pause = test_images::pause(workspace)?;
    let mut script = script(workspace, "up.sh");
    let printed = read(script.arg(pause.path)).context("the cluster did not come up")?;
    Ok(PathBuf::from(printed.trim()))
}

/// Ends the cluster and drops its state; does nothing if there is none.
pub(crate) fn down(workspace: &Workspace) -> Result<()> {
    program::run(&mut script(workspace, "down.sh")).context("the cluster is not wholly down")
}

/// Gives the running cluster an archive.
///
/// Errors: no cluster runs, or the archive is no image.
pub(crate) fn load_image(workspace: &Workspace, archive: &Path) -> Result<()> {
    node::images(workspace)?;
    node::load(workspace, archive)
}

/// Gives the running cluster the project's own images.
///
/// Errors: no cluster runs.
pub(crate) fn load_own_images(workspace: &Workspace, programs: Programs<'_>) -> Result<()> {
    // Before anything is built: without a cluster that would be for nothing.
    let loaded = node::images(workspace)?;
    for archive in own_images(workspace, programs)? {
        let line = format!("{} {}", archive.reference, archive.digest);
        if loaded.contains(&line) {
            eprintln!("{} is loaded already", archive.reference);
        } else {
            node::load(workspace, &archive.path)?;
        }
    }
    Ok(())
}

/// Whether [`ensure`] has brought the cluster up, in this very process.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Does `work`, and takes the cluster down again if that brought it up.
pub(crate) fn left_as_found<T>(workspace: &Workspace, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let done = work();
    let is_to_end = IS_OURS.swap(false, Ordering::Relaxed);
    let ended = if is_to_end { down(workspace) } else { Ok(()) };
    let done = done?;
    ended.map(|()| done)
}

/// The cluster for tests: that of `$KUBECONFIG`, whose images are its owner's business, or this one with all images.
pub(crate) fn ensure(workspace: &Workspace, programs: Programs<'_>) -> Result<PathBuf> {
    let own = folder(workspace).join("run/admin.kubeconfig");
    if let Some(existing) = existing(env::var_os("KUBECONFIG")).filter(|existing| *existing != own) {
        return Ok(existing);
    }
    if !node::runs(workspace) {
        IS_OURS.store(true, Ordering::Relaxed);
    }
    let kubeconfig = up(workspace)?;
    load_own_images(workspace, programs)?;
    Ok(kubeconfig)
}

/// kubectl: the one of the project's own cluster, or else whichever there is.
pub(crate) fn kubectl(workspace: &Workspace) -> PathBuf {
    let built = folder(workspace).join("bin/kubectl");
    if built.is_file() { built } else { "kubectl".into() }
}

fn own_images(workspace: &Workspace, programs: Programs<'_>) -> Result<[Archive; 3]> {
    Ok([
        image::build(workspace, programs)?,
        test_images::shell(workspace)?,
        test_images::postgres(workspace)?,
    ])
}

fn existing(kubeconfig: Option<OsString>) -> Option<PathBuf> {
    // An empty variable is how one unsets it for one command.
    kubeconfig.filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.cache.join("cluster")
}

fn script(workspace: &Workspace, name: &str) -> std::process::Command {
    let mut command = workspace.program(workspace.root.join("tests/cluster").join(name));
    command.arg(folder(workspace));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_cluster_is_used_unless_its_variable_is_empty() {
        let check = |value: Option<&str>, expected: Option<&str>| {
            assert_eq!(existing(value.map(OsString::from)), expected.map(PathBuf::from));
        };
        check(None, None);
        check(Some(""), None);
        check(Some("/k"), Some("/k"));
        check(Some("/k:/l"), Some("/k:/l"));
    }
}
