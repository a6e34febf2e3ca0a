//! The image with both programs, made without a container engine: what the Dockerfile makes, as one OCI archive.

mod archive;
mod root;
pub(crate) mod test_images;

use std::{io, path::Path, process::Command};

use anyhow::{Result, ensure};

pub(crate) use archive::Archive;

use crate::{
    cargo, debian,
    program::{self, succeeds},
    workspace::Workspace,
};
use archive::Settings;
use root::Root;

/// Which programs go into the image.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Programs<'a> {
    /// Those that a cargo profile builds, as the Dockerfile builds them.
    Of(&'a str),
    /// Those that the tests of the workspace run, which are built with them, and without what only a debugger reads.
    OfTests,
}

/// What is shipped.
pub(crate) const RELEASE: Programs<'_> = Programs::Of("release");

const REFERENCE: &str = "docker.io/auriga/auriga:dev";
// Without a container engine there is nobody to ask for a name: Kubernetes can prove only of a number that it is not root.
const USER: &str = "65532:65532";
/// The variable that turns on a bug, in programs that have any.
const PLANTED_BUG: &str = "AURIGA_PLANTED_BUG";
const PROGRAMS: [&str; 2] = ["auriga", "auriga-operator"];
const FOLDER: &str = "/usr/local/bin";
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Makes the image, prints its path, and tells people how large it is.
pub(crate) fn run(workspace: &Workspace, programs: Programs<'_>) -> Result<()> {
    let archive = build(workspace, programs)?;
    eprintln!("{}", archive.described()?);
    println!("{}", archive.path.display());
    Ok(())
}

/// Builds both programs and makes the image of them.
///
/// Errors: cargo's own; umoci or the list of certificate authorities is missing and cannot be installed.
pub(crate) fn build(workspace: &Workspace, programs: Programs<'_>) -> Result<Archive> {
    if !std::path::Path::new(AUTHORITIES).is_file() {
        let missing = "the list of certificate authorities, which programs in the image trust, is missing";
        debian::install(workspace, &["ca-certificates"], missing)?;
    }
    let mut root = Root::new(workspace, "auriga")?;
    let folder = |profile: &str| workspace.target.join(profile_folder(profile));
    match programs {
        Programs::Of(profile) => {
            for name in PROGRAMS {
                build_alone(workspace, profile, name)?;
                root.program(&folder(profile).join(name), &format!("{FOLDER}/{name}"))?;
            }
        }
        Programs::OfTests => {
            cargo::build_tests(workspace)?;
            for name in PROGRAMS {
                let path = format!("{FOLDER}/{name}");
                root.program(&folder("dev").join(name), &path)?;
                root.strip(workspace, &path)?;
            }
        }
    }
    for name in PROGRAMS {
        has_no_planted_bug(&root.inside(&format!("{FOLDER}/{name}")))?;
    }
    root.copy(AUTHORITIES)?;
    root.users("nonroot")?;
    archive::pack(
        workspace,
        &root,
        &Settings {
            reference: REFERENCE,
            user: USER,
            entrypoint: &[&format!("{FOLDER}/auriga")],
            environment: &[("PATH", FOLDER), ("SSL_CERT_FILE", AUTHORITIES)],
        },
    )
}

/// Builds one program, as the Dockerfile does.
fn build_alone(workspace: &Workspace, profile: &str, name: &str) -> Result<()> {
    let mut build = workspace.cargo();
    build.args(["build", "--locked", "--profile", profile]);
    // One call for each: cargo gives all programs of a call the same features, and so each the other's libraries.
    build.args(["--package", name, "--bin", name]);
    program::run(build.stdout(io::stderr()))
}

/// Fails if a program has bugs that tests are to find: whoever runs an image cannot turn them on.
fn has_no_planted_bug(program: &Path) -> Result<()> {
    let mut search = Command::new("grep");
    search.args(["--quiet", "--text", "--fixed-strings", PLANTED_BUG]);
    ensure!(
        !succeeds(search.arg(program)),
        "{} was built with the feature planted-bugs, which no image may have",
        program.display()
    );
    Ok(())
}

/// Fails if umoci, which makes images, is missing and cannot be installed.
fn umoci_is_there(workspace: &Workspace) -> Result<()> {
    if succeeds(workspace.program("umoci").arg("--version")) {
        return Ok(());
    }
    debian::install(workspace, &["umoci"], "umoci, which makes images, is missing")
}

/// Where cargo puts what a profile makes.
fn profile_folder(profile: &str) -> &str {
    // The only one that is named otherwise.
    if profile == "dev" { "debug" } else { profile }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_with_planted_bugs_gets_into_no_image() {
        let operator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../operator");
        // The name that is looked for is the one that the program would know.
        assert!(has_no_planted_bug(&operator.join("src/arguments.rs")).is_err());
        assert!(has_no_planted_bug(&operator.join("Cargo.toml")).is_ok());
        assert!(!include_str!("../../../Dockerfile").contains("--features"));
    }

    #[test]
    fn the_dockerfile_makes_the_same_image() {
        let dockerfile = include_str!("../../../Dockerfile");
        let has = |line: &str| {
            assert!(
                dockerfile.lines().any(|other| other == line),
                "no line `{line}` in Dockerfile"
            );
        };
        has(&format!("USER {USER}"));
        has(&format!("ENTRYPOINT [\"{FOLDER}/auriga\"]"));
        has(&format!("ENV PATH={FOLDER} SSL_CERT_FILE={AUTHORITIES}"));
        for name in PROGRAMS {
            has(&format!("COPY --from=build /out/{name} {FOLDER}/{name}"));
            let build = format!("cargo build --locked --profile \"$PROFILE\" --package {name} --bin {name}");
            assert!(
                dockerfile.contains(&build),
                "`{build}` does not stand in Dockerfile"
            );
        }
    }
}
