//! When a Lease may be taken, judged by one's own clock alone.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use tokio::time::Instant;

use super::{LASTS, holder};

/// What one of those who want a Lease may do with it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// It is not there.
    Create,
    /// It is this one's own, or nobody's any more.
    Write,
    /// Somebody else holds it.
    Wait,
}

/// A Lease as it was last seen to change.
#[derive(Debug, Default)]
pub(super) struct Observed {
    version: Option<String>,
    since: Option<Instant>,
    is_anothers: bool,
}

impl Observed {
    /// What `me` may do with the Lease that was `found` at `now`.
    pub(super) fn next(&mut self, found: Option<&Lease>, me: &str, now: Instant) -> Move {
        let Some(lease) = found else {
            // Somebody has deleted it; who held it may believe in it until it would have ended.
            let was_anothers =
                self.is_anothers && self.since.is_some_and(|since| now.duration_since(since) < LASTS);
            return if was_anothers { Move::Wait } else { Move::Create };
        };
        self.see(lease, now);
        self.is_anothers = holder(lease).is_some_and(|holder| holder != me);
        match holder(lease) {
            Some(other) if other != me && !self.is_over(lease, now) => Move::Wait,
            _ => Move::Write,
        }
    }

    /// Remembers since when the Lease is as it is.
    pub(super) fn see(&mut self, lease: &Lease, now: Instant) {
        let version = &lease.metadata.resource_version;
        if self.since.is_none() || self.version != *version {
            self.version.clone_from(version);
            self.since = Some(now);
        }
    }

    fn is_over(&self, lease: &Lease, now: Instant) -> bool {
        let lasts = (lease.spec.as_ref())
            .and_then(|spec| u64::try_from(spec.lease_duration_seconds?).ok())
            .map_or(LASTS, Duration::from_secs);
        (self.since).is_some_and(|since| now.duration_since(since) >= lasts)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use kube::api::ObjectMeta;

    use super::*;

    fn lease(holder: &str, version: &str) -> Lease {
        Lease {
            metadata: ObjectMeta {
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                lease_duration_seconds: Some(15),
                // An hour ahead, or behind, would change nothing.
                renew_time: None,
                ..LeaseSpec::default()
            }),
        }
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_lease_that_is_not_there_is_made_and_one_of_nobody_is_taken() {
        let start = Instant::now();
        let mut observed = Observed::default();
        assert_eq!(observed.next(None, "a", start), Move::Create);
        assert_eq!(observed.next(Some(&lease("", "1")), "a", start), Move::Write);
    }

    #[test]
    fn a_lease_of_another_that_was_deleted_is_made_once_it_would_have_ended() {
        let start = Instant::now();
        let mut observed = Observed::default();
        observed.next(Some(&lease("b", "1")), "a", start);
        assert_eq!(observed.next(None, "a", after(start, 14)), Move::Wait);
        assert_eq!(observed.next(None, "a", after(start, 15)), Move::Create);
        observed.next(Some(&lease("a", "2")), "a", after(start, 16));
        assert_eq!(
            observed.next(None, "a", after(start, 17)),
            Move::Create,
            "its own"
        );
    }

    #[test]
    fn a_lease_of_ones_own_is_renewed_at_once_also_after_a_restart() {
        let mut observed = Observed::default();
        assert_eq!(
            observed.next(Some(&lease("a", "1")), "a", Instant::now()),
            Move::Write
        );
    }

    #[test]
    fn a_lease_of_another_is_waited_for_until_it_has_not_changed_for_as_long_as_it_lasts() {
        let start = Instant::now();
        let mut observed = Observed::default();
        let mut next =
            |version: &str, seconds| observed.next(Some(&lease("b", version)), "a", after(start, seconds));
        assert_eq!(next("1", 0), Move::Wait);
        assert_eq!(next("1", 14), Move::Wait);
        assert_eq!(next("2", 15), Move::Wait);
        assert_eq!(next("2", 29), Move::Wait);
        assert_eq!(next("2", 30), Move::Write);
    }

    #[test]
    fn a_lease_that_was_lost_is_no_longer_ones_own() {
        let start = Instant::now();
        let mut observed = Observed::default();
        assert_eq!(observed.next(Some(&lease("a", "1")), "a", start), Move::Write);
        assert_eq!(
            observed.next(Some(&lease("b", "2")), "a", after(start, 60)),
            Move::Wait
        );
    }
}
