//! Cases about many at once: writers, activators, deleters.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use auriga_crds::VersionNumber;
use tokio::task::JoinSet;

use super::{
    TestStore,
    fixtures::{activation, bytes, draft, draft_of, model, version},
    history::{self, Call, State, Told},
};
use crate::{Activation, LedgerEntry, PersistError, Persister, Which, Written};

/// However many write the same, one of them commits and all get its version.
pub async fn one_key_written_by_many_at_once_is_one_version(store: &dyn TestStore) {
    let handles = handles(store).await;
    for round in 0..store.load().rounds {
        let key = format!("key {round}");
        let length = if round % 8 == 0 { 3 << 20 } else { 100 };
        let written = all(&handles, store.load().activators, |handle, _| {
            let draft = draft_of(&key, bytes(round as u64, length));
            async move {
                handle
                    .write(&model("default/iris"), draft)
                    .await
                    .expect("a write succeeds")
            }
        })
        .await;
        let n_new = written
            .iter()
            .filter(|written| matches!(written, Written::New(_)))
            .count();
        assert_eq!(n_new, 1, "round {round}");
        let numbers: BTreeSet<_> = written.iter().map(|written| written.manifest().number).collect();
        assert_eq!(numbers, BTreeSet::from([version(round as u64 + 1)]));
    }
}

/// No number twice, none left out, no error that a caller would see.
pub async fn many_writers_get_dense_numbers(store: &dyn TestStore) {
    let (handles, load) = (handles(store).await, store.load());
    let written = all(&handles, load.writers, |handle, writer| async move {
        let mut numbers = Vec::new();
        for commit in 0..load.commits {
            let draft = draft(&format!("writer {writer}, commit {commit}"));
            let written = handle
                .write(&model("default/iris"), draft)
                .await
                .expect("a write succeeds");
            numbers.push(written.manifest().number.get());
        }
        assert!(
            numbers.is_sorted(),
            "a later write of one writer has a greater number"
        );
        numbers
    })
    .await;
    let mut numbers = written.concat();
    numbers.sort_unstable();
    let expected: Vec<u64> = (1..=(load.writers * load.commits) as u64).collect();
    assert_eq!(numbers, expected);
    let listed = handles[0]
        .list(&model("default/iris"))
        .await
        .expect("the versions are listed")
        .versions;
    assert!(listed.iter().map(|version| version.number.get()).eq(expected));
}

/// Every success is a row, every row a success, and each row starts where the one before it ended.
pub async fn activators_race_to_one_consistent_ledger(store: &dyn TestStore) {
    let (handles, load, iris) = (handles(store).await, store.load(), model("default/iris"));
    for activator in 0..load.activators {
        handles[0]
            .write(&iris, draft(&format!("{activator}")))
            .await
            .expect("a write succeeds");
    }
    let answered = all(&handles, load.activators, |handle, activator| async move {
        let (iris, mine) = (model("default/iris"), version(activator as u64 + 1));
        let mut rows = Vec::new();
        while rows.len() < load.commits {
            let seen = handle.properties(&iris).await.expect("the properties are read");
            if seen.active_version == Some(mine) {
                tokio::task::yield_now().await;
            }
            match handle
                .activate(&iris, activation(mine, seen.ledger_revision))
                .await
            {
                Ok(row) if row.revision > seen.ledger_revision => rows.push(row),
                // Nobody else has moved it away yet: the standing row is its own.
                Ok(standing) => assert_eq!(standing.to, Some(mine)),
                Err(PersistError::RevisionMoved { found, .. }) => assert!(found > seen.ledger_revision),
                Err(other) => panic!("an activation failed: {other}"),
            }
            // The last one left would wait for others to move the pointer away from its version.
            if handle.ledger(&iris).await.expect("the ledger is read").len() >= load.commits {
                break;
            }
        }
        rows
    })
    .await;
    let ledger = handles[0].ledger(&iris).await.expect("the ledger is read");
    let mut answered = answered.concat();
    answered.sort_by_key(|row| row.revision);
    assert_eq!(answered, ledger);
    is_a_chain(&ledger);
    let properties = handles[0]
        .properties(&iris)
        .await
        .expect("the properties are read");
    assert_eq!(properties.ledger_revision, ledger.len() as u64);
    assert_eq!(properties.active_version, ledger.last().and_then(|row| row.to));
}

