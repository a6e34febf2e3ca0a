//! Two operators of one namespace: whoever leads is killed, told to end, or put to sleep and woken; or leaves the Lease to one
//! that cannot list what there is.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auriga_e2e::{Manifest, Space, eventually, is_ready};
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

use crate::{
    finding::Finding,
    ground::Ground,
    operator::Start,
    proxy::{Hole, Proxy},
    request::Nth,
};

/// How long a leader sleeps: several times as long as its Lease lasts.
const ASLEEP: Duration = Duration::from_secs(60);
/// How long it is watched after it woke.
const WATCHED: Duration = Duration::from_secs(15);

/// How long the Lease may be held by one that cannot list anything, before another one works: a minute, and a few looks.
const UNLISTED: f64 = 70.0;

/// What came of one of the four.
struct Change {
    /// What was done to the leader.
    what: &'static str,
    /// Seconds until another one wrote.
    after: f64,
    /// The longest that this may take.
    at_most: f64,
    /// What the one that was put to sleep has written once it woke.
    written_late: Vec<Nth>,
    /// Whether it was no more then.
    has_ended: bool,
}

impl Change {
    fn is_well(&self) -> Result<(), String> {
        if self.after > self.at_most {
            return Err(format!("another one wrote after {:.1} s", self.after));
        }
        match self.written_late.first() {
            Some(write) => Err(format!("{write} came from one that was not to write")),
            None if self.has_ended => Err("the one that slept has ended by itself".to_owned()),
            None => Ok(()),
        }
    }
}

/// One of two operators.
struct One {
    identity: String,
    proxy: Proxy,
    start: Start,
    child: Option<Child>,
}

impl One {
    async fn new(ground: &Ground, space: &Space, identity: &str) -> Result<One> {
        let proxy = Proxy::start(ground.client_of_operator(space).await?).await?;
        let start = ground.program.start(&space.name, identity, proxy.address)?;
        let mut one = One {
            identity: identity.to_owned(),
            proxy,
            start,
            child: None,
        };
        one.rise()?;
        Ok(one)
    }

    fn rise(&mut self) -> Result<()> {
        self.child = Some(self.start.once()?);
        Ok(())
    }

    async fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("it runs")?;
        crate::node::signal(name, &id.to_string()).await
    }

    /// Writes that came since `begin`.
    fn written(&self) -> usize {
        self.proxy.seen(|record| record.writes.len())
    }

    /// Waits for its first write since `begin`, for a little longer than `at_most` seconds.
    async fn first_write(&self, since: Instant, at_most: f64) -> f64 {
        let wait = async {
            while self.written() == 0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        // What takes longer has failed in any case.
        let _ = timeout(Duration::from_secs_f64(at_most + 40.0), wait).await;
        since.elapsed().as_secs_f64()
    }
}

/// Does all four.
///
/// Errors: the cluster does not answer, or a program does not start.
pub(crate) async fn changes(ground: &Ground) -> Result<Finding> {
    let space = ground.space().await?;
    let changes = in_space(ground, &space).await;
    space.delete().await;
    let mut finding = Finding::default();
    for change in changes? {
        finding.count(change.what, change.is_well());
        finding
            .figures
            .push(format!("{} {:.1} s", change.what, change.after));
    }
    Ok(finding)
}

async fn in_space(ground: &Ground, space: &Space) -> Result<Vec<Change>> {
    space.iris_data("iris").await;
    let mut leader = One::new(ground, space, "first").await?;
    space.apply(&Manifest::iris("iris")).await;
    space.serves("iris", 1).await;
    let mut other = One::new(ground, space, "second").await?;
    // It has to have seen the Lease renewed, as one that waits for longer has.
    sleep(Duration::from_secs(5)).await;
    let mut changes = Vec::new();
    let mut c = 0.3;
    for (what, signal, at_most) in [
        ("kill -9", "KILL", 20.0),
        ("SIGTERM", "TERM", 2.0),
        ("SIGSTOP for 60 s", "STOP", 20.0),
    ] {
        c += 0.1;
        other.proxy.begin(None);
        let since = Instant::now();
        leader.signal(signal).await?;
        space.apply(&Manifest::iris("iris").c(c)).await;
        let after = other.first_write(since, at_most).await;
        let (mut written_late, mut has_ended) = (Vec::new(), false);
        if signal == "STOP" {
            sleep(ASLEEP.saturating_sub(since.elapsed())).await;
            leader.proxy.begin(None);
            leader.signal("CONT").await?;
            sleep(WATCHED).await;
            written_late = leader.proxy.seen(|record| record.writes.clone());
            // One that is dead writes nothing either.
            has_ended = leader
                .child
                .as_mut()
                .is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        }
        eventually("the other one has done the work", async || {
            is_ready(&space.model("iris").await).then_some(())
        })
        .await;
        changes.push(Change {
            what,
            after,
            at_most,
            written_late,
            has_ended,
        });
        if signal != "STOP" {
            leader.child = None;
            leader.rise()?;
            sleep(Duration::from_secs(5)).await;
        }
        std::mem::swap(&mut leader, &mut other);
    }
    changes.push(without_lists(space, &mut leader, &other, c + 0.1).await?);
    Ok(changes)
}

/// The leader is told to end, and starts anew at once: the other one has the Lease by then, and has to give it back, since its
/// lists do not come.
async fn without_lists(space: &Space, leader: &mut One, other: &One, c: f64) -> Result<Change> {
    other.proxy.begin(None);
    other.proxy.let_see(|view| view.swallow(Hole::Watches));
    let since = Instant::now();
    leader.signal("TERM").await?;
    let mut ended = leader.child.take().context("it runs")?;
    timeout(Duration::from_secs(30), ended.wait()).await??;
    leader.proxy.begin(None);
    space.apply(&Manifest::iris("iris").c(c)).await;
    let holder = || async {
        let lease = (space
            .get("coordination.k8s.io/v1", "Lease", "auriga-operator")
            .await)?;
        (lease["spec"]["holderIdentity"] == other.identity).then_some(())
    };
    eventually("the other one has the Lease", holder).await;
    leader.rise()?;
    let after = leader.first_write(since, UNLISTED).await;
    eventually("the first one has done the work", async || {
        is_ready(&space.model("iris").await).then_some(())
    })
    .await;
    Ok(Change {
        what: "SIGTERM while the other one's lists do not come",
        after,
        at_most: UNLISTED,
        written_late: other.proxy.seen(|record| record.writes.clone()),
        has_ended: false,
    })
}
