//! `auriga version`: what this program is and what it reads.

use clap::Args;
use serde_json::json;

use crate::{console::Console, failure::Failure};

/// Prints the version of this program and of what it reads.
#[derive(Args)]
pub(crate) struct Version {}

impl Version {
    pub(crate) fn run(self, console: &Console) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        let api = format!("{}/{}", auriga_crds::GROUP, auriga_crds::VERSION);
        let format = auriga_learn::FORMAT_VERSION;
        console.result(
            format_args!("auriga {version} (manifests {api}, model files up to format {format})"),
            json!({ "version": version, "apiVersion": api, "modelFormat": format }),
        )
    }
}
