//! A namespace with an operator at work in it, for rows that break something else than its writes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auriga_crds::Model;
use auriga_e2e::{Answer, Manifest, Space, iris_rows, until};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    finding::{attempt, in_words},
    ground::Ground,
    ledger,
    operator::{Operator, Program},
    proxy::Proxy,
    request::Nth,
};

/// How long nothing may be written before all counts as done.
pub(crate) const QUIET: Duration = Duration::from_secs(3);
/// When waiting for that is given up.
const RESTLESS: Duration = Duration::from_secs(60);

/// A namespace and its operator.
pub(crate) struct Scene<'a> {
    /// The namespace.
    pub(crate) space: Space,
    ground: &'a Ground,
    program: Program,
    proxy: Proxy,
    operator: Option<Operator>,
    exits: Vec<String>,
}

/// Does `work` in a new namespace with an operator, and deletes the namespace.
///
/// Errors: what `work` answers or a wait of it gave up with, and what the Models say then; that the operator ended by itself.
pub(crate) async fn scene<T>(
    ground: &Ground,
    work: impl AsyncFnOnce(&mut Scene<'_>) -> Result<T, String>,
) -> Result<T, String> {
    scene_of(ground, &ground.program, work).await
}

/// [`scene`] with another operator.
///
/// Errors: as there.
pub(crate) async fn scene_of<T>(
    ground: &Ground,
    program: &Program,
    work: impl AsyncFnOnce(&mut Scene<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let begun = Scene::begin(ground, program).await;
    let mut scene = begun.map_err(in_words)?;
    let result = attempt(work(&mut scene)).await.and_then(|result| result);
    let result = match result {
        Ok(done) => ledger::check(&scene.space).await.map(|()| done),
        Err(words) => Err(words + &scene.told().await),
    };
    scene.stop().await;
    let exits = std::mem::take(&mut scene.exits);
    scene.space.delete().await;
    match exits.first() {
        Some(words) => Err(format!("the operator ended by itself: {words}")),
        None => result,
    }
}

impl<'a> Scene<'a> {
    /// Makes a namespace, and starts an operator in it.
    ///
    /// Errors: the cluster does not answer, or the program does not start.
    pub(crate) async fn begin(ground: &'a Ground, program: &Program) -> Result<Scene<'a>> {
        let space = ground.space().await?;
        let proxy = Proxy::start(ground.client_of_operator(&space).await?).await?;
        let mut scene = Scene {
            space,
            ground,
            program: program.clone(),
            proxy,
            operator: None,
            exits: Vec::new(),
        };
        scene.rise(program).await?;
        Ok(scene)
    }

    /// What stands between the operator and the API server.
    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// How the operator ended by itself, each time that it did.
    pub(crate) fn exits(&self) -> Vec<String> {
        let now = self.operator.as_ref().map(Operator::exits).unwrap_or_default();
        self.exits.iter().cloned().chain(now).collect()
    }

    /// Starts an operator, in place of the one that works, if one does.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise(&mut self, program: &Program) -> Result<()> {
        self.stop().await;
        let (kill, killed) = mpsc::unbounded_channel();
        self.proxy.kills(kill);
        let start = program.start(&self.space.name, "rig", self.proxy.address)?;
        self.operator = Some(Operator::start(start, killed)?);
        Ok(())
    }

    /// Starts the operator anew as it was at the beginning.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise_again(&mut self) -> Result<(), String> {
        let program = self.program.clone();
        self.rise(&program).await.map_err(in_words)
    }

    /// Sends the operator a signal, such as `STOP`.
    ///
    /// Errors: it does not run.
    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        let id = self.operator.as_ref().and_then(Operator::id);
        let id = id.context("the operator does not run")?;
        crate::node::signal(name, &id.to_string()).await
    }

    /// Kills the operator, and lets it be dead.
    pub(crate) async fn stop(&mut self) {
        if let Some(operator) = self.operator.take() {
            self.exits.extend(operator.kill().await);
        }
    }

    /// What the operator says of its own health: the status of the answer.
    ///
    /// Errors: it does not answer.
    pub(crate) async fn healthz(&self) -> Result<u16, String> {
        Ok(self.asks("/healthz").await?.code)
    }

    /// What the operator answers at `/healthz`, `/readyz` or `/metrics`.
    ///
    /// Errors: it does not answer.
    pub(crate) async fn asks(&self, path: &str) -> Result<Answer, String> {
        let operator = self.operator.as_ref().ok_or("the operator does not run")?;
        auriga_e2e::get(operator.metrics, path).await
    }

    /// The most memory that the operator ever had, in MiB.
    pub(crate) fn peak_memory(&self) -> Option<f64> {
        let id = self.operator.as_ref()?.id()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib / 1024.0)
    }

    /// The writes of the operator in the time that follows.
    pub(crate) async fn writes_within(&self, time: Duration) -> Vec<Nth> {
        self.proxy.begin(None);
        tokio::time::sleep(time).await;
        self.proxy.seen(|record| record.writes.clone())
    }

    /// Waits until the operator has written nothing for so long, from now on.
    pub(crate) async fn quiet(&self, time: Duration) {
        let since = Some(Instant::now());
        let is_quiet = self.proxy.is_quiet(time, since, RESTLESS).await;
        assert!(is_quiet, "it still writes after {RESTLESS:?}");
    }

    /// What the Models of this namespace say of themselves, in parentheses.
    pub(crate) async fn told(&self) -> String {
        models(&self.space).await
    }

    /// What the operators of this namespace have logged.
    pub(crate) fn log(&self) -> String {
        let path = self.ground.program.log(&self.space.name, "rig");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// The Model iris on a PostgreSQL whose data last, with two replicas, serving its first version.
    pub(crate) async fn on_postgres(&self) -> Manifest {
        let space = &self.space;
        space.lasting_postgres().await;
        space.rows("iris", &iris_rows()).await;
        let iris = Manifest::iris("iris").on_postgres();
        space.apply(&iris).await;
        space.serves("iris", 1).await;
        iris
    }

    /// The Model iris on a claim, serving its first version.
    pub(crate) async fn on_a_claim(&self) -> Manifest {
        let iris = Manifest::iris("iris");
        self.space.iris_data("iris").await;
        self.space.apply(&iris).await;
        self.space.serves("iris", 1).await;
        iris
    }
}

/// How long it takes until `ask` has an answer, in seconds; it panics with `what` after `limit` seconds.
pub(crate) async fn seconds_until<T>(
    limit: u64,
    what: &str,
    ask: impl AsyncFnMut() -> Option<T>,
) -> (f64, T) {
    let start = Instant::now();
    let answer = until(Duration::from_secs(limit), what, ask).await;
    (start.elapsed().as_secs_f64(), answer)
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

/// What the Models of a namespace say of themselves, in parentheses.
async fn models(space: &Space) -> String {
    let listed = space
        .typed::<Model>()
        .list(&kube::api::ListParams::default())
        .await;
    let mut told = String::new();
    for model in listed.map(|list| list.items).unwrap_or_default() {
        let name = model.metadata.name.as_deref().unwrap_or_default();
        let words = auriga_e2e::ready(&model).map_or_else(
            || "nothing".to_owned(),
            |ready| format!("Ready={:?}, {}: {}", ready.status, ready.reason, ready.message),
        );
        told.push_str(&format!(" (Model {name} of {}: {words})", space.name));
    }
    told
}
