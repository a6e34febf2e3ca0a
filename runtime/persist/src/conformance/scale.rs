//! How hard the tests that press a store press it: by default as hard as every change needs, on demand far harder.

use std::env;

/// The variable that asks for the whole load: `full`.
const VARIABLE: &str = "AURIGA_TEST_SCALE";

/// How often to do something: `usual` times, or `full` times where the environment says `AURIGA_TEST_SCALE=full`.
///
/// Panics where it says anything else: a test that presses less than somebody believes would be worse than none.
pub fn scaled(usual: u64, full: u64) -> u64 {
    match env::var(VARIABLE).ok().as_deref() {
        None | Some("") => usual,
        Some("full") => full,
        Some(other) => panic!("{VARIABLE} is \"{other}\"; it can be \"full\", or be left out"),
    }
}
