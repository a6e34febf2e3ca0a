//! A term: all that an operator does from when it has the Lease until somebody else has it.
//!
//! It begins with a list of everything, whatever was seen before: what the operator before it wrote last, no watch of this
//! one may have told. And it ends with all that rests on what was seen: watches and looks are dropped.

use std::{future::pending, sync::Arc, time::Duration};

use auriga_crds::{Model, TrainingJob};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::{Instant, sleep},
};

use crate::{
    context::Context,
    controller,
    health::Signs,
    lease::{Ended, LEFT_ALONE, Lease},
    listing::Listing,
    start::{self, Waiting},
    triggers::Triggers,
    watch,
};

/// How long begun looks may take once the program is to stop. What they have not begun to write by then, they leave to the next
/// operator, which works two seconds later, unless a write is on its way still.
const LAST_LOOKS: Duration = Duration::from_secs(1);

/// One operator among those that want the same Lease.
pub struct Candidate {
    /// What every look has at hand.
    pub ctx: Arc<Context>,
    /// What they want.
    pub lease: Lease,
    /// The only namespace that is looked after; `None`: all.
    pub namespace: Option<String>,
    /// How many objects of a kind are looked at at once.
    pub concurrency: u16,
    /// The answers to watches.
    pub signs: Signs,
    /// What it waits for before it may wait for the Lease.
    pub waiting: Waiting,
    /// How far the lists are.
    pub listing: Listing,
}

impl Candidate {
    /// Works for as long as it has the Lease, waits for it otherwise, and gives it back at `stop`.
    ///
    /// Errors: the watches or the looks have ended without being told to, which they do by a panic alone.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()> + Clone + Send + Sync + 'static,
    ) -> Result<(), JoinError> {
        loop {
            // Who stands by is to be able to work, and says so if it is not.
            tokio::select! {
                () = start::kinds(&self.ctx.client, self.namespace.as_deref(), &self.waiting) => {}
                () = stop.clone() => return Ok(()),
            }
            let stand_by = || {
                self.listing.stand_by();
                self.signs.rest();
            };
            let Some(taken) = self.lease.take(stand_by, stop.clone()).await else {
                break;
            };
            match self.term(taken, &stop).await? {
                None => return Ok(()),
                Some(Ended::Lost) => {
                    self.listing.lose();
                    // What its watches told last says nothing of one that has none.
                    self.signs.rest();
                }
                Some(Ended::Unlisted) => {
                    self.listing.leave();
                    tracing::warn!("{}", self.listing.what().unwrap_or_default());
                    self.lease.release().await;
                    tokio::select! {
                        () = sleep(LEFT_ALONE) => {}
                        () = stop.clone() => break,
                    }
                }
            }
        }
        // An answer may have got lost: it is given back if it is this one's.
        self.lease.release().await;
        Ok(())
    }

    /// One term, from when the Lease was `taken`; `None`: it is `stop`.
    async fn term(
        &mut self,
        taken: Instant,
        stop: &(impl Future<Output = ()> + Clone + Send + Sync + 'static),
    ) -> Result<Option<Ended>, JoinError> {
        // How often a pod passed was counted when there was another leader.
        self.ctx.asker.forget_all();
        let (models, looks_at_models) = mpsc::unbounded_channel();
        let (training_jobs, looks_at_training_jobs) = mpsc::unbounded_channel();
        let triggers = Triggers {
            models,
            training_jobs,
        };
        self.listing.begin(watch::KINDS);
        // What is dropped with these is ended.
        let (mut watches, mut looks) = (JoinSet::new(), JoinSet::new());
        watches.spawn({
            let (ctx, listing, triggers) = (Arc::clone(&self.ctx), self.listing.clone(), triggers.clone());
            let namespace = self.namespace.clone();
            async move { watch::watch_all(&ctx, namespace.as_deref(), &triggers, &listing).await }
        });
        looks.spawn({
            let (ctx, listing, stop) = (Arc::clone(&self.ctx), self.listing.clone(), stop.clone());
            let concurrency = self.concurrency;
            async move {
                tokio::select! {
                    is_whole = listing.all() => if !is_whole {
                        return pending().await;
                    },
                    () = stop.clone() => return,
                }
                let models =
                    controller::run::<Model>(Arc::clone(&ctx), looks_at_models, concurrency, stop.clone());
                let training_jobs =
                    controller::run::<TrainingJob>(ctx, looks_at_training_jobs, concurrency, stop);
                tokio::join!(models, training_jobs);
            }
        });
        let late = async {
            stop.clone().await;
            tracing::info!("stops once the looks that have begun are over");
            sleep(LAST_LOOKS).await;
        };
        let ended = tokio::select! {
            ended = self.lease.keep(taken, self.listing.all(), || triggers.all(&self.ctx.caches)) => Some(ended),
            Some(Err(ended)) = watches.join_next() => return Err(ended),
            Some(ended) = looks.join_next() => {
                ended?;
                None
            }
            () = late => {
                tracing::warn!("looks that take too long are broken off; the next operator takes them up");
                None
            }
        };
        if ended.is_none() {
            // The looks go on until then: what they write no longer begins, and what is on its way is heard of.
            self.lease.release().await;
        }
        watches.shutdown().await;
        looks.shutdown().await;
        Ok(ended)
    }
}
