//! The subcommands: one file each.

mod activate;
mod delete;
mod diff;
mod export;
mod fit;
mod lint;
mod list;
mod new;
mod selection;
mod serve;
mod stream;
mod test;
mod up;
mod value;
mod version;

use std::{net::SocketAddr, path::PathBuf};

use auriga_crds::VersionNumber;
use clap::{Args, Subcommand};

use crate::{console::Console, failure::Failure, manifest::Files, pod::Pod};

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Fit if need be, serve, and follow the manifest: the whole way on one machine
    Up(up::Up),
    /// Fit a Model and keep it as a version
    Fit(fit::Fit),
    /// Serve the active version, or a given one
    Serve(serve::Serve),
    /// Score a version on the rows kept apart, without writing
    Test(test::Test),
    /// Make a version the active one, after it has shown that it works
    Activate(activate::Activate),
    /// Compare two versions, or a manifest with a version: would it be fitted again?
    Diff(diff::Diff),
    /// Delete versions for good
    Delete(delete::Delete),
    /// Predict rows from the standard input, line by line
    Stream(stream::Stream),
    /// List the versions in a store
    List(list::List),
    /// Copy versions into another store, under the same numbers
    Export(export::Export),
    /// Check manifests without reading data
    Lint(lint::Lint),
    /// Make a small project that can be run as it is
    New(new::New),
    /// Print the version of this program and of what it reads
    Version(version::Version),
}

impl Command {
    /// Whether it runs until it is told to end.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Command::Up(_) | Command::Serve(_))
    }

    /// Runs it to its end, in a pod if there is one.
    pub(crate) async fn run(self, console: &Console, pod: Option<&Pod>) -> Result<(), Failure> {
        match self {
            Command::Up(up) => up.run(console).await,
            Command::Fit(fit) => fit.run(console, pod).await,
            Command::Serve(serve) => serve.run(console, pod).await,
            Command::Test(test) => test.run(console).await,
            Command::Activate(activate) => activate.run(console).await,
            Command::Diff(diff) => diff.run(console).await,
            Command::Export(export) => export.run(console).await,
            Command::Delete(delete) => delete.run(console).await,
            Command::Stream(stream) => stream.run(console).await,
            Command::List(list) => list.run(console).await,
            Command::Lint(lint) => lint.run(console),
            Command::New(new) => new.run(console),
            Command::Version(version) => version.run(console),
        }
    }
}

/// The manifests that a command works on.
#[derive(Args)]
struct ManifestFlags {
    /// A manifest: a Model, and ConfigMaps it refers to; "-" is the standard input. May be given more than once.
    #[arg(long = "file", short, value_name = "FILE", required = true)]
    file: Vec<PathBuf>,
}

impl ManifestFlags {
    fn files(&self) -> Result<Files, Failure> {
        Files::new(self.file.clone())
    }
}

/// The store that a command works on.
#[derive(Args)]
struct StoreFlags {
    /// Where versions are kept, such as sqlite:///var/lib/auriga/models.db, file:///var/lib/auriga or
    /// postgres://db.example/models; takes the place of the manifest's persister. A relative path starts where the command
    /// runs.
    #[arg(long, value_name = "URI")]
    persister: Option<String>,
}

/// Where a command listens.
#[derive(Args)]
struct ListenFlags {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = value::address, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// `version 1`, or `versions 1, 2`.
fn named<'a>(versions: impl IntoIterator<Item = &'a VersionNumber>) -> String {
    let numbers: Vec<String> = versions.into_iter().map(VersionNumber::to_string).collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    format!("version{plural} {}", numbers.join(", "))
}
