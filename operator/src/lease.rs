//! Who of several operators works: the one that holds the Lease. The others look at it, and take over when it falls silent.
//!
//! Times written into a Lease come from other machines' clocks and are compared with nothing: a holder counts as silent once
//! the Lease has not changed for as long as it lasts, by the clock of the one who looks. A Lease alone stops nobody who has
//! slept through its end, so every write asks [`Leading`] first (see [`Fence`]), and rests on UIDs and versions besides.
//!
//! Who holds it does not lead yet: what the one before wrote last may not have been heard of here, so that everything is
//! listed first (see [`Lease::keep`]).
//!
//! Source: the coordination.k8s.io/v1 API, and client-go's leader election, whose durations these are.

mod fence;
mod observed;

use std::{pin::pin, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease as Object, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::time::{Instant, sleep, timeout};

pub use fence::{Fence, Leading};
use observed::{Move, Observed};

/// Where Leases are, on an API server.
pub(crate) const LEASES: &str = "/apis/coordination.k8s.io/";

/// How long a Lease lasts that nobody renews.
const LASTS: Duration = Duration::from_secs(15);
/// How long its holder trusts it after it began to renew it. The rest is for writes that are on their way.
const TRUSTED: Duration = Duration::from_secs(10);
/// How often it is renewed.
const PAUSE: Duration = Duration::from_secs(2);
/// How often those look who wait: the one who ends on purpose leaves it within moments.
const LOOK: Duration = Duration::from_secs(1);
/// How long one call may take.
const CALL: Duration = Duration::from_secs(3);

/// How long a Lease that was given back for want of lists is left alone: another one finds it within that time, even where it
/// could not be given back and has to end.
pub(crate) const LEFT_ALONE: Duration = Duration::from_secs(LASTS.as_secs() + 2 * CALL.as_secs());

/// The Lease, as one of those who want it.
pub struct Lease {
    api: Api<Object>,
    name: String,
    identity: String,
    leading: Leading,
    observed: Observed,
    /// Whether nobody else can have held it since this one has taken it.
    is_held: bool,
}

/// Why a Lease is kept no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody else has it, or had it meanwhile.
    Lost,
    /// Not everything could be listed: another one may be better off.
    Unlisted,
}

impl Lease {
    /// The Lease `name` in `namespace`, for the operator that calls itself `identity`: the same name after a restart, so
    /// that it need not wait for itself.
    pub fn new(client: Client, namespace: &str, name: &str, identity: String, leading: Leading) -> Lease {
        Lease {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity,
            leading,
            observed: Observed::default(),
            is_held: false,
        }
    }

    /// Waits until the Lease is free and takes it; `stand_by` is called each time that somebody else is seen to have it.
    /// Answers since when it is held; `None`: it is `stop`.
    pub(crate) async fn take(
        &mut self,
        stand_by: impl Fn(),
        stop: impl Future<Output = ()> + Clone,
    ) -> Option<Instant> {
        loop {
            let began = Instant::now();
            // Never dropped half-way: what it writes would be known to nobody.
            match self.look().await {
                Turn::Mine { .. } => {
                    self.is_held = true;
                    tracing::info!(identity = %self.identity, "holds Lease {}; lists everything", self.name);
                    return Some(began);
                }
                Turn::Anothers => stand_by(),
                Turn::Unclear => {}
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = stop.clone() => return None,
            }
        }
    }

    /// Keeps the Lease that was taken, and leads once everything was `listed`, until somebody else has it, or `listed` says
    /// that nothing comes of it. `begin` is called when this operator begins to lead, and when it does again after a renewal
    /// that came too late: what was to be looked at meanwhile was not.
    pub(crate) async fn keep(
        &mut self,
        taken: Instant,
        listed: impl Future<Output = bool>,
        begin: impl Fn(),
    ) -> Ended {
        let mut listed = pin!(listed);
        let (mut is_listed, mut renewed) = (false, taken);
        loop {
            // Asked at this moment: trust may have run out while the renewal was under way.
            if is_listed && renewed.elapsed() < TRUSTED && !self.leading.until(renewed + TRUSTED) {
                tracing::info!(identity = %self.identity, "leads by Lease {}; the loop begins", self.name);
                begin();
            }
            let pause = if self.leading.now() { PAUSE } else { LOOK };
            tokio::select! {
                is_whole = &mut listed, if !is_listed => {
                    if !is_whole {
                        return Ended::Unlisted;
                    }
                    is_listed = true;
                    continue;
                }
                () = sleep(pause) => {}
            }
            let began = Instant::now();
            match self.look().await {
                Turn::Mine { was_mine: true } => renewed = began,
                Turn::Unclear => {}
                // Whoever had it meanwhile may have written what was not heard of here.
                Turn::Mine { was_mine: false } | Turn::Anothers => {
                    self.leading.end();
                    tracing::warn!(identity = %self.identity, "no longer has Lease {}; the loop waits", self.name);
                    return Ended::Lost;
                }
            }
        }
    }

