//! Writes manifests/crds.yaml from the types, or prints the manual.

use std::{fs, path::Path, process::ExitCode};

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks through its standard streams"
)]
fn main() -> ExitCode {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/crds.yaml");
    let fresh = auriga_crds::crds_yaml();
    match std::env::args().nth(1).as_deref() {
        Some("--describe") => print!("{}", auriga_crds::describe()),
        None => {
            if let Err(error) = fs::write(&file, fresh) {
                eprintln!("cannot write manifests/crds.yaml: {error}");
                return ExitCode::FAILURE;
            }
        }
        Some(other) => {
            eprintln!("crdgen does not know {other}; it takes nothing, or --describe");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
