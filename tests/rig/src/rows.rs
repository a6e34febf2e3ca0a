//! The faults that are no sweep: what happens to the operator, and the number that it has to keep.

mod children;
mod edits;
mod foreign;
mod images;
mod memory;
mod owned;
mod reborn;
mod refused;
mod restarts;
mod rights;
mod schema;
mod specs;
mod store;
mod uninstall;

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
    Row {
        name: "F19",
        happens: "objects of somebody else have the names of ours; names that are cut alike",
        wanted: "none is touched, NameConflict within 10 s, all goes on once they are gone",
        run: |ground| Box::pin(foreign::names_taken(ground)),
    },
    Row {
        name: "F20",
        happens: "names of 1 to 253 characters, with dots and leading digits",
        wanted: "each that is taken works, the others are refused at once",
        run: |ground| Box::pin(foreign::odd_names(ground)),
    },
    Row {
        name: "F21",
        happens: "a Model is deleted and made anew at once 100 times, also during a fit",
        wanted: "nothing is left of those before, the last one works",
        run: |ground| Box::pin(reborn::reborn(ground)),
    },
    Row {
        name: "F22",
        happens: "20 orders of uninstall, and the namespace with the Model; the store is down while it goes",
        wanted: "gone within 120 s, or a condition says why and the annotation frees it",
        run: |ground| Box::pin(uninstall::uninstalled(ground)),
    },
    Row {
        name: "F14",
        happens: "a quota, a LimitRange, the security standard, an admission policy refuse pods",
        wanted: "told within 10 s in the words of the API server; all works within 30 s after",
        run: |ground| Box::pin(refused::refused(ground)),
    },
    Row {
        name: "F12",
        happens: "each right of the operator is taken away in turn; a Secret is missing",
        wanted: "named within 10 s, no exit, all works once it is back",
        run: |ground| Box::pin(rights::taken_away(ground)),
    },
    Row {
        name: "F27",
        happens: "a fit, and pods that serve, need more memory than their limit",
        wanted: "told with the limit within 10 s, 2 retries at most, others answer on",
        run: |ground| Box::pin(memory::short_of_memory(ground)),
    },
    Row {
        name: "F28",
        happens: "the image of new pods cannot be had",
        wanted: "named within 15 s, no prediction fails",
        run: |ground| Box::pin(images::image_not_had(ground)),
    },
    Row {
        name: "F30",
        happens: "10 rolling restarts and 10 drains under 100 requests per second",
        wanted: "no prediction fails, 99 of 100 within twice the time at rest",
        run: |ground| Box::pin(restarts::restarted(ground)),
    },
    Row {
        name: "F33",
        happens: "PostgreSQL is down during fit, load, activation, serving",
        wanted: "no prediction fails, no fit is lost, all done within 30 s after it is back",
        run: |ground| Box::pin(store::away(ground)),
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
