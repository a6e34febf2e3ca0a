//! Two operators of one namespace: whoever leads is killed, told to end, or put to sleep and woken.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auriga_e2e::{Manifest, Space, eventually, is_ready};
use serde::Serialize;
use tokio::{
    process::{Child, Command},
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{
    ground::Ground,
    operator::{Program, Start},
    proxy::Proxy,
};

/// How long a leader sleeps: several times as long as its Lease lasts.
const ASLEEP: Duration = Duration::from_secs(60);
/// How long it is watched after it woke.
const WATCHED: Duration = Duration::from_secs(15);

/// What came of one of the three.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Change {
    /// What was done to the leader.
    pub(crate) what: &'static str,
    /// Seconds until the other one wrote.
    pub(crate) after: f64,
    /// The longest that this may take.
    pub(crate) at_most: f64,
    /// What the one that was put to sleep has written once it woke.
    pub(crate) written_late: usize,
}

impl Change {
    /// Whether it went as it should.
    pub(crate) fn is_well(&self) -> bool {
        self.after <= self.at_most && self.written_late == 0
    }
}

/// One of two operators.
struct One {
    proxy: Proxy,
    start: Start,
    child: Option<Child>,
}

impl One {
    async fn new(ground: &Ground, program: &Program, space: &Space, identity: &str) -> Result<One> {
        // Nobody is to be killed by the proxy.
        let (kill, _) = mpsc::unbounded_channel();
        let proxy = Proxy::start(ground.client_of_operator(space).await?, kill).await?;
        let start = program.start(&space.name, identity, proxy.address)?;
        let mut one = One {
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
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(id.to_string())
            .status()
            .await;
        sent.context("cannot run kill")?;
        Ok(())
    }

    /// Writes that came since `begin`.
    fn written(&self) -> usize {
        self.proxy.seen(|record| record.writes.len())
    }

    /// Waits for its first write since `begin`.
    async fn first_write(&self, since: Instant) -> f64 {
        let wait = async {
            while self.written() == 0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        // What takes longer has failed in any case.
        let _ = timeout(Duration::from_secs(60), wait).await;
        since.elapsed().as_secs_f64()
    }
}

/// Does all three.
///
/// Errors: the cluster does not answer, or a program does not start.
pub(crate) async fn changes(ground: &Ground, program: &Program) -> Result<Vec<Change>> {
    let space = ground.space().await?;
    let changes = in_space(ground, program, &space).await;
    space.delete().await;
    changes
}

async fn in_space(ground: &Ground, program: &Program, space: &Space) -> Result<Vec<Change>> {
    space.iris_data("iris").await;
    let mut leader = One::new(ground, program, space, "first").await?;
    space.apply(&Manifest::iris("iris")).await;
    space.serves("iris", 1).await;
    let mut other = One::new(ground, program, space, "second").await?;
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
        let after = other.first_write(since).await;
        let mut written_late = 0;
        if signal == "STOP" {
            sleep(ASLEEP.saturating_sub(since.elapsed())).await;
            leader.proxy.begin(None);
            leader.signal("CONT").await?;
            sleep(WATCHED).await;
            written_late = leader.written();
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
        });
        if signal != "STOP" {
            leader.child = None;
            leader.rise()?;
            sleep(Duration::from_secs(5)).await;
        }
        std::mem::swap(&mut leader, &mut other);
    }
    Ok(changes)
}
