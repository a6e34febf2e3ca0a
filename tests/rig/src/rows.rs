//! The faults that are no sweep: what happens to the operator, and the number that it has to keep.

mod api_server;
mod asked;
mod bad_specs;
mod bad_versions;
mod beside;
mod bodies;
mod children;
mod clock;
mod crowd;
mod dead_watches;
mod edited_fits;
mod edits;
mod etcd;
mod foreign;
mod freed;
mod idle;
mod images;
mod late_watches;
mod many;
mod memory;
mod node;
mod odd_outcomes;
mod odd_pods;
mod old_lists;
mod owned;
mod pod_clocks;
mod policies;
mod reborn;
mod refused;
mod restarts;
mod rights;
mod roles;
mod schema;
mod specs;
mod statuses;
mod store;
mod there_and_back;
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
        happens: "the way to the API server is lost for 5 to 300 s, connections die without a word, the spec is edited meanwhile",
        wanted: "the edit is seen within 70 s after the way is back; /healthz says no after three minutes of silence, and yes again",
        run: |ground| Box::pin(dead_watches::dead(ground)),
    },
    Row {
        name: "F7",
        happens: "the API server is killed 50 times during fits, roll-outs and under load, every tenth time for 30 s; the cluster \
                  bears with a node that cannot be heard for five minutes",
        wanted: "the operator never ends, no prediction fails, an edit is seen within 15 s after /readyz, what was under way \
                 is over within 300 s",
        run: |ground| Box::pin(api_server::killed(ground)),
    },
    Row {
        name: "F8",
        happens: "etcd is killed, compacted behind a broken watch, and restored from five minutes and two versions ago",
        wanted: "an edit is seen within 10 s; no version lost or numbered anew; within 30 s the status says of versions what \
                 the store does",
        run: |ground| Box::pin(etcd::broken(ground)),
    },
    Row {
        name: "F9",
        happens: "the leader of two operators is killed, told to end, asleep for 60 s, or told to end while the other one cannot \
                  list anything",
        wanted: "another one writes within 20 s, 2 s, 20 s, 70 s; the one that slept, or cannot list, writes nothing",
        run: |ground| Box::pin(leaders::changes(ground)),
    },
    Row {
        name: "F10",
        happens: "the operator's clock is an hour early, an hour late, or jumps between them; that of a second one likewise; those \
                  of the pods of a version, and of one pod of two, are an hour off",
        wanted: "every version is right, none is fitted for it, no fit ends before it began, the second one writes nothing; no \
                 time of a status but that of a version is yet to come",
        run: |ground| Box::pin(clock::wrong(ground)),
    },
    Row {
        name: "F11",
        happens: "an operator is started where 1,000 Models serve, on a node whose pods only answer for themselves",
        wanted: "it has looked at all within 60 s, with 100 MiB, 50 requests in any second and no write",
        run: |ground| Box::pin(many::cold_start(ground)),
    },
    Row {
        name: "F12",
        happens: "each right of the operator is taken away in turn; a Secret is missing",
        wanted: "a condition says verb and resource within 10 s, or the log and /readyz where none can be written; 99 of 100 \
                 looks at others take 1 s at most; no exit, all works once it is back",
        run: |ground| Box::pin(rights::taken_away(ground)),
    },
    Row {
        name: "F14",
        happens: "a quota, a LimitRange, the security standard, an admission policy refuse pods",
        wanted: "told within 10 s in the words of the API server; all works within 30 s after",
        run: |ground| Box::pin(refused::refused(ground)),
    },
    Row {
        name: "F16",
        happens: "each child of a Model and of a TrainingJob is deleted by hand, then all at once",
        wanted: "back within 5 s; what was fitted is not fitted again",
        run: |ground| Box::pin(children::deleted(ground)),
    },
    Row {
        name: "F17",
        happens: "each field of the operator's is edited, and taken out, by hand, of Jobs and manifests of fits, too; others add \
                  fields, a policy changes what is written, an autoscaler scales",
        wanted: "reverted within 5 s, but for what is made once; what others add stays; beside them, nothing is written for 10 \
                 minutes",
        run: |ground| Box::pin(edits::reverted(ground)),
    },
    Row {
        name: "F18",
        happens: "20 edits in 10 s under load; bad specs, from the schema and others, and back; each field valid, at its bounds, \
                  and invalid",
        wanted: "the last spec wins, no prediction fails; told with the field within 30 s, never ready, all as before, pods and \
                 fits, too; invalid values refused with field and limit",
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
        happens: "20 orders of uninstall, and the namespace with the Model; the store is down while it goes, or the clean-up cannot \
                  be done",
        wanted: "gone within 120 s, or a condition says why and the annotation frees it",
        run: |ground| Box::pin(uninstall::uninstalled(ground)),
    },
    Row {
        name: "F24",
        happens: "90 Models at zero replicas and 10 that serve are left alone for 10 minutes, on such a node, while what \
                  their pods say differs at each look; then 500 are fitted at once",
        wanted: "no write; at most one write of a status in 2 s for each fit and each Model, over any 10 s",
        run: |ground| Box::pin(idle::rest(ground)),
    },
    Row {
        name: "F26",
        happens: "kubelet, containerd and all pods are killed, at rest and at five moments of a retraining",
        wanted: "serves within 60 s after the node is ready; no version is lost, none is there twice; a fit begins once more at \
                 most",
        run: |ground| Box::pin(node::killed(ground)),
    },
    Row {
        name: "F27",
        happens: "a fit, pods that serve, and pods with as many large requests as may be, need more memory than their limit",
        wanted: "told with the limit within 10 s, 2 retries at most, others answer on",
        run: |ground| Box::pin(memory::short_of_memory(ground)),
    },
    Row {
        name: "F28",
        happens: "the image of new pods cannot be had, its registry never answers, or it is for another machine",
        wanted: "named within 15 s, no prediction fails",
        run: |ground| Box::pin(images::image_not_had(ground)),
    },
    Row {
        name: "F30",
        happens: "20 rolling restarts and 20 drains under 100 requests per second",
        wanted: "no prediction fails, 99 of 100 answers within twice the time that they take while the pods of another Model are \
                 moved in the same way, and within five times that at rest, of each round within ten times that at rest",
        run: |ground| Box::pin(restarts::restarted(ground)),
    },
    Row {
        name: "F31",
        happens: "a new version, asked at its pods' addresses, answers 503, hangs, flaps, predicts otherwise; ends, is \
                  killed or turns bad once it has the traffic",
        wanted: "no answer by a version that was not activated; the one before has the traffic again within 10 s; no \
                 request fails, but to pods that were killed",
        run: |ground| Box::pin(bad_versions::bad(ground)),
    },
    Row {
        name: "F33",
        happens: "PostgreSQL is down before a fit begins, from the middle of one, and during load, activation, serving",
        wanted: "no prediction fails, no fit is lost, all done within 30 s after it is back",
        run: |ground| Box::pin(store::away(ground)),
    },
    Row {
        name: "F42",
        happens: "pods say at /alive what no pod should, as candidates and while they serve, asked at their addresses and, where \
                  it is about how an answer comes, through the API server",
        wanted: "nothing is activated or given up for it, other Models go on, a condition names the pod within 15 s, less than 100 MiB",
        run: |ground| Box::pin(odd_pods::odd(ground)),
    },
    Row {
        name: "F42 outcomes",
        happens: "the termination message of a fit is garbage, cut, too long, empty, or somebody else's",
        wanted: "one version, which serves; never one that was not made",
        run: |ground| Box::pin(odd_outcomes::odd_outcomes(ground)),
    },
    Row {
        name: "410",
        happens: "watches end with 410, and are refused with 410, while a Model is made and fitted anew",
        wanted: "what is left equals the reference",
        run: |ground| Box::pin(late_watches::forgotten(ground)),
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
