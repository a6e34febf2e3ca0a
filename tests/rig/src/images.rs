//! Images made of the one that is tested, and a registry on this machine that the node pulls them from.

mod answers;

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

use crate::{command::run, ground::Ground};

/// The image as it is.
pub(crate) const UNCHANGED: &str = "unchanged";
/// A tag about which the registry says nothing, ever.
pub(crate) const SILENT: &str = "silent";
/// Its name in the registry.
const NAME: &str = "auriga/auriga";
/// The folder of its layout.
const LAYOUT: &str = "layout";
/// The file of a layout that lists its images.
const INDEX: &str = "index.json";
/// Where an OCI layout says what its images are called.
const TAG: &str = "org.opencontainers.image.ref.name";

/// How an image differs from the one that is tested.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change<'a> {
    /// The only machine that it is for, by the index that lists it.
    pub(crate) architecture: Option<&'a str>,
    /// What else is in the environment of its program.
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// A file that is put, or replaced, at a path without the leading slash: an executable.
    pub(crate) file: Option<(&'a str, &'a [u8])>,
}

/// A registry with the images of one OCI layout.
pub(crate) struct Registry {
    address: SocketAddr,
    folder: TempDir,
    /// Where containerd of the node listens.
    containerd: PathBuf,
    /// What lets containerd pull from here, as it pulls nothing else.
    leave: Leave,
    answers: JoinHandle<()>,
}

/// A folder of containerd's that says where a registry is; it goes with this value.
struct Leave(PathBuf);

impl Drop for Leave {
    fn drop(&mut self) {
        // Nobody else has the port that it is named after.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Registry {
    /// A registry that has the tested image, as the node has it.
    ///
    /// Errors: the node is not the project's own; `ctr` or `tar` are missing.
    pub(crate) async fn begin(ground: &Ground) -> Result<Registry> {
        let node = ground.node()?;
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let containerd = node.folder().join("containerd/containerd.sock");
        let layout = folder.path().join(LAYOUT);
        fs::create_dir(&layout).context("cannot make a folder")?;
        let archive = folder.path().join("image.tar");
        let mut export = ctr(&containerd);
        export.args(["images", "export", "--platform", "linux/amd64"]);
        run(export.arg(&archive).arg(&ground.program.image)).await?;
        let mut unpack = Command::new("tar");
        run(unpack.arg("-xf").arg(&archive).arg("-C").arg(&layout)).await?;
        fs::remove_file(&archive).context("cannot remove an archive")?;
        // The only image of the layout gets a name that does not depend on its own.
        let index = layout.join(INDEX);
        let mut listed = read(&index)?;
        listed["manifests"][0]["annotations"] = json!({ TAG: UNCHANGED });
        write(&index, &listed)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        let address = listener.local_addr().context("a listener has an address")?;
        // containerd/docs/hosts.md: it looks for this file at each pull.
        let leave = Leave(
            node.folder()
                .join("containerd/registries")
                .join(address.to_string()),
        );
        fs::create_dir(&leave.0).context("containerd of the node has no folder of registries")?;
        let hosts = format!("server = \"http://{address}\"\n");
        fs::write(leave.0.join("hosts.toml"), hosts).context("cannot write where the registry is")?;
        Ok(Registry {
            address,
            containerd,
            leave,
            answers: tokio::spawn(answers::answer(listener, layout)),
            folder,
        })
    }

    /// What a pod calls the image with this tag.
    pub(crate) fn image(&self, tag: &str) -> String {
        format!("{}/{NAME}:{tag}", self.address)
    }

    /// Adds an image; what a pod calls it.
    ///
    /// Errors: `umoci`, with which images are made, is missing.
    pub(crate) async fn add(&self, tag: &str, change: Change<'_>) -> Result<String> {
        let layout = self.layout();
        let image = |tag: &str| format!("{}:{tag}", layout.display());
        run(Command::new("umoci").args(["tag", "--image", &image(UNCHANGED), tag])).await?;
        if let Some((path, bytes)) = change.file {
            let layer = self.layer(path, bytes).await?;
            let mut add = Command::new("umoci");
            add.args(["raw", "add-layer", "--image", &image(tag)]);
            run(add.arg(layer)).await?;
        }
        let mut config = Command::new("umoci");
        config.args(["config", "--image", &image(tag)]);
        if let Some(architecture) = change.architecture {
            config.args(["--architecture", architecture]);
        }
        for (name, value) in change.environment {
            config.arg("--config.env").arg(format!("{name}={value}"));
        }
        run(&mut config).await?;
        if let Some(architecture) = change.architecture {
            self.list_alone(tag, architecture).await?;
        }
        Ok(self.image(tag))
    }

    /// Lets a tag lead to an index in which its image is the only one, for this machine: nobody looks at the machine of an image
    /// that no index lists.
    async fn list_alone(&self, tag: &str, architecture: &str) -> Result<()> {
        let blobs = self.layout().join("blobs/sha256");
        let index = self.layout().join(INDEX);
        let mut listed = read(&index)?;
        let all = listed["manifests"].as_array_mut();
        let entry = all
            .into_iter()
            .flatten()
            .find(|one| one["annotations"][TAG] == tag);
        let entry = entry.context("the image that was just made is not listed")?;
        let mut image = entry.clone();
        image["platform"] = json!({ "architecture": architecture, "os": "linux" });
        let kind = "application/vnd.oci.image.index.v1+json";
        let alone = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [image] });
        let file = blobs.join("index");
        write(&file, &alone)?;
        let sum = run(Command::new("sha256sum").arg(&file)).await?;
        let hash = sum.split_whitespace().next().unwrap_or_default();
        fs::rename(&file, blobs.join(hash)).context("cannot name an index")?;
        entry["mediaType"] = json!(kind);
        entry["digest"] = json!(format!("sha256:{hash}"));
        entry["size"] = json!(alone.to_string().len());
        write(&index, &listed)
    }

    /// Lets the node have an image before a pod asks for it.
    ///
    /// Errors: it cannot be pulled.
    pub(crate) async fn pull(&self, image: &str) -> Result<()> {
        let mut pull = ctr(&self.containerd);
        pull.args(["images", "pull", "--plain-http", image]);
        run(&mut pull).await.map(drop)
    }

    /// Lets a name on the node lead to what another one leads to there, as if its tag had been moved.
    ///
    /// Errors: the node does not have it.
    pub(crate) async fn retag(&self, from: &str, to: &str) -> Result<()> {
        let mut tag = ctr(&self.containerd);
        tag.args(["images", "tag", "--force", from, to]);
        run(&mut tag).await.map(drop)
    }

    /// Takes what the node has pulled from here off it.
    ///
    /// Errors: it does not say what it has.
    pub(crate) async fn end(self) -> Result<()> {
        let index = read(&self.layout().join(INDEX))?;
        self.answers.abort();
        drop(self.leave);
        let listed = run(ctr(&self.containerd).args(["images", "list"])).await?;
        let manifests = index["manifests"].as_array().into_iter().flatten();
        // The tested image itself stays, whatever else it is called.
        let (unchanged, made): (Vec<_>, Vec<_>) =
            manifests.partition(|one| one["annotations"][TAG] == UNCHANGED);
        let digests = |of: &[&'_ Value]| -> BTreeSet<String> {
            let digests = of.iter().filter_map(|one| one["digest"].as_str());
            digests.map(str::to_owned).collect()
        };
        let made = &digests(&made) - &digests(&unchanged);
        let pulled = pulled(&listed, &self.address.to_string(), &made);
        if !pulled.is_empty() {
            run(ctr(&self.containerd).args(["images", "remove"]).args(pulled)).await?;
        }
        Ok(())
    }

    fn layout(&self) -> PathBuf {
        self.folder.path().join(LAYOUT)
    }

    /// An archive with one executable.
    async fn layer(&self, path: &str, bytes: &[u8]) -> Result<PathBuf> {
        let root = tempfile::tempdir_in(self.folder.path()).context("cannot make a folder")?;
        let file = root.path().join(path);
        let parent = file.parent().context("a file lies in a folder")?;
        fs::create_dir_all(parent).context("cannot make a folder")?;
        fs::write(&file, bytes).context("cannot write a file")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).context("cannot write a file")?;
        let layer = self.folder.path().join("layer.tar");
        let mut pack = Command::new("tar");
        pack.args(["--owner=0", "--group=0", "-cf"]).arg(&layer);
        // The file alone: the folders above it stay as they are.
        run(pack.arg("-C").arg(root.path()).arg(path)).await?;
        Ok(layer)
    }
}

