//! `auriga`: fit, persist and serve a Model from one manifest, on a laptop as in a pod.

mod activation;
mod command;
mod console;
mod credentials;
mod curl;
mod dataset;
mod failure;
mod fence;
mod fit;
mod follow;
mod front;
mod manifest;
mod memory;
mod numbering;
mod pod;
mod progress;
mod shell;
mod store;
mod translate;
mod watch;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use command::Command;
use console::{Console, Format};
use failure::Failure;
use pod::Pod;

/// musl's allocator is slow with threads, glibc's keeps what a fit has freed: one that is neither, everywhere. It is built
/// to ask for no huge pages (`no_thp`), of which a small service would fill a fraction: 10 MiB less, at the same speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fits, keeps and serves a machine learning model from one YAML manifest.
#[derive(Parser)]
#[command(name = "auriga", version, disable_help_subcommand = true)]
struct Arguments {
    /// How to print results: text for people, or JSON.
    #[arg(long, short, value_enum, default_value_t = Format::Text, global = true)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    // An error means that a provider is installed already, which can only be this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pod = Pod::from_environment();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error, pod.as_ref()),
    };
    if let Some(pod) = &pod
        && !arguments.command.goes_on()
    {
        pod.leave_panics();
    }
    let console = Console::new(arguments.output, arguments.command.goes_on());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return console.fail(&Failure::trouble(format!("cannot start threads: {error}")));
        }
    };
    let ended = runtime.block_on(arguments.command.run(&console, pod.as_ref()));
    // A fit that was cancelled may still be between two looks at its flag; nothing of it is needed any more.
    runtime.shutdown_timeout(Duration::ZERO);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(pod) = &pod {
                pod.leave_failure(&failure);
            }
            console.fail(&failure)
        }
    }
}

/// Tells what is wrong with the command line, or what was asked about it. In a pod it was written by an operator of
/// another version, which is no mistake of the user's.
fn misread(error: &clap::Error, pod: Option<&Pod>) -> ExitCode {
    // Nobody may be reading.
    let _ = error.print();
    match pod {
        Some(pod) if error.use_stderr() => {
            let text = error.render().to_string();
            let words = text.lines().next().unwrap_or_default();
            pod.leave_failure(&Failure::trouble(format!(
                "auriga {} does not understand how it was started: {}",
                env!("CARGO_PKG_VERSION"),
                words.trim_start_matches("error: ")
            )));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn no_two_flags_of_a_command_share_a_name() {
        super::Arguments::command().debug_assert();
    }
}
