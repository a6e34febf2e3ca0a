//! A namespace with an operator at work in it, for rows that break something else than its writes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auriga_crds::Model;
use auriga_e2e::{Manifest, Space, iris_rows, until};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    finding::attempt,
    ground::Ground,
    ledger,
    operator::{Operator, Program},
    proxy::Proxy,
    request::Nth,
};

/// A namespace and its operator.
pub(crate) struct Scene<'a> {
    /// The namespace.
    pub(crate) space: Space,
    ground: &'a Ground,
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
    let mut scene = begun.map_err(|error| format!("{error:#}"))?;
    let result = attempt(work(&mut scene)).await.and_then(|result| result);
    let result = match result {
        Ok(done) => ledger::check(&scene.space).await.map(|()| done),
        Err(words) => Err(words + &scene.told().await),
    };
    scene.stop();
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
        let (proxy, operator) = start(ground, &space, program).await?;
        Ok(Scene {
            space,
            ground,
            proxy,
            operator: Some(operator),
            exits: Vec::new(),
        })
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

    /// Starts the operator, in place of the one that works, if one does.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise(&mut self, program: &Program) -> Result<()> {
        self.stop();
        let (proxy, operator) = start(self.ground, &self.space, program).await?;
        self.proxy = proxy;
        self.operator = Some(operator);
        Ok(())
    }

    /// Starts the operator anew as it was.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise_again(&mut self) -> Result<(), String> {
        let program = self.ground.program.clone();
        self.rise(&program).await.map_err(|error| format!("{error:#}"))
    }

    /// Sends the operator a signal, such as `STOP`.
    ///
    /// Errors: it does not run.
    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        let id = self.operator.as_ref().and_then(Operator::id);
        let id = id.context("the operator does not run")?;
        crate::node::signal(name, &id.to_string()).await
    }

    /// Kills the operator.
    pub(crate) fn stop(&mut self) {
        if let Some(operator) = self.operator.take() {
            self.exits.extend(operator.exits());
        }
    }

    /// The writes of the operator in the time that follows.
    pub(crate) async fn writes_within(&self, time: Duration) -> Vec<Nth> {
        self.proxy.begin(None);
        tokio::time::sleep(time).await;
        self.proxy.seen(|record| record.writes.clone())
    }

    /// Waits until the operator has written nothing for so long.
    pub(crate) async fn quiet(&self, time: Duration) {
        let start = Instant::now();
        let what = format!("nothing was written for {time:?}");
        until(Duration::from_secs(60), &what, async || {
            let last = self.proxy.seen(|record| record.last_write).unwrap_or(start);
            (last.max(start).elapsed() >= time).then_some(())
        })
        .await;
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

async fn start(ground: &Ground, space: &Space, program: &Program) -> Result<(Proxy, Operator)> {
    let (kill, killed) = mpsc::unbounded_channel();
    let proxy = Proxy::start(ground.client_of_operator(space).await?, kill).await?;
    let start = program.start(&space.name, "rig", proxy.address)?;
    Ok((proxy, Operator::start(start, killed)?))
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

/// What the Models of a namespace say of themselves, in parentheses.
async fn models(space: &Space) -> String {
    let listed = space
        .typed::<Model>()
        .list(&kube::api::ListParams::default())
        .await;
    let mut told = String::new();
    for model in listed.map(|list| list.items).unwrap_or_default() {
        let name = model.metadata.name.unwrap_or_default();
        let status = model.status.unwrap_or_default();
        let ready = auriga_e2e::condition(&status.conditions, "Ready").cloned();
        let words = ready.map_or_else(
            || "nothing".to_owned(),
            |ready| format!("Ready={:?}, {}: {}", ready.status, ready.reason, ready.message),
        );
        told.push_str(&format!(" (Model {name} of {}: {words})", space.name));
    }
    told
}
