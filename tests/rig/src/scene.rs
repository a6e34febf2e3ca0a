//! A namespace with an operator at work in it, for rows that break something else than its writes.

use std::time::Duration;

use anyhow::Result;
use auriga_crds::Model;
use auriga_e2e::{Manifest, Space, iris_rows, until};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    finding::attempt,
    ground::Ground,
    operator::{Operator, Program},
    proxy::Proxy,
    request::Nth,
};

/// A namespace and its operator.
pub(crate) struct Scene<'a> {
    /// The namespace.
    pub(crate) space: Space,
    ground: &'a Ground,
    at_work: Option<(Proxy, Operator)>,
    exits: Vec<String>,
}

/// Does `work` in a new namespace with an operator, and deletes the namespace.
///
/// Errors: what `work` answers or a wait of it gave up with, and what the Models say then; that the operator ended by itself.
pub(crate) async fn scene<T>(
    ground: &Ground,
    work: impl AsyncFnOnce(&mut Scene<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let mut scene = Scene::begin(ground).await.map_err(|error| format!("{error:#}"))?;
    let mut result = attempt(work(&mut scene)).await.and_then(|result| result);
    if let Err(words) = &mut result {
        words.push_str(&models(&scene.space).await);
    }
    scene.stop();
    let exits = std::mem::take(&mut scene.exits);
    scene.space.delete().await;
    match exits.first() {
        Some(words) => Err(format!("the operator ended by itself: {words}")),
        None => result,
    }
}

impl<'a> Scene<'a> {
    async fn begin(ground: &'a Ground) -> Result<Scene<'a>> {
        let mut scene = Scene {
            space: ground.space().await?,
            ground,
            at_work: None,
            exits: Vec::new(),
        };
        scene.rise(&ground.program).await?;
        Ok(scene)
    }

    /// Starts the operator, in place of the one that works, if one does.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise(&mut self, program: &Program) -> Result<()> {
        self.stop();
        let (kill, killed) = mpsc::unbounded_channel();
        let client = self.ground.client_of_operator(&self.space).await?;
        let proxy = Proxy::start(client, kill).await?;
        let start = program.start(&self.space.name, "rig", proxy.address)?;
        self.at_work = Some((proxy, Operator::start(start, killed)?));
        Ok(())
    }

    /// Starts the operator anew as it was.
    ///
    /// Errors: it cannot be started.
    pub(crate) async fn rise_again(&mut self) -> Result<(), String> {
        let program = self.ground.program.clone();
        self.rise(&program).await.map_err(|error| format!("{error:#}"))
    }

    /// Kills the operator.
    pub(crate) fn stop(&mut self) {
        if let Some((_, operator)) = self.at_work.take() {
            self.exits.extend(operator.exits());
        }
    }

    /// The writes of the operator in the time that follows.
    pub(crate) async fn writes_within(&self, time: Duration) -> Vec<Nth> {
        let Some((proxy, _)) = &self.at_work else {
            return Vec::new();
        };
        proxy.begin(None);
        tokio::time::sleep(time).await;
        proxy.seen(|record| record.writes.clone())
    }

    /// Waits until the operator has written nothing for so long.
    pub(crate) async fn quiet(&self, time: Duration) {
        let Some((proxy, _)) = &self.at_work else { return };
        let start = Instant::now();
        let what = format!("nothing was written for {time:?}");
        until(Duration::from_secs(60), &what, async || {
            let last = proxy.seen(|record| record.last_write).unwrap_or(start);
            (last.max(start).elapsed() >= time).then_some(())
        })
        .await;
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
