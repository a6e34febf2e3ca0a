//! `auriga-bench`: measures Auriga beside other libraries and servers; `cargo xtask bench` makes what it takes.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks through its standard streams"
)]

mod conclusion;
mod fit;
mod memory;
mod number;
mod operator;
mod process;
mod report;
mod run;
mod serve;
mod spread;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// As in the auriga program, whose fits these are.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Auriga beside other libraries and servers.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand)]
enum Command {
    /// Measure fits and predictions beside scikit-learn, XGBoost and LightGBM
    Fit(fit::Fit),
    /// Measure serving beside Palladium, MLServer and a handler that only parses the query
    Serve(serve::Serve),
    /// Measure the time from the apply of a Model to its readiness beside a bare Job followed by a bare Deployment
    Operator(operator::Operator),
    /// Write docs/performance.md and its pictures from the figures saved last
    Report(report::Report),
    /// Fit once for every line on the standard input
    #[command(hide = true)]
    FitWorker(fit::worker::FitWorker),
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Fit(fit) => fit.run(),
        Command::Serve(serve) => serve.run(),
        Command::Operator(operator) => operator.run(),
        Command::Report(report) => report.run(),
        Command::FitWorker(worker) => worker.run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn no_two_flags_of_a_bench_share_a_name() {
        super::Arguments::command().debug_assert();
    }
}
