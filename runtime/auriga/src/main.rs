//! `auriga`: fit, persist and serve a Model from one manifest, on a laptop as in a pod.

mod activation;
mod command;
mod console;
mod credentials;
mod curl;
mod dataset;
mod failure;
mod fit;
mod follow;
mod front;
mod manifest;
mod numbering;
mod shell;
mod store;
mod translate;
mod watch;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use command::Command;
use console::{Console, Format};

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
    let arguments = Arguments::parse();
    let console = Console::new(arguments.output, arguments.command.goes_on());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return console.fail(&failure::Failure::trouble(format!(
                "cannot start threads: {error}"
            )));
        }
    };
    let ended = runtime.block_on(arguments.command.run(&console));
    // A fit that was cancelled may still be between two looks at its flag; nothing of it is needed any more.
    runtime.shutdown_timeout(Duration::ZERO);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => console.fail(&failure),
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
