//! Packs a root into one OCI archive: the same bytes for the same content, whenever and wherever it is made.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{Root, umoci_is_there};
use crate::{
    program::{read, run},
    workspace::Workspace,
};

/// What an image says beside its files.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// Its full name; the tag behind the last colon.
    pub(super) reference: &'a str,
    /// The ids of the user and the group it runs as.
    pub(super) user: &'a str,
    /// The program that is started, and its first arguments.
    pub(super) entrypoint: &'a [&'a str],
    /// Variables that are set.
    pub(super) environment: &'a [(&'a str, &'a str)],
}

/// An image as one file, for `docker load`, `podman load` or `ctr images import`.
pub(crate) struct Archive {
    /// The name that the image has once loaded.
    pub(crate) reference: String,
    /// Of its manifest; the same whenever the content is.
    pub(crate) digest: String,
    /// The file.
    pub(crate) path: PathBuf,
}

impl Archive {
    /// Name, digest and size, for people.
    pub(crate) fn described(&self) -> Result<String> {
        let size =
            fs::metadata(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        let mebibytes = size.len() as f64 / f64::from(1 << 20);
        Ok(format!("{} {}, {mebibytes:.1} MiB", self.reference, self.digest))
    }
}

// Before it, nothing of the image was made; the habit of reproducible builds.
const TIME: &str = "1970-01-01T00:00:00Z";

/// Packs `root` as one layer, unless it was packed before and nothing of it has changed.
///
/// Errors: umoci is missing and cannot be installed; the disk is full.
pub(super) fn pack(workspace: &Workspace, root: &Root, settings: &Settings) -> Result<Archive> {
    let folder = root
        .folder
        .parent()
        .context("a root lies in the folder of its image")?;
    let (layer, path) = (folder.join("layer.tar"), folder.with_extension("tar"));
    run(tar(workspace, &layer)
        .arg("--directory")
        .arg(&root.folder)
        .arg("."))?;
    let content = read(workspace.program("sha256sum").arg(&layer))?;
    let key = format!("{settings:?} {content}");

    // Written last: the content of the archive, and its digest.
    let packed = folder.join("packed");
    let before = fs::read_to_string(&packed).unwrap_or_default();
    let digest = match before.strip_prefix(&key) {
        Some(digest) if path.is_file() => digest.to_owned(),
        _ => {
            let digest = compress(workspace, folder, &layer, &path, settings)?;
            fs::write(&packed, key + &digest)
                .with_context(|| format!("cannot write {}", packed.display()))?;
            digest
        }
    };
    fs::remove_file(&layer).with_context(|| format!("cannot remove {}", layer.display()))?;
    Ok(Archive {
        reference: settings.reference.to_owned(),
        digest,
        path,
    })
}

/// Makes the archive `path` of a layer; answers the digest of its manifest.
fn compress(
    workspace: &Workspace,
    folder: &Path,
    layer: &Path,
    path: &Path,
    settings: &Settings,
) -> Result<String> {
    umoci_is_there(workspace)?;
    let (_, tag) = settings
        .reference
        .rsplit_once(':')
        .context("an image needs a tag")?;
    let layout = folder.join("oci");
    if layout.exists() {
        fs::remove_dir_all(&layout).with_context(|| format!("cannot empty {}", layout.display()))?;
    }
    let image = format!("{}:{tag}", layout.display());
    let umoci = |words: &[&str]| {
        let mut command = workspace.program("umoci");
        command.args(words);
        command
    };
    run(umoci(&["init", "--layout"]).arg(&layout))?;
    run(&mut umoci(&["new", "--image", &image]))?;
    run(umoci(&["raw", "add-layer", "--image", &image, "--history.created", TIME]).arg(layer))?;
    let mut config = umoci(&["config", "--image", &image, "--no-history", "--created", TIME]);
    config.args(["--config.user", settings.user]);
    for word in settings.entrypoint {
        config.args(["--config.entrypoint", word]);
    }
    for (name, value) in settings.environment {
        config.arg("--config.env").arg(format!("{name}={value}"));
    }
    run(&mut config)?;
    // What the image was before it had its layer and its settings.
    run(umoci(&["gc", "--layout"]).arg(&layout))?;
    let digest = name_in_index(&layout.join("index.json"), tag, settings.reference)?;
    run(tar(workspace, path).arg("--directory").arg(&layout).arg("."))?;
    Ok(digest)
}

/// `tar` that leaves out who packed it, and when.
fn tar(workspace: &Workspace, archive: &Path) -> Command {
    let mut command = workspace.program("tar");
    command.args(["--create", "--sort=name", "--mtime=@0", "--format=gnu"]);
    command.args(["--owner=0", "--group=0", "--numeric-owner", "--file"]);
    command.arg(archive);
    command
}

/// Writes the image's full name into the index, where umoci wrote the tag alone, and answers the manifest's digest.
fn name_in_index(index: &Path, tag: &str, reference: &str) -> Result<String> {
    let text = fs::read_to_string(index).with_context(|| format!("cannot read {}", index.display()))?;
    let (named, digest) = named(&text, tag, reference)?;
    fs::write(index, named).with_context(|| format!("cannot write {}", index.display()))?;
    Ok(digest)
}

fn named(index: &str, tag: &str, reference: &str) -> Result<(String, String)> {
    let short = format!("\"org.opencontainers.image.ref.name\":\"{tag}\"");
    let full = format!("\"io.containerd.image.name\":\"{reference}\",{short}");
    let digests: Vec<&str> = index.split("\"digest\":\"").skip(1).collect();
    let [digest] = digests[..] else {
        bail!("umoci wrote {} manifests where one was expected", digests.len());
    };
    if !index.contains(&short) {
        bail!("umoci wrote an index without the tag {tag}");
    }
    let digest = digest.split('"').next().unwrap_or_default();
    Ok((index.replace(&short, &full), digest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str =
        r#"{"manifests":[{"digest":"sha256:ab","annotations":{"org.opencontainers.image.ref.name":"1"}}]}"#;

    #[test]
    fn the_index_gets_the_full_name_beside_the_tag() {
        let (text, digest) = named(INDEX, "1", "docker.io/a/b:1").unwrap();
        assert_eq!(digest, "sha256:ab");
        let name =
            r#"{"io.containerd.image.name":"docker.io/a/b:1","org.opencontainers.image.ref.name":"1"}"#;
        assert!(text.contains(name), "{text}");
    }

    #[test]
    fn an_index_of_another_shape_is_refused() {
        assert!(named(INDEX, "2", "docker.io/a/b:2").is_err());
        assert!(named(r#"{"manifests":[]}"#, "1", "docker.io/a/b:1").is_err());
    }
}
