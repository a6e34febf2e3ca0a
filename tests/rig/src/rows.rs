//! The faults that are no sweep: what happens to the operator, and the number that it has to keep.

mod bad_versions;
mod dead_watches;
mod late_watches;
mod odd_pods;
mod old_lists;

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
        name: "F3",
        happens: "the operator starts anew on lists from before each delete, and somebody else has the names",
        wanted: "nothing that is newer is deleted, every DELETE says which object it means as of when",
        run: |ground| Box::pin(old_lists::told_again(ground)),
    },
    Row {
        name: "F4",
        happens: "every event comes 5 s late while the spec is edited 20 times in 5 s",
        wanted: "nothing is written twice, the last edit is served",
        run: |ground| Box::pin(late_watches::late(ground)),
    },
    Row {
        name: "F5",
        happens: "watches tell nothing of what comes and goes, and leave out the events of a kind for 15 s",
        wanted: "what is left is as if all had been seen; one version",
        run: |ground| Box::pin(late_watches::missed(ground)),
    },
    Row {
        name: "F6",
        happens: "the way to the API server is lost for 5 to 100 s, connections die without a word, the spec is edited meanwhile",
        wanted: "the edit is seen within 70 s after the way is back; /healthz says no after three minutes of silence, and yes again",
        run: |ground| Box::pin(dead_watches::dead(ground)),
    },
    Row {
        name: "410",
        happens: "watches end with 410, and are refused with 410, while a Model is made and fitted anew",
        wanted: "what is left equals the reference",
        run: |ground| Box::pin(late_watches::forgotten(ground)),
    },
    Row {
        name: "F9",
        happens: "the leader of two operators is killed, told to end, or asleep for 60 s",
        wanted: "the other one writes within 20 s, 2 s, 20 s; the one that slept writes nothing",
        run: |ground| Box::pin(leaders::changes(ground)),
    },
    Row {
        name: "F31",
        happens: "a new version answers 503, hangs, flaps, predicts otherwise, dies or turns bad once it has the traffic",
        wanted: "no answer by a version that was not activated; the one before has the traffic again within 10 s",
        run: |ground| Box::pin(bad_versions::bad(ground)),
    },
    Row {
        name: "F42",
        happens: "pods say at /alive what no pod should, as candidates and while they serve",
        wanted: "nothing is activated or given up for it, other Models go on, a condition names the pod within 15 s, less than 100 MiB",
        run: |ground| Box::pin(odd_pods::odd(ground)),
    },
    Row {
        name: "F42 outcomes",
        happens: "the termination message of a fit is garbage, cut, too long, empty, or somebody else's",
        wanted: "one version, which serves; never one that was not made",
        run: |ground| Box::pin(odd_pods::odd_outcomes(ground)),
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
