//! A namespace with an operator behind a proxy that rows kill, start anew, deceive and watch.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auriga_e2e::Space;
use tokio::{
    process::Child,
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    finding::attempt,
    ground::Ground,
    ledger,
    operator::Start,
    oracle::End,
    proxy::Proxy,
    sweep::{Reference, quiet},
    workload::Workload,
};

/// A namespace, its operator, and what is between it and the API server.
pub(crate) struct Arena {
    /// The namespace.
    pub(crate) space: Space,
    /// What the operator speaks to.
    pub(crate) proxy: Proxy,
    start: Start,
    child: Option<Child>,
    /// How it ended by itself.
    exit: Option<String>,
}

/// Lets `act` happen in an arena of its own, whose operator gets this `environment`; what is wrong, if
/// anything is, an operator that ended by itself above all.
///
/// Errors: the cluster does not answer, or the program does not start.
pub(crate) async fn play(
    ground: &Ground,
    environment: &[(&'static str, &str)],
    act: impl AsyncFnOnce(&mut Arena) -> Result<(), String>,
) -> Result<Result<(), String>> {
    let space = ground.space().await?;
    // Rows kill the operator themselves.
    let (kill, _) = mpsc::unbounded_channel();
    let proxy = Proxy::start(ground.client_of_operator(&space).await?, kill).await?;
    let environment = environment
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let program = ground.program.with_environment(environment);
    let start = program.start(&space.name, "rig", proxy.address)?;
    let mut arena = Arena {
        space,
        proxy,
        start,
        child: None,
        exit: None,
    };
    arena.rise()?;
    let mut result = attempt(act(&mut arena)).await.and_then(|result| result);
    if result.is_ok() {
        result = ledger::check(&arena.space).await;
    }
    let exit = arena.exit();
    let Arena {
        space,
        start,
        child,
        proxy,
        ..
    } = arena;
    drop((child, start, proxy));
    space.delete().await;
    Ok(match (exit, result) {
        (Some(exit), _) => Err(format!("the operator ended by itself: {exit}")),
        (None, result) => result,
    })
}

impl Arena {
    /// Starts the operator.
    pub(crate) fn rise(&mut self) -> Result<()> {
        self.child = Some(self.start.once()?);
        Ok(())
    }

    /// Kills the operator.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.exit = self.exit();
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("cannot kill the operator")?;
        }
        Ok(())
    }

    /// How it ended by itself, if it did.
    fn exit(&mut self) -> Option<String> {
        let ended = self
            .child
            .as_mut()
            .and_then(|child| child.try_wait().ok().flatten());
        self.exit.clone().or_else(|| Some(ended?.to_string()))
    }

    /// The most memory that the operator ever had, in MiB.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        let id = self.child.as_ref()?.id()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib / 1024.0)
    }

    /// What the operator says of its own health.
    ///
    /// Errors: it does not answer.
    pub(crate) async fn healthz(&self) -> Result<u16, String> {
        Ok(auriga_e2e::get(self.start.metrics, "/healthz").await?.code)
    }

    /// Waits until the operator has written nothing for a while.
    ///
    /// Errors: it goes on writing.
    pub(crate) async fn quiet(&self) -> Result<(), String> {
        if quiet(&self.proxy).await {
            Ok(())
        } else {
            Err("goes on writing".to_owned())
        }
    }

    /// Whether what is left is what the reference left.
    ///
    /// Errors: where it differs.
    pub(crate) async fn is_like(&self, reference: &Reference) -> Result<(), String> {
        self.quiet().await?;
        let differences = End::of(&self.space).await.differences(&reference.end);
        if differences.is_empty() {
            Ok(())
        } else {
            Err(differences.join("; "))
        }
    }

    /// Does a workload as the reference did, while `disturb` goes on; whether the same is left.
    ///
    /// Errors: where it differs.
    pub(crate) async fn works_like(
        &self,
        workload: Workload,
        reference: &Reference,
        disturb: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let work = workload.work(&self.space);
        let (mut work, mut disturb) = (std::pin::pin!(work), std::pin::pin!(disturb));
        let mut is_disturbed = true;
        loop {
            tokio::select! {
                _ = &mut work => break,
                () = &mut disturb, if is_disturbed => is_disturbed = false,
            }
        }
        if is_disturbed {
            disturb.await;
        }
        self.is_like(reference).await
    }
}

/// Waits for so many seconds until `is_so`; how long that took.
///
/// Errors: it did not become so.
pub(crate) async fn within(
    seconds: f64,
    what: &str,
    mut is_so: impl AsyncFnMut() -> bool,
) -> Result<f64, String> {
    let start = Instant::now();
    loop {
        let took = start.elapsed().as_secs_f64();
        if is_so().await {
            return Ok(took);
        }
        if took > seconds {
            return Err(format!("not within {seconds} s: {what}"));
        }
        sleep(Duration::from_millis(100)).await;
    }
}
