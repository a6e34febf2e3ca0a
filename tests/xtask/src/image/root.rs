//! A folder that becomes the root of an image: programs with the libraries they load, and the files they read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    program::{read, run},
    workspace::Workspace,
};

/// The root of an image that is being made.
pub(crate) struct Root {
    /// Where it is made; the layers lie beside it.
    pub(super) folder: PathBuf,
}

impl Root {
    /// An empty root for the image `name`.
    pub(super) fn new(workspace: &Workspace, name: &str) -> Result<Root> {
        let folder = workspace.target.join("images").join(name).join("root");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        let root = Root { folder };
        root.folder("/tmp")?;
        // Whoever runs in the image may write there, unless its root is read-only.
        run(workspace.program("chmod").arg("1777").arg(root.inside("/tmp")))?;
        Ok(root)
    }

    /// Adds an executable as `path`, and the libraries it loads.
    pub(super) fn program(&mut self, source: &Path, path: &str) -> Result<()> {
        let target = self.parent(path)?;
        fs::copy(source, &target)
            .with_context(|| format!("cannot copy {} to {}", source.display(), target.display()))?;
        self.libraries_of(source)
    }

    /// Takes what only a debugger reads out of a program, which is most of one that is not optimized.
    pub(super) fn strip(&self, workspace: &Workspace, path: &str) -> Result<()> {
        run(workspace
            .program("strip")
            .arg("--strip-debug")
            .arg(self.inside(path)))
    }

    /// Adds a file or folder of this machine under its own path; links are followed.
    pub(super) fn copy(&mut self, path: &str) -> Result<()> {
        let target = self.parent(path)?;
        let mut copy = std::process::Command::new("cp");
        run(copy.args(["--recursive", "--dereference", path]).arg(&target))
    }

    /// Adds the libraries that a program, or a library, loads.
    pub(super) fn libraries_of(&mut self, file: &Path) -> Result<()> {
        let mut list = std::process::Command::new("ldd");
        let output = list.arg(file).output().context("cannot run `ldd`")?;
        // A program without any makes it fail, and say so.
        let printed = String::from_utf8_lossy(&output.stdout);
        for library in libraries(&printed).with_context(|| format!("{} cannot run here", file.display()))? {
            if !self.inside(&library).exists() {
                self.copy(&library)?;
            }
        }
        Ok(())
    }

    /// Adds a text file.
    pub(super) fn file(&mut self, path: &str, text: &str) -> Result<()> {
        let target = self.parent(path)?;
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))
    }

    /// Adds an empty folder.
    pub(super) fn folder(&self, path: &str) -> Result<()> {
        let folder = self.inside(path);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))
    }

    /// Adds a script that the image's shell runs.
    pub(super) fn script(&mut self, workspace: &Workspace, source: &Path, path: &str) -> Result<()> {
        let text = fs::read_to_string(source).with_context(|| format!("cannot read {}", source.display()))?;
        self.file(path, &text)?;
        run(workspace.program("chmod").arg("755").arg(self.inside(path)))
    }

    /// Adds a program of this machine as `/bin/<name>`.
    pub(super) fn installed(&mut self, workspace: &Workspace, name: &str) -> Result<()> {
        let find = format!("command -v {name}");
        let found = read(workspace.program("sh").args(["-c", &find]))
            .with_context(|| format!("{name}, which images for tests are made of, is missing"))?;
        self.program(Path::new(found.trim()), &format!("/bin/{name}"))
    }

    /// Adds busybox and the names under which it is called.
    pub(super) fn busybox(&mut self, workspace: &Workspace, names: &[&str]) -> Result<()> {
        self.installed(workspace, "busybox")?;
        for name in names {
            let link = self.inside(&format!("/bin/{name}"));
            run(workspace.program("ln").args(["--symbolic", "busybox"]).arg(link))?;
        }
        Ok(())
    }

    /// Adds the lists of users and groups, with `name` for 65532, and where names of hosts are looked up.
    pub(super) fn users(&mut self, name: &str) -> Result<()> {
        let users =
            format!("root:x:0:0:root:/:/sbin/nologin\n{name}:x:65532:65532:{name}:/tmp:/sbin/nologin\n");
        self.file("/etc/passwd", &users)?;
        self.file("/etc/group", &format!("root:x:0:\n{name}:x:65532:\n"))?;
        self.file("/etc/nsswitch.conf", "hosts: files dns\n")
    }

    /// Where a path of the image lies.
    pub(super) fn inside(&self, path: &str) -> PathBuf {
        self.folder.join(path.trim_start_matches('/'))
    }

    fn parent(&self, path: &str) -> Result<PathBuf> {
        let target = self.inside(path);
        let parent = target.parent().expect("it lies below the root's folder");
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
        Ok(target)
    }
}

/// The paths in what `ldd` prints.
fn libraries(printed: &str) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for line in printed.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" => not found") {
            bail!("the library {name} is missing");
        }
        // `name => /path (0x…)`, or `/path (0x…)` for the loader. The kernel's own has no path.
        let path = line.split_once(" => ").map_or(line, |(_, path)| path);
        if let Some((path, _)) = path.split_once(" (0x")
            && path.starts_with('/')
        {
            paths.push(path.to_owned());
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_by_their_paths() {
        let check = |printed: &str, expected: &[&str]| assert_eq!(libraries(printed).unwrap(), expected);
        check("\tnot a dynamic executable\n", &[]);
        check("\tstatically linked\n", &[]);
        check(
            "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/libc.so.6 (0x7f00)\n\t/lib64/ld-linux.so.2 (0x7f01)\n",
            &["/lib/libc.so.6", "/lib64/ld-linux.so.2"],
        );
    }

    #[test]
    fn a_missing_library_is_named() {
        let error = libraries("\tlibllvm.so => not found\n").unwrap_err();
        assert_eq!(error.to_string(), "the library libllvm.so is missing");
    }
}
