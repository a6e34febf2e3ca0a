//! How far an operator is with what comes before it works: the Lease, and a list of everything.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::watch;

/// Where it stands. Whoever waits is told of each change.
#[derive(Clone, Debug)]
pub struct Listing {
    stage: Arc<watch::Sender<Stage>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// It has not looked at the Lease yet.
    Begins,
    /// Another operator works.
    StandsBy,
    /// It has the Lease, and these kinds are not listed yet; none: it works.
    Lists(BTreeSet<&'static str>),
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
        self.stage.send_replace(Stage::Lists(kinds.into_iter().collect()));
    }

    /// All objects of a kind were listed.
    pub(crate) fn done(&self, kind: &str) {
        self.stage.send_if_modified(|stage| match stage {
            Stage::Lists(left) => left.remove(kind),
            Stage::Begins | Stage::StandsBy => false,
        });
    }

    /// Waits until everything was listed.
    pub(crate) async fn all(&self) {
        let is_over = |stage: &Stage| matches!(stage, Stage::Lists(left) if left.is_empty());
        // The sender is here, so waiting cannot fail.
        let _ = self.stage.subscribe().wait_for(is_over).await;
    }

    /// What it waits for, in words; `None`: it works, or stands by.
    pub fn what(&self) -> Option<String> {
        match &*self.stage.borrow() {
            Stage::Begins => Some("waits for its first look at the Lease".to_owned()),
            Stage::StandsBy => None,
            Stage::Lists(left) if left.is_empty() => None,
            Stage::Lists(left) => {
                let left: Vec<_> = left.iter().copied().collect();
                Some(format!(
                    "has the Lease, and waits for the list of {}",
                    left.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn everything_is_listed_once_each_kind_was_since_the_lease_was_taken() {
        let listing = Listing::default();
        let is_over = || listing.all().now_or_never().is_some();
        assert_eq!(
            listing.what().as_deref(),
            Some("waits for its first look at the Lease")
        );
        listing.stand_by();
        assert_eq!((listing.what(), is_over()), (None, false));
        listing.begin(["pods", "jobs.batch"]);
        assert_eq!(
            listing.what().as_deref(),
            Some("has the Lease, and waits for the list of jobs.batch, pods")
        );
        listing.done("pods");
        assert!(!is_over());
        listing.done("jobs.batch");
        assert_eq!((listing.what(), is_over()), (None, true));
        listing.begin(["pods"]);
        assert!(!is_over(), "it was listed before the Lease was taken");
    }
}
