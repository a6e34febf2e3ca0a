//! An operator as a process of this machine: started, killed, started again.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    sync::{mpsc::UnboundedReceiver, oneshot, watch},
    task::JoinHandle,
    time::sleep,
};

use crate::proxy::Killed;

/// How long a dead operator stays dead: about what a kubelet takes.
const DEAD: Duration = Duration::from_millis(200);

/// What all operators of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Where logs go, one file for each operator.
    pub(crate) logs: PathBuf,
    /// The image of the pods that it starts.
    pub(crate) image: String,
    /// Its environment, besides where the API server is.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// How to start an operator for one namespace.
pub(crate) struct Start {
    /// Where it answers at /healthz and /metrics.
    pub(crate) metrics: SocketAddr,
    command: Box<dyn Fn() -> Result<Child> + Send>,
    _folder: TempDir,
}

impl Program {
    /// An operator that calls itself `identity`, looks after `namespace`, and speaks to `api_server`.
    pub(crate) fn start(&self, namespace: &str, identity: &str, api_server: SocketAddr) -> Result<Start> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, kubeconfig_of(api_server, namespace))
            .context("cannot write a kubeconfig")?;
        let log = self.log(namespace, identity);
        let (program, namespace, identity) = (self.clone(), namespace.to_owned(), identity.to_owned());
        let metrics = free_address()?;
        Ok(Start {
            metrics,
            command: Box::new(move || spawn(&program, &namespace, &identity, &kubeconfig, metrics, &log)),
            _folder: folder,
        })
    }

    /// The same with pods of another image.
    pub(crate) fn with_image(&self, image: &str) -> Program {
        Program {
            image: image.to_owned(),
            ..self.clone()
        }
    }

    /// The same with more in its environment.
    pub(crate) fn with_environment(&self, more: impl IntoIterator<Item = (&'static str, String)>) -> Program {
        let mut program = self.clone();
        program.environment.extend(more);
        program
    }

    /// Where the operator that calls itself `identity` in `namespace` logs.
    pub(crate) fn log(&self, namespace: &str, identity: &str) -> PathBuf {
        self.logs.join(format!("{namespace}-{identity}.log"))
    }
}

impl Start {
    /// Starts it once; it is killed when the value is dropped.
    pub(crate) fn once(&self) -> Result<Child> {
        (self.command)()
    }
}

/// An operator that is started again whenever it ended, until this is dropped.
pub(crate) struct Operator {
    /// Where it answers at /healthz and /metrics.
    pub(crate) metrics: SocketAddr,
    task: JoinHandle<()>,
    end: oneshot::Sender<()>,
    exits: watch::Receiver<Vec<String>>,
    id: watch::Receiver<Option<u32>>,
}

impl Operator {
    /// Starts one, and kills it whenever `killed` asks for it.
    pub(crate) fn start(start: Start, mut killed: UnboundedReceiver<Killed>) -> Result<Operator> {
        let mut child = start.once()?;
        let (exit, exits) = watch::channel(Vec::new());
        let (changed, id) = watch::channel(child.id());
        let (end, mut is_to_end) = oneshot::channel();
        let metrics = start.metrics;
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    // One that has ended by itself was not killed.
                    biased;
                    status = child.wait() => {
                        let words = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                        exit.send_modify(|exits| exits.push(words));
                    }
                    _ = &mut is_to_end => {
                        let _ = child.kill().await;
                        return;
                    }
                    asked = killed.recv() => {
                        let Some(is_dead) = asked else { return };
                        // Only one that is dead already cannot be killed.
                        let _ = child.kill().await;
                        let _ = is_dead.send(());
                    }
                }
                sleep(DEAD).await;
                match start.once() {
                    Ok(started) => {
                        changed.send_replace(started.id());
                        child = started;
                    }
                    Err(error) => {
                        exit.send_modify(|exits| exits.push(format!("{error:#}")));
                        return;
                    }
                }
            }
        });
        Ok(Operator {
            metrics,
            task,
            end,
            exits,
            id,
        })
    }

    /// Kills it for good; how it ended by itself before, each time that it did.
    pub(crate) async fn kill(self) -> Vec<String> {
        // A task that has ended has no process any more.
        let _ = self.end.send(());
        let _ = self.task.await;
        self.exits.borrow().clone()
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> Option<u32> {
        *self.id.borrow()
    }

    /// How it ended by itself, each time that it did.
    pub(crate) fn exits(&self) -> Vec<String> {
        self.exits.borrow().clone()
    }
}

/// An address of this machine that nobody listens at: whoever starts an operator knows it then.
fn free_address() -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("cannot listen")?;
    listener.local_addr().context("a listener has an address")
}

fn spawn(
    program: &Program,
    namespace: &str,
    identity: &str,
    kubeconfig: &Path,
    metrics: SocketAddr,
    log: &Path,
) -> Result<Child> {
    let log = std::fs::File::options().create(true).append(true).open(log);
    let log = log.context("cannot write a log")?;
    let mut command = Command::new(&program.path);
    command
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .envs(program.environment.iter().map(|(key, value)| (key, value)))
        .args(["--namespace", namespace, "--identity", identity])
        .args(["--image", &program.image, "--image-pull-policy", "IfNotPresent"])
        .args(["--metrics-listen", &metrics.to_string(), "--retry-mistake", "15s"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command
        .spawn()
        .with_context(|| format!("cannot start {}", program.path.display()))
}

/// A kubeconfig without credentials: the proxy has them.
fn kubeconfig_of(api_server: SocketAddr, namespace: &str) -> String {
    let context = json!({ "cluster": "rig", "user": "rig", "namespace": namespace });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rig",
        "clusters": [{ "name": "rig", "cluster": { "server": format!("http://{api_server}") } }],
        "users": [{ "name": "rig", "user": {} }],
        "contexts": [{ "name": "rig", "context": context }],
    })
    .to_string()
}
