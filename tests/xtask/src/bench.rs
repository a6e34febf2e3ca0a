//! Measures Auriga beside other libraries and servers: makes what that takes, then runs `auriga-bench`.

use std::{env::consts::EXE_SUFFIX, io, path::PathBuf};

use anyhow::Result;

use crate::{
    cluster, debian, image,
    program::run as run_program,
    python::{Environment, Python},
    tool::Tool,
    workspace::Workspace,
};

const LIBRARIES: Environment = Environment {
    folder: "bench/fit",
    requirements: "tests/bench/requirements/fit.txt",
    module: "sklearn, xgboost, lightgbm",
    python: Python::Any,
};
const PALLADIUM: Environment = Environment {
    folder: "bench/palladium",
    requirements: "tests/bench/requirements/palladium.txt",
    module: "palladium.server, gunicorn",
    python: Python::Exactly311,
};
// Its pinned packages are those of Python 3.11.
const MLSERVER: Environment = Environment {
    folder: "bench/mlserver",
    requirements: "tests/bench/requirements/mlserver.txt",
    module: "mlserver, mlserver_sklearn",
    python: Python::Exactly311,
};
// Other versions may print other JSON, or count time otherwise.
const OHA: Tool = Tool {
    name: "oha",
    version: "1.16.0",
};

/// Runs a bench, `fit`, `serve` or `operator`, or writes the `report`, with flags of `auriga-bench`.
///
/// Errors: something it needs is missing and cannot be installed; what `auriga-bench` has told already.
pub(crate) fn run(workspace: &Workspace, what: &str, flags: &[&str]) -> Result<()> {
    let asks_for_help = flags.iter().any(|flag| ["--help", "-h"].contains(flag));
    if what == "report" || asks_for_help {
        let mut command = workspace.cargo();
        command.args(["run", "--quiet", "--bin", "auriga-bench", "--", what]);
        return run_program(command.args(flags));
    }
    let build = |what: &[&str]| {
        let mut build = workspace.cargo();
        build.args(["build", "--release"]).args(what);
        run_program(build.stdout(io::stderr()))
    };
    build(&["--bin", "auriga-bench"])?;
    if what == "serve" {
        build(&["--example", "side_by_side"])?;
        // As the README builds it, and in a call of its own, the last one: an example asks for what tests need, and cargo
        // gives all programs of a call the same features, so that with it another program than the shipped one is built.
        build(&["--bin", "auriga"])?;
    }
    let built = |path: &str| {
        workspace
            .target
            .join("release")
            .join(format!("{path}{EXE_SUFFIX}"))
    };
    let tools: Vec<(&str, PathBuf)> = match what {
        "fit" => vec![("--python", LIBRARIES.ready(workspace)?.join("bin/python"))],
        "operator" => vec![
            ("--kubeconfig", cluster::ensure(workspace, image::RELEASE)?),
            ("--kubectl", cluster::kubectl(workspace)),
        ],
        _ => {
            wrk_is_there(workspace)?;
            vec![
                ("--auriga", built("auriga")),
                ("--bare", built("examples/side_by_side")),
                ("--oha", OHA.ready(workspace)?),
                ("--palladium", PALLADIUM.ready(workspace)?.join("bin")),
                ("--mlserver", MLSERVER.ready(workspace)?.join("bin")),
            ]
        }
    };
    let mut bench = workspace.program(built("auriga-bench"));
    bench.arg(what);
    for (flag, path) in &tools {
        bench.arg(flag).arg(path);
    }
    run_program(bench.args(flags))
}

fn wrk_is_there(workspace: &Workspace) -> Result<()> {
    // It has no flag that ends with success; whether it starts is what counts.
    let starts = workspace.program("wrk").arg("--version").output().is_ok();
    if starts {
        Ok(())
    } else {
        debian::install(workspace, &["wrk"], "wrk, which loads the servers, is missing")
    }
}