/// Whichever of the two comes first refuses the other; the pointer never names a version that is gone.
pub async fn deletion_and_activation_never_both_win(store: &dyn TestStore) {
    let (handles, iris) = (handles(store).await, model("default/iris"));
    for round in 0..store.load().rounds {
        let written = handles[0]
            .write(&iris, draft(&format!("{round}")))
            .await
            .expect("a write succeeds");
        let number = written.manifest().number;
        let revision = handles[0]
            .properties(&iris)
            .await
            .expect("the properties are read")
            .ledger_revision;
        let won = all(&handles, 2, |handle, task| async move {
            let iris = model("default/iris");
            match task {
                0 => match handle.delete(&iris, number).await {
                    Ok(()) => true,
                    Err(PersistError::VersionActive { .. }) => false,
                    Err(other) => panic!("a deletion failed: {other}"),
                },
                _ => match handle.activate(&iris, activation(number, revision)).await {
                    Ok(_) => true,
                    Err(PersistError::VersionAbsent { .. }) => false,
                    Err(other) => panic!("an activation failed: {other}"),
                },
            }
        })
        .await;
        assert_eq!(
            won.iter().filter(|won| **won).count(),
            1,
            "round {round}: {won:?}"
        );
        match handles[0].read(&iris, Which::Active).await {
            Ok(_) | Err(PersistError::NothingActive { .. }) => {}
            Err(other) => panic!("the active version cannot be read: {other}"),
        }
    }
    is_a_chain(&handles[0].ledger(&iris).await.expect("the ledger is read"));
}

/// Clients that look, activate and delete at once are told nothing that contradicts what others are told, by the times of
/// their calls; and what is active is there.
pub async fn activations_and_deletions_have_one_order_that_fits_their_times(store: &dyn TestStore) {
    let (handles, load, iris) = (handles(store).await, store.load(), model("default/iris"));
    let clock = Instant::now();
    let (mut state, mut live) = (State::default(), Vec::new());
    for round in 0..load.rounds {
        while live.len() < 3 {
            let draft = draft(&format!("round {round}, version {}", live.len()));
            let written = handles[0].write(&iris, draft).await.expect("a write succeeds");
            live.push(written.manifest().number);
        }
        let choice = live.clone();
        let calls = all(&handles, load.activators, |handle, client| {
            // Spread over the versions; one client in eight deletes.
            let (version, deletes) = (
                choice[(client + round) % choice.len()],
                (client / 3 + round) % 4 == 0,
            );
            async move { take_part(&*handle, version, deletes, &format!("{round}/{client}"), clock).await }
        })
        .await
        .concat();
        state = history::check(&state, &calls)
            .unwrap_or_else(|fault| panic!("round {round}: {fault}: {calls:?}"));
        live.retain(|version| !calls.iter().any(|call| call.told == Told::Deleted(*version)));
        let seen = handles[round % handles.len()]
            .properties(&iris)
            .await
            .expect("the properties are read");
        assert_eq!(
            (seen.ledger_revision, seen.active_version),
            (state.revision, state.active)
        );
        match (
            handles[round % handles.len()].read(&iris, Which::Active).await,
            state.active,
        ) {
            (Ok(read), Some(active)) => assert_eq!(read.manifest.number, active),
            (Err(PersistError::NothingActive { .. }), None) => {}
            (other, active) => panic!("round {round}: {active:?} is active, and is read as {other:?}"),
        }
    }
    let listed = handles[0]
        .list(&iris)
        .await
        .expect("the versions are listed")
        .versions;
    assert!(listed.iter().map(|version| version.number).eq(live));
    is_a_chain(&handles[0].ledger(&iris).await.expect("the ledger is read"));
}

