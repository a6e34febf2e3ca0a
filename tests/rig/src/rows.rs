//! The faults that are no sweep: what happens to the operator, and the number that it has to keep.

mod children;
mod edits;
mod owned;
mod schema;
mod specs;

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
        name: "F16",
        happens: "each child of a Model and of a TrainingJob is deleted by hand, then all at once",
        wanted: "back within 5 s; what was fitted is not fitted again",
        run: |ground| Box::pin(children::deleted(ground)),
    },
    Row {
        name: "F17",
        happens: "each field of the operator's is edited, and taken out, by hand; others add fields; an autoscaler scales",
        wanted: "reverted within 5 s; what others add stays; then nothing is written for a minute",
        run: |ground| Box::pin(edits::reverted(ground)),
    },
    Row {
        name: "F18",
        happens: "20 edits in 10 s under load; bad specs and back; each field valid, at its bounds, and invalid",
        wanted: "the last spec wins, no prediction fails; told within 30 s, never ready, all as before; invalid values refused",
        run: |ground| Box::pin(specs::changed(ground)),
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
