//! What the machine must have to be a node, and the images that the node has.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    debian,
    program::{read, run, succeeds},
    workspace::Workspace,
};

/// A program that the node runs, and the Debian package it comes with.
struct Need {
    program: &'static str,
    package: &'static str,
}

const NEEDS: [Need; 12] = [
    need("busybox", "busybox-static"),
    need("conntrack", "conntrack"),
    need("containerd", "containerd"),
    need("ctr", "containerd"),
    need("curl", "curl"),
    need("flock", "util-linux"),
    need("ip", "iproute2"),
    need("nft", "nftables"),
    need("openssl", "openssl"),
    need("pgrep", "procps"),
    need("runc", "runc"),
    need("/usr/lib/cni/bridge", "containernetworking-plugins"),
];

const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

/// Installs what a node needs.
///
/// Errors: not root; something is missing and this is not Debian.
pub(super) fn requirements(workspace: &Workspace) -> Result<()> {
    if read(workspace.program("id").arg("-u"))?.trim() != "0" {
        bail!(
            "the cluster runs containers and makes a network, which only root may; \
             run this as root, or let tests use another cluster by KUBECONFIG"
        );
    }
    let path = env::var_os("PATH").unwrap_or_default();
    // Where Debian keeps what only root runs; not every root has it on the search path.
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(system).collect();
    let mut packages: Vec<&str> =
        missing(|program| folders.iter().any(|folder| folder.join(program).is_file()));
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    debian::install(
        workspace,
        &packages,
        "the cluster needs programs that are missing here",
    )
}

/// Whether the node runs.
pub(super) fn runs(workspace: &Workspace) -> bool {
    socket(workspace).exists() && succeeds(ctr(workspace).arg("version"))
}

/// The images of the running node: name, space, digest.
///
/// Errors: no cluster runs.
pub(super) fn images(workspace: &Workspace) -> Result<Vec<String>> {
    if !runs(workspace) {
        bail!("no cluster runs here; start it with `cargo xtask cluster up`");
    }
    let listed = read(ctr(workspace).args(["images", "list"]))?;
    Ok(listed.lines().skip(1).filter_map(name_and_digest).collect())
}

/// Gives the running node an image.
pub(super) fn load(workspace: &Workspace, archive: &Path) -> Result<()> {
    run(ctr(workspace)
        .args(["images", "import"])
        .arg(archive)
        .stdout(std::io::stderr()))
    .with_context(|| format!("{} could not be loaded", archive.display()))
}

fn ctr(workspace: &Workspace) -> Command {
    let mut command = workspace.program("ctr");
    command.arg("--address").arg(socket(workspace));
    // Where kubelet looks for images.
    command.args(["--namespace", "k8s.io"]);
    command
}

fn socket(workspace: &Workspace) -> PathBuf {
    super::folder(workspace).join("run/containerd/containerd.sock")
}

fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let absent = NEEDS.iter().filter(|need| !is_there(need.program));
    absent.map(|need| need.package).collect()
}

fn name_and_digest(line: &str) -> Option<String> {
    let mut columns = line.split_whitespace();
    let name = columns.next()?;
    let digest = columns.find(|column| column.starts_with("sha256:"))?;
    Some(format!("{name} {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_by_its_package() {
        assert!(missing(|_| true).is_empty());
        assert_eq!(missing(|program| program != "nft"), ["nftables"]);
        assert_eq!(missing(|program| !program.contains("ct")), ["containerd"]);
    }

    #[test]
    fn an_image_is_told_by_name_and_digest() {
        let line = "docker.io/a/b:1  application/vnd.oci.image.manifest.v1+json  sha256:ab12  1.0 MiB  linux/amd64  -";
        assert_eq!(
            name_and_digest(line).as_deref(),
            Some("docker.io/a/b:1 sha256:ab12")
        );
        assert_eq!(name_and_digest(""), None);
    }
}