    /// Gives the Lease back, if it is this one's, so that the next one need not wait for its end: once no write is on its way.
    pub async fn release(&self) {
        self.leading.end();
        self.leading.silence().await;
        let released = timeout(CALL, async {
            loop {
                match self.give_back().await {
                    // A renewal was on its way still.
                    Err(kube::Error::Api(status)) if status.code == 409 => {}
                    outcome => break outcome,
                }
            }
        });
        match released.await {
            Ok(Ok(true)) => tracing::info!("gave Lease {} back", self.name),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot give Lease {} back: {error}", self.name),
            Err(_) => tracing::warn!("cannot give Lease {} back: no answer within {CALL:?}", self.name),
        }
    }

    /// Writes that nobody holds the Lease, if this one does; answers whether it did.
    async fn give_back(&self) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            return Ok(false);
        };
        if holder(&lease) != Some(&self.identity) {
            return Ok(false);
        }
        let spec = lease.spec.get_or_insert_default();
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        (self.api.replace(&self.name, &PostParams::default(), &lease).await).map(|_| true)
    }

    /// Looks at the Lease, and takes or renews it if it may; says in the log what kept it from that.
    async fn look(&mut self) -> Turn {
        match timeout(CALL, self.turn()).await {
            Ok(Ok(turn)) => return turn,
            Ok(Err(error)) => tracing::warn!(%error, "cannot renew Lease {}: {error}", self.name),
            Err(_) => tracing::warn!("cannot renew Lease {}: no answer within {CALL:?}", self.name),
        }
        Turn::Unclear
    }

    async fn turn(&mut self) -> Result<Turn, kube::Error> {
        let found = self.api.get_opt(&self.name).await?;
        let is_mine = (found.as_ref().and_then(holder)).is_some_and(|holder| *holder == self.identity);
        // Once it was another's it has to be taken, also where the answer to that gets lost.
        self.is_held &= is_mine;
        let was_mine = self.is_held;
        let next = (self.observed).next(found.as_ref(), &self.identity, Instant::now());
        let written = match (next, found) {
            (Move::Wait, _) => return Ok(Turn::Anothers),
            (Move::Create, _) | (_, None) => {
                let lease = self.mine(Object::default());
                self.api.create(&PostParams::default(), &lease).await
            }
            (Move::Write, Some(found)) => {
                let lease = self.mine(found);
                self.api.replace(&self.name, &PostParams::default(), &lease).await
            }
        };
        match written {
            Ok(written) => {
                self.observed.see(&written, Instant::now());
                Ok(Turn::Mine { was_mine })
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Turn::Unclear),
            Err(error) => Err(error),
        }
    }

    /// `lease` with this operator as its holder; its resource version stays, so that it is written over what was seen only.
    fn mine(&self, lease: Object) -> Object {
        let before = lease.spec.unwrap_or_default();
        let is_mine = before.holder_identity.as_ref() == Some(&self.identity);
        let now = MicroTime(Timestamp::now());
        Object {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..lease.metadata
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(LASTS.as_secs()).ok(),
                acquire_time: before.acquire_time.filter(|_| is_mine).or(Some(now.clone())),
                renew_time: Some(now),
                lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!is_mine)),
                ..before
            }),
        }
    }
}

/// What came of a look at the Lease.
enum Turn {
    /// It was written, so that it is this one's.
    Mine {
        /// Whether it was before.
        was_mine: bool,
    },
    /// Somebody else has it, whoever gave it to them.
    Anothers,
    /// Somebody was faster, or an answer got lost: the next look tells.
    Unclear,
}

/// Who holds `lease`; `None`: nobody.
fn holder(lease: &Object) -> Option<&String> {
    let holder = lease.spec.as_ref()?.holder_identity.as_ref()?;
    Some(holder).filter(|holder| !holder.is_empty())
}

/// What calls this process apart from others: `name` if a pod was given one, else the machine and the process.
pub fn identity(name: Option<String>) -> String {
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}-{}", host.trim(), std::process::id())
    })
}

#[cfg(test)]
mod tests;
