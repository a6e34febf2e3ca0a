//! The programs of the node, built from the Go modules that `tests/cluster` pins.

use std::{fs, io, path::Path};

use anyhow::{Context, Result, bail};

use crate::{program::run, workspace::Workspace};

/// A Go module below `tests/cluster`, and the programs it pins.
struct Module {
    folder: &'static str,
    /// What decides the programs, beside the flags.
    sources: &'static [&'static str],
    /// Name and Go package of each.
    programs: &'static [(&'static str, &'static str)],
    /// For people who wait, on two cores.
    minutes: &'static str,
}

const MODULES: [Module; 2] = [
    Module {
        folder: "kubernetes",
        sources: &["go.mod", "go.sum"],
        programs: &[
            // The first one pays for what all of them share.
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            (
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
            ),
            ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
            ("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
            ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
            ("etcd", "go.etcd.io/etcd/server/v3"),
        ],
        minutes: "9 minutes",
    },
    Module {
        folder: "dns",
        sources: &["go.mod", "go.sum", "main.go"],
        programs: &[("coredns", ".")],
        minutes: "2 minutes",
    },
];

/// Builds into `bin` what is missing there, or was built from other sources.
///
/// Errors: there is no Go, or what it says.
pub(super) fn build(workspace: &Workspace, bin: &Path) -> Result<()> {
    MODULES.iter().try_for_each(|module| module.build(workspace, bin))
}

impl Module {
    fn build(&self, workspace: &Workspace, bin: &Path) -> Result<()> {
        let folder = workspace.root.join("tests/cluster").join(self.folder);
        let mut sources = String::new();
        for file in self.sources {
            let file = folder.join(file);
            sources +=
                &fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        }
        // Written last, so that a build which was interrupted is taken up again.
        let built_from = bin.join(format!("{}.sources", self.folder));
        let same_sources = fs::read_to_string(&built_from).is_ok_and(|built| built == sources);
        let missing: Vec<_> = (self.programs.iter())
            .filter(|(name, _)| !same_sources || !bin.join(name).is_file())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }

        fs::create_dir_all(bin).with_context(|| format!("cannot make the folder {}", bin.display()))?;
        eprintln!(
            "building {} for the cluster into {} (once, about {} on two cores)",
            missing
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", "),
            bin.display(),
            self.minutes
        );
        let flags = format!("-s -w {}", version_flags(&sources)?);
        for (name, package) in missing {
            eprintln!("building {name}");
            let mut go = workspace.program("go");
            go.current_dir(&folder).env("CGO_ENABLED", "0");
            go.args(["build", "-trimpath", "-ldflags", &flags, "-o"]);
            // Under another name until it is whole: the old one may be running.
            let unfinished = bin.join(format!("{name}.new"));
            run(go.arg(&unfinished).arg(package).stdout(io::stderr()))
                .with_context(|| format!("{name} could not be built; it needs Go 1.24 or newer"))?;
            fs::rename(&unfinished, bin.join(name)).with_context(|| format!("cannot name {name}"))?;
        }
        fs::write(&built_from, sources).with_context(|| format!("cannot write {}", built_from.display()))
    }
}

/// What tells Kubernetes its own version, which its release scripts take from git; nothing where it is not built.
fn version_flags(sources: &str) -> Result<String> {
    let line = |line: &str| line.trim().strip_prefix("k8s.io/kubernetes v").map(str::to_owned);
    let Some(rest) = sources.lines().find_map(line) else {
        return Ok(String::new());
    };
    let version = rest.split(' ').next().unwrap_or_default();
    let [major, minor, _] = version.split('.').collect::<Vec<_>>()[..] else {
        bail!("\"{version}\" is no version of Kubernetes");
    };
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "-X {package}.gitVersion=v{version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_learns_its_version_from_the_pinned_module() {
        let flags = version_flags("require (\n\tk8s.io/kubernetes v1.34.4 // indirect\n)\n").unwrap();
        assert!(flags.contains("gitVersion=v1.34.4 "), "{flags}");
        assert!(flags.contains("gitMajor=1 "), "{flags}");
        assert!(flags.ends_with("gitMinor=34"), "{flags}");
        assert_eq!(version_flags("require example.org/dns v1.0.0\n").unwrap(), "");
        assert!(version_flags("k8s.io/kubernetes v1\n").is_err());
    }
}
