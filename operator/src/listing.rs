//! How far an operator is with what comes before it works: the Lease, and a list of everything.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long lists may go without any progress.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where it stands. Whoever waits is told of each change.
#[derive(Clone, Debug)]
pub struct Listing {
    stage: Arc<watch::Sender<Stage>>,
}

#[derive(Debug)]
enum Stage {
    /// It has not looked at the Lease yet, or has just lost it.
    Begins,
    /// Another operator works.
    StandsBy,
    /// It has the Lease, and these kinds are not listed yet; none: it works. Something of them came last at this time.
    Lists(BTreeSet<&'static str>, Instant),
    /// It had the Lease, and leaves it to another one, for these kinds could not be listed.
    Leaves(BTreeSet<&'static str>),
}

impl Default for Listing {
    fn default() -> Listing {
        Listing {
            stage: Arc::new(watch::Sender::new(Stage::Begins)),
        }
    }
}

impl Listing {
    /// Another operator works.
    pub(crate) fn stand_by(&self) {
        self.stage.send_replace(Stage::StandsBy);
    }

    /// It has the Lease, and lists `kinds` anew.
    pub(crate) fn begin(&self, kinds: impl IntoIterator<Item = &'static str>) {
        let kinds = kinds.into_iter().collect();
        self.stage.send_replace(Stage::Lists(kinds, Instant::now()));
    }

    /// Leaves the Lease to another operator.
    pub(crate) fn leave(&self) {
        self.stage.send_modify(|stage| {
            let left = match stage {
                Stage::Lists(left, _) => std::mem::take(left),
                _ => BTreeSet::new(),
            };
            *stage = Stage::Leaves(left);
        });
    }

    /// It has lost the Lease, and does not know yet who has it.
    pub(crate) fn lose(&self) {
        self.stage.send_replace(Stage::Begins);
    }

    /// An object of a list came.
    pub(crate) fn goes_on(&self) {
        self.stage.send_if_modified(|stage| {
            if let Stage::Lists(_, last) = stage {
                *last = Instant::now();
            }
            // Whoever waits looks at it when its patience is over.
            false
        });
    }

    /// All objects of a kind were listed.
    pub(crate) fn done(&self, kind: &str) {
        self.stage.send_if_modified(|stage| match stage {
            Stage::Lists(left, last) => {
                *last = Instant::now();
                left.remove(kind)
            }
            _ => false,
        });
    }

    /// Waits until everything was listed; `false`: nothing has come of what is left for a minute.
    pub(crate) async fn all(&self) -> bool {
        let mut stage = self.stage.subscribe();
        loop {
            let last = match &*stage.borrow_and_update() {
                Stage::Lists(left, _) if left.is_empty() => return true,
                Stage::Lists(_, last) => *last,
                _ => Instant::now(),
            };
            let until = last + PATIENCE;
            if until <= Instant::now() {
                return false;
            }
            // Another stage, or the end of patience: either is looked at above. The sender is here, so it does not end.
            let _ = timeout_at(until, stage.changed()).await;
        }
    }

    /// What it waits for, in words; `None`: it works, or stands by.
    pub fn what(&self) -> Option<String> {
        let names = |kinds: &BTreeSet<&str>| kinds.iter().copied().collect::<Vec<_>>().join(", ");
        match &*self.stage.borrow() {
            Stage::Begins => Some("waits for a look at the Lease".to_owned()),
            Stage::StandsBy => None,
            Stage::Lists(left, _) if left.is_empty() => None,
            Stage::Lists(left, _) => Some(format!(
                "has the Lease, and waits for the list of {}",
                names(left)
            )),
            Stage::Leaves(left) => Some(format!(
                "could not list {} in time; leaves the Lease to another operator for a while",
                names(left)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn everything_is_listed_once_each_kind_was_since_the_lease_was_taken() {
        let listing = Listing::default();
        let is_over = || listing.all().now_or_never();
        let words = || listing.what().unwrap_or_default();
        assert_eq!(words(), "waits for a look at the Lease");
        listing.stand_by();
        assert_eq!((listing.what(), is_over()), (None, None));
        listing.begin(["pods", "jobs.batch"]);
        assert_eq!(
            words(),
            "has the Lease, and waits for the list of jobs.batch, pods"
        );
        listing.done("pods");
        assert_eq!(is_over(), None);
        listing.done("jobs.batch");
        assert_eq!((listing.what(), is_over()), (None, Some(true)));
        listing.begin(["pods"]);
        assert_eq!(is_over(), None, "it was listed before the Lease was taken");
        listing.leave();
        assert_eq!(
            words(),
            "could not list pods in time; leaves the Lease to another operator for a while"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn lists_take_as_long_as_they_go_on_and_a_minute_more() {
        let listing = Listing::default();
        listing.begin(["pods", "jobs.batch"]);
        let start = Instant::now();
        let goes_on = async {
            for _ in 0..10 {
                sleep(Duration::from_secs(50)).await;
                listing.goes_on();
            }
            sleep(Duration::from_secs(50)).await;
            listing.done("pods");
        };
        let (is_whole, ()) = tokio::join!(listing.all(), goes_on);
        assert_eq!((is_whole, start.elapsed()), (false, Duration::from_secs(610)));
        advance(PATIENCE).await;
        listing.begin(["pods"]);
        assert_eq!(listing.all().now_or_never(), None, "it begins anew");
    }
}
