//! Histories that can and cannot have happened.

use super::*;
use Told::{Activated, Deleted, Refused, Saw, WasAbsent, WasActive};

fn version(number: u64) -> VersionNumber {
    VersionNumber::new(number).unwrap()
}

fn activated(revision: u64, from: u64, to: u64) -> Told {
    let (from, to) = (VersionNumber::new(from), version(to));
    Activated { revision, from, to }
}

fn saw(revision: u64, active: u64) -> Told {
    let active = VersionNumber::new(active);
    Saw { revision, active }
}

fn refused(revision: u64, number: u64) -> Told {
    Refused {
        revision,
        version: version(number),
    }
}

/// Judges calls that are written as beginning, end and answer.
fn judge(calls: &[(u64, u64, Told)]) -> Result<State, String> {
    let calls: Vec<Call> = calls
        .iter()
        .map(|(began, ended, told)| Call {
            began: Duration::from_secs(*began),
            ended: Duration::from_secs(*ended),
            told: *told,
        })
        .collect();
    check(&State::default(), &calls)
}

#[test]
fn what_can_have_happened_is_accepted() {
    let check = |calls: &[(u64, u64, Told)], revision: u64, active: u64| {
        let active = VersionNumber::new(active);
        assert_eq!(judge(calls), Ok(State { revision, active }), "{calls:?}");
    };
    check(&[], 0, 0);
    check(&[(1, 2, activated(1, 0, 3)), (3, 4, saw(1, 3))], 1, 3);
    // While a call runs, others may see what is before and what is after it.
    let running = (1, 9, activated(1, 0, 3));
    check(&[running, (2, 3, saw(0, 0)), (4, 5, saw(1, 3))], 1, 3);
    // Calls that run at once have the order of their revisions, whichever answer came first.
    check(
        &[
            (1, 9, activated(1, 0, 3)),
            (2, 8, activated(2, 3, 4)),
            (3, 7, refused(1, 4)),
        ],
        2,
        4,
    );
    check(
        &[(1, 2, Deleted(version(3))), (1, 3, WasAbsent(version(3)))],
        0,
        0,
    );
    // A deletion that is under way is seen by one and not yet by another.
    let deleting = (1, 9, Deleted(version(3)));
    check(
        &[deleting, (2, 3, refused(0, 3)), (4, 5, WasAbsent(version(3)))],
        0,
        0,
    );
    let calls = [
        (1, 2, activated(1, 0, 3)),
        (2, 6, activated(2, 3, 4)),
        (3, 4, WasActive(version(3))),
        (3, 8, Deleted(version(3))),
    ];
    check(&calls, 2, 4);
}

#[test]
fn what_cannot_have_happened_is_found() {
    let check = |calls: &[(u64, u64, Told)], expected: &str| {
        let fault = judge(calls).expect_err(expected);
        assert!(fault.contains(expected), "{fault}");
    };
    check(
        &[(1, 2, activated(1, 0, 3)), (1, 2, activated(1, 0, 4))],
        "revision 1 was made twice",
    );
    check(&[(1, 2, activated(2, 0, 3))], "revision 2 follows 0");
    check(
        &[(1, 2, activated(1, 0, 3)), (3, 4, activated(2, 9, 4))],
        "revision 2 begins at",
    );
    check(&[(1, 2, saw(1, 3))], "revision 1 was seen, but nobody made it");
    check(
        &[(1, 2, activated(1, 0, 3)), (3, 4, saw(1, 4))],
        "was seen active instead of",
    );
    let past = "was seen before it can have been made, or after it was past";
    check(&[(1, 2, activated(1, 0, 3)), (3, 4, saw(0, 0))], past);
    check(&[(3, 4, activated(1, 0, 3)), (1, 2, saw(1, 3))], past);
    check(&[(3, 4, activated(1, 0, 3)), (1, 2, activated(2, 3, 4))], past);
    // Two who look one after the other do not see time run backwards.
    let running = (1, 9, activated(1, 0, 3));
    check(&[running, (2, 3, saw(1, 3)), (4, 5, saw(0, 0))], past);
    check(
        &[(1, 2, Deleted(version(3))), (3, 4, Deleted(version(3)))],
        "was deleted twice",
    );
    check(&[(1, 2, WasAbsent(version(3)))], "but nobody deleted it");
    let gone = "was there after its deletion, or gone before it";
    check(
        &[(3, 4, Deleted(version(3))), (1, 2, WasAbsent(version(3)))],
        gone,
    );
    check(&[(1, 2, Deleted(version(3))), (3, 4, refused(0, 3))], gone);
    let deleting = (1, 9, Deleted(version(3)));
    check(
        &[deleting, (2, 3, WasAbsent(version(3))), (4, 5, refused(0, 3))],
        gone,
    );
    check(
        &[(1, 9, activated(1, 0, 3)), (1, 9, Deleted(version(3)))],
        "was deleted and is active",
    );
    let calls = [
        (1, 2, activated(1, 0, 3)),
        (3, 4, Deleted(version(3))),
        (5, 6, activated(2, 3, 4)),
    ];
    check(&calls, gone);
    check(
        &[(1, 2, activated(1, 0, 3)), (3, 4, WasActive(version(4)))],
        "was seen active while it was not",
    );
    let calls = [
        (1, 2, activated(1, 0, 3)),
        (3, 4, activated(2, 3, 4)),
        (5, 6, WasActive(version(3))),
    ];
    check(&calls, "was seen active while it was not");
}
