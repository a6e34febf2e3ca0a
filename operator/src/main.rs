//! The operator's program; until the loop is built, it only says which version it is.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks through its standard streams"
)]

fn main() {
    println!("auriga-operator {}", env!("CARGO_PKG_VERSION"));
}
