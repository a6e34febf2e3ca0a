//! The project's own tasks: `cargo xtask help` lists them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks through its standard streams"
)]

mod arrows;
mod bench;
mod cargo;
mod cluster;
mod debian;
mod deny;
mod e2e;
mod faults;
mod image;
mod manifests;
mod postgres;
mod program;
mod python;
mod reference;
mod steps;
mod terminal;
mod tidy;
mod tool;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use steps::Task;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask <task>

  test [STEP...]         everything CI runs, in order; or these steps of it alone
  fmt                    formats the Rust code
  crds                   writes the generated files from the types
  manifests              renders manifests/install.yaml
  crds --describe        prints the manual of the kinds
  reference              computes with scikit-learn and compares with the stored values
  reference --update     stores those values, and the examples' data, anew
  faults                 breaks the operator's way to the API server on a cluster (--help: the flags)
  faults planted         plants bugs in the operator, and says how soon the simulation finds each
  bench fit              measures fits beside other libraries; prints a line of JSON (--help: the flags)
  bench serve            measures serving beside other servers, likewise; ten minutes, on a machine that does nothing else
  bench operator         measures the time from apply to Ready beside a bare Job and Deployment, likewise, on a cluster
  bench report           writes docs/performance.md and its pictures from the figures saved last
  image                  makes the image with both programs, without a container engine; prints the archive's path
  image --profile NAME   likewise, of what another cargo profile builds: dev is sooner built and slower
  cluster up             starts a one-node Kubernetes on this machine; prints its kubeconfig's path
  cluster load-image     makes all images and gives them to it
  cluster load-image ARCHIVE   gives it this image
  cluster ready          the cluster that tests use, with all images: that of KUBECONFIG, else this one; prints the path
  cluster ready --tests  likewise, with the programs that the tests have built instead of the release
  cluster down           ends it, and drops all that was in it
  tidy                   checks the house rules
  advisories             checks the dependencies for known vulnerabilities; downloads the list of them
  help                   prints this

Steps of `test`:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let task: Task = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}{}", steps::described());
            return ExitCode::SUCCESS;
        }
        ["test", names @ ..] => {
            return match steps::named(names) {
                Ok(chosen) => end(Workspace::find().and_then(|workspace| steps::run(&workspace, &chosen))),
                Err(mistake) => refuse(&format!("{mistake:#}")),
            };
        }
        [
            "bench",
            what @ ("fit" | "serve" | "operator" | "report"),
            flags @ ..,
        ] => {
            return end(Workspace::find().and_then(|workspace| bench::run(&workspace, what, flags)));
        }
        ["faults", flags @ ..] => {
            return end(Workspace::find().and_then(|workspace| faults::all(&workspace, flags)));
        }
        ["image"] | ["image", "--profile", _] => {
            let programs = arguments
                .get(2)
                .map_or(image::RELEASE, |profile| image::Programs::Of(profile));
            return end(Workspace::find().and_then(|workspace| image::run(&workspace, programs)));
        }
        ["cluster", "up" | "ready" | "down" | "load-image"]
        | ["cluster", "load-image", _]
        | ["cluster", "ready", "--tests"] => {
            return end(Workspace::find().and_then(|workspace| cluster::run(&workspace, &arguments[1..])));
        }
        ["fmt"] => cargo::format,
        ["crds"] => cargo::write_generated,
        ["crds", "--describe"] => cargo::describe_kinds,
        ["manifests"] => manifests::write,
        ["manifests", "--check"] => manifests::check,
        ["reference"] => reference::check,
        ["reference", "--update"] => reference::update,
        ["tidy"] => tidy::check,
        ["advisories"] => deny::advisories,
        _ => {
            return refuse(&format!(
                "there is no task \"{}\"; see `cargo xtask help`",
                arguments.join(" ")
            ));
        }
    };
    end(Workspace::find().and_then(|workspace| task(&workspace)).map(drop))
}

fn end(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(mistake: &str) -> ExitCode {
    eprintln!("error: {mistake}");
    ExitCode::from(2)
}
