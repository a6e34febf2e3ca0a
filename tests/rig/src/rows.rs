//! The faults that are no sweep: what happens to the operator, and the number that it has to keep.

mod crowd;
mod idle;
mod many;

use anyhow::{Result, ensure};
use futures_util::future::LocalBoxFuture;

use crate::{finding::Finding, ground::Ground, leaders};

/// One fault.
pub(crate) struct Row {
    /// Its name, such as `F9`.
    pub(crate) name: &'static str,
    /// What happens, for people.
    pub(crate) happens: &'static str,
    /// What is asked for, for people.
    pub(crate) wanted: &'static str,
    /// Lets it happen.
    pub(crate) run: for<'a> fn(&'a Ground) -> LocalBoxFuture<'a, Result<Finding>>,
}

/// All of them, in the order in which they run.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "F9",
        happens: "the leader of two operators is killed, told to end, or asleep for 60 s",
        wanted: "the other one writes within 20 s, 2 s, 20 s; the one that slept writes nothing",
        run: |ground| Box::pin(leaders::changes(ground)),
    },
    Row {
        name: "F11",
        happens: "an operator is started where 1,000 Models serve, on a node whose pods only answer for themselves",
        wanted: "it has looked at all within 60 s, with 100 MiB, 50 requests in any second and no write",
        run: |ground| Box::pin(many::cold_start(ground)),
    },
    Row {
        name: "F24",
        happens: "90 Models at zero replicas and 10 that serve are left alone for 10 minutes, on such a node, while what \
                  their pods say differs at each look; then all are fitted at once",
        wanted: "no write; at most one write of a status in 2 s for each fit and each Model",
        run: |ground| Box::pin(idle::rest(ground)),
    },
];

/// The rows with these names; all of them without any.
///
/// Errors: there is no such row.
pub(crate) fn named(names: &[String]) -> Result<Vec<&'static Row>> {
    let unknown = names
        .iter()
        .find(|name| ROWS.iter().all(|row| row.name != **name));
    ensure!(
        unknown.is_none(),
        "there is no row \"{}\"; there are {}",
        unknown.map_or("", String::as_str),
        ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
    );
    let is_asked_for = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok(ROWS.iter().filter(is_asked_for).collect())
}
