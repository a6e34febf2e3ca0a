//! Versions and activations of one Model, in memory: what the pods of a stub agree on instead of a store.

use auriga_crds::{Digest, VersionNumber};
use jiff::Timestamp;

/// What a store would hold of one Model.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Oldest first, numbered from 1 without gaps.
    pub(super) versions: Vec<Version>,
    /// The version that is the active one.
    pub(super) active: Option<VersionNumber>,
    /// The version that was before.
    pub(super) previous: Option<VersionNumber>,
    /// How often that has changed.
    pub(super) revision: u64,
}

/// A version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Version {
    pub(super) number: VersionNumber,
    pub(super) digest: Digest,
    pub(super) trained: Timestamp,
    /// The UID of the TrainingJob that it was fitted for: whoever fits for it again finds this one.
    made_for: String,
}

impl Ledger {
    /// The version of the fit for the TrainingJob with this UID, made `now` unless it is there.
    pub(super) fn commit(&mut self, made_for: &str, now: Timestamp) -> Version {
        if let Some(found) = self.versions.iter().find(|version| version.made_for == made_for) {
            return found.clone();
        }
        let last = self.versions.last().map_or(0, |version| version.number.get());
        let version = Version {
            number: VersionNumber::new(last + 1).expect("numbers begin at 1"),
            digest: Digest::of(made_for.as_bytes()),
            trained: now,
            made_for: made_for.to_owned(),
        };
        self.versions.push(version.clone());
        version
    }

    /// The version with this number.
    pub(super) fn version(&self, number: VersionNumber) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Makes a version the active one, unless the ledger has moved on from `revision`, or the version is not there.
    pub(super) fn activate(&mut self, number: VersionNumber, revision: u64) {
        if self.revision == revision && self.active != Some(number) && self.version(number).is_some() {
            self.previous = self.active.replace(number);
            self.revision += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_that_is_repeated_finds_its_version() {
        let mut ledger = Ledger::default();
        let first = ledger.commit("a", Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.commit("b", Timestamp::UNIX_EPOCH).number.get(), 2);
        assert_eq!(ledger.commit("a", Timestamp::UNIX_EPOCH), first);
    }

    #[test]
    fn an_activation_rests_on_the_revision_that_it_was_told() {
        let mut ledger = Ledger::default();
        let first = ledger.commit("a", Timestamp::UNIX_EPOCH).number;
        let second = ledger.commit("b", Timestamp::UNIX_EPOCH).number;
        ledger.activate(first, 0);
        ledger.activate(second, 0);
        assert_eq!((ledger.active, ledger.revision), (Some(first), 1));
        ledger.activate(second, 1);
        assert_eq!((ledger.active, ledger.revision), (Some(second), 2));
        assert_eq!(ledger.previous, Some(first));
    }
}
