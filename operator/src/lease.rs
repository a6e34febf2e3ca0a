//! Who of several operators works: the one that holds the Lease. The others watch, and take over when it falls silent.
//!
//! Times written into a Lease come from other machines' clocks and are compared with nothing: a holder counts as silent once
//! the Lease has not changed for as long as it lasts, by the clock of the one who looks. A Lease alone stops nobody who has
//! slept through its end, so every write asks [`Leading`] first (see [`Fence`]), and rests on UIDs and versions besides.
//!
//! Source: the coordination.k8s.io/v1 API, and client-go's leader election, whose durations these are.

mod fence;
mod term;

use std::time::Duration;

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
use term::{Move, Observed};

/// Where Leases are, on an API server.
pub(crate) const LEASES: &str = "/apis/coordination.k8s.io/";

/// How long a Lease lasts that nobody renews.
const LASTS: Duration = Duration::from_secs(15);
/// How long its holder trusts it after it began to renew it. The rest is for writes that are on their way.
const TRUSTED: Duration = Duration::from_secs(10);
/// How often it is renewed, and looked at by those who wait for it.
const PAUSE: Duration = Duration::from_secs(2);
/// How often those look who wait: the one who ends on purpose leaves it within moments.
const LOOK: Duration = Duration::from_secs(1);
/// How long one call may take.
const CALL: Duration = Duration::from_secs(3);

/// The Lease, as one of those who want it.
pub struct Lease {
    api: Api<Object>,
    name: String,
    identity: String,
    leading: Leading,
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
        }
    }

    /// Takes the Lease whenever it is free and keeps it, until the future is dropped; `begin` is called each time that it
    /// was taken, or renewed too late: what was to be looked at meanwhile was not.
    pub async fn campaign(&self, begin: impl Fn()) {
        let mut observed = Observed::default();
        loop {
            let was_leading = self.leading.now();
            let started = Instant::now();
            match timeout(CALL, self.turn(&mut observed)).await {
                Ok(Ok(Turn::Mine)) => {
                    // Asked at this moment: trust may have run out while the renewal was under way.
                    if !self.leading.until(started + TRUSTED) {
                        tracing::info!(identity = %self.identity, "holds Lease {}; the loop begins", self.name);
                        begin();
                    }
                }
                Ok(Ok(Turn::Another)) if was_leading => {
                    self.leading.end();
                    tracing::warn!(identity = %self.identity, "lost Lease {}; the loop waits", self.name);
                }
                Ok(Ok(Turn::Another | Turn::Unclear)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "cannot renew Lease {}: {error}", self.name);
                }
                Err(_) => tracing::warn!("cannot renew Lease {}: no answer within {CALL:?}", self.name),
            }
            sleep(if self.leading.now() { PAUSE } else { LOOK }).await;
        }
    }

    /// Gives the Lease back, so that the next one need not wait for its end.
    pub async fn release(&self) {
        if !self.leading.now() {
            return;
        }
        self.leading.end();
        let released = timeout(CALL, async {
            let mut lease = self.api.get(&self.name).await?;
            if holder(&lease) == Some(&self.identity) {
                let spec = lease.spec.get_or_insert_default();
                spec.holder_identity = Some(String::new());
                spec.lease_duration_seconds = Some(1);
                self.api
                    .replace(&self.name, &PostParams::default(), &lease)
                    .await?;
            }
            Ok::<_, kube::Error>(())
        });
        match released.await {
            Ok(Ok(())) => tracing::info!("gave Lease {} back", self.name),
            Ok(Err(error)) => tracing::warn!(%error, "cannot give Lease {} back: {error}", self.name),
            Err(_) => tracing::warn!("cannot give Lease {} back: no answer within {CALL:?}", self.name),
        }
    }

    /// Looks at the Lease, and takes or renews it if it may.
    async fn turn(&self, observed: &mut Observed) -> Result<Turn, kube::Error> {
        let found = self.api.get_opt(&self.name).await?;
        let written = match (
            observed.next(found.as_ref(), &self.identity, Instant::now()),
            found,
        ) {
            (Move::Wait, _) => return Ok(Turn::Another),
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
                observed.see(&written, Instant::now());
                Ok(Turn::Mine)
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
    Mine,
    /// Somebody else has it, whoever gave it to them.
    Another,
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