/// One client of a round: it looks, then deletes the version or activates it.
async fn take_part(
    store: &dyn Persister,
    version: VersionNumber,
    deletes: bool,
    name: &str,
    clock: Instant,
) -> Vec<Call> {
    let iris = model("default/iris");
    let began = clock.elapsed();
    let seen = store.properties(&iris).await.expect("the properties are read");
    let ended = clock.elapsed();
    let told = Told::Saw {
        revision: seen.ledger_revision,
        active: seen.active_version,
    };
    let looked = Call { began, ended, told };
    let began = clock.elapsed();
    let told = if deletes {
        match store.delete(&iris, version).await {
            Ok(()) => Told::Deleted(version),
            Err(PersistError::VersionActive { .. }) => Told::WasActive(version),
            Err(PersistError::VersionAbsent { .. }) => Told::WasAbsent(version),
            Err(other) => panic!("a deletion failed: {other}"),
        }
    } else {
        let wish = Activation {
            actor: name.to_owned(),
            ..activation(version, seen.ledger_revision)
        };
        match store.activate(&iris, wish).await {
            Ok(LedgerEntry {
                revision,
                from,
                to: Some(to),
                actor,
                ..
            }) if actor == name => Told::Activated { revision, from, to },
            Ok(LedgerEntry { revision, to, .. }) => Told::Saw { revision, active: to },
            Err(PersistError::RevisionMoved { found: revision, .. }) => Told::Refused { revision, version },
            Err(PersistError::VersionAbsent { .. }) => Told::WasAbsent(version),
            Err(other) => panic!("an activation failed: {other}"),
        }
    };
    let ended = clock.elapsed();
    vec![looked, Call { began, ended, told }]
}

/// Deleting the last version that has some bytes while others write the same bytes.
pub async fn a_blob_under_way_is_not_lost_to_a_deletion(store: &dyn TestStore) {
    let (handles, load) = (handles(store).await, store.load());
    let kept: Vec<Vec<VersionNumber>> = all(&handles, load.handles, |handle, task| async move {
        let iris = model("default/iris");
        let mut kept = Vec::new();
        for round in 0..load.rounds {
            let length = if round % 2 == 0 { 2_500_000 } else { 10 };
            let draft = draft_of(&format!("task {task}, round {round}"), bytes(4, length));
            let written = handle.write(&iris, draft).await.expect("a write succeeds");
            let number = written.manifest().number;
            if round % 4 == 3 {
                kept.push(number);
            } else {
                handle
                    .delete(&iris, number)
                    .await
                    .expect("an inactive version is deleted");
            }
        }
        kept
    })
    .await;
    let iris = model("default/iris");
    let listed = handles[0]
        .list(&iris)
        .await
        .expect("the versions are listed")
        .versions;
    let numbers: BTreeSet<_> = listed.iter().map(|version| version.number).collect();
    assert_eq!(numbers, kept.concat().into_iter().collect());
    for number in numbers {
        handles[0]
            .read(&iris, Which::Number(number))
            .await
            .expect("a version that was kept is read");
    }
}

/// A version that is listed is whole, from the first moment.
pub async fn readers_see_whole_versions_while_writers_write(store: &dyn TestStore) {
    let (handles, load) = (handles(store).await, store.load());
    let n_read = all(&handles, 2, |handle, task| async move {
        let iris = model("default/iris");
        let mut n_read = 0;
        if task == 0 {
            for round in 0..load.rounds {
                let blob = bytes(round as u64, 1_500_000);
                handle
                    .write(&iris, draft_of(&format!("{round}"), blob))
                    .await
                    .expect("a write succeeds");
            }
        } else {
            while n_read < load.rounds {
                let listed = handle
                    .list(&iris)
                    .await
                    .expect("the versions are listed")
                    .versions;
                for manifest in &listed[n_read..] {
                    let read = handle.read(&iris, Which::Number(manifest.number)).await;
                    assert_eq!(read.expect("a listed version is read").manifest, *manifest);
                }
                n_read = listed.len();
                tokio::task::yield_now().await;
            }
        }
        n_read
    })
    .await;
    assert_eq!(n_read, [0, load.rounds]);
}

fn is_a_chain(ledger: &[LedgerEntry]) {
    let mut active = None;
    for (row, revision) in ledger.iter().zip(1..) {
        assert_eq!(row.revision, revision);
        assert_eq!(
            row.from, active,
            "revision {revision} starts where the one before it ended"
        );
        active = row.to;
    }
}

pub(super) async fn handles(store: &dyn TestStore) -> Vec<Arc<dyn Persister>> {
    let mut handles = Vec::new();
    for _ in 0..store.load().handles {
        handles.push(store.handle().await.expect("the store opens"));
    }
    handles
}

/// Runs `n_tasks` at once, spread over the handles, and answers their results in order.
pub(super) async fn all<T, F>(
    handles: &[Arc<dyn Persister>],
    n_tasks: usize,
    task: impl Fn(Arc<dyn Persister>, usize) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for index in 0..n_tasks {
        let work = task(handles[index % handles.len()].clone(), index);
        tasks.spawn(async move { (index, work.await) });
    }
    let mut results = tasks.join_all().await;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