/// What the node calls images that came from `address`, or have one of these digests: it gives each several names.
fn pulled<'a>(listed: &'a str, address: &str, digests: &BTreeSet<String>) -> Vec<&'a str> {
    let columns = listed.lines().skip(1).map(|line| line.split_whitespace());
    columns
        .filter_map(|mut columns| Some((columns.next()?, columns.nth(1)?)))
        .filter(|(name, digest)| name.starts_with(address) || digests.contains(*digest))
        .map(|(name, _)| name)
        .collect()
}

fn ctr(containerd: &Path) -> Command {
    let mut ctr = Command::new("ctr");
    ctr.arg("-a").arg(containerd).args(["-n", "k8s.io"]);
    ctr
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

fn write(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, value.to_string()).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_of_what_was_pulled_are_found_and_no_others() {
        let listed = "REF TYPE DIGEST SIZE\n\
                      127.0.0.1:5000/auriga/auriga:a t sha256:1 1 MiB\n\
                      127.0.0.1:5000/auriga/auriga:unchanged t sha256:2 1 MiB\n\
                      docker.io/auriga/auriga:dev t sha256:2 1 MiB\n\
                      sha256:99 t sha256:1 1 MiB\n";
        let made = BTreeSet::from(["sha256:1".to_owned()]);
        assert_eq!(
            pulled(listed, "127.0.0.1:5000", &made),
            [
                "127.0.0.1:5000/auriga/auriga:a",
                "127.0.0.1:5000/auriga/auriga:unchanged",
                "sha256:99"
            ]
        );
    }
}
