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
    sync::{mpsc::UnboundedReceiver, watch},
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
}

/// How to start an operator for one namespace.
pub(crate) struct Start {
    command: Box<dyn Fn() -> Result<Child> + Send>,
    _folder: TempDir,
}

impl Program {
    /// An operator that calls itself `identity`, looks after `namespace`, and speaks to `api_server`.
    pub(crate) fn start(&self, namespace: &str, identity: &str, api_server: SocketAddr) -> Result<Start> {
        self.start_with(
            namespace,
            identity,
            api_server,
            &["--metrics-listen=127.0.0.1:0".to_owned()],
        )
    }

    /// The same, with these flags besides.
    pub(crate) fn start_with(
        &self,
        namespace: &str,
        identity: &str,
        api_server: SocketAddr,
        flags: &[String],
    ) -> Result<Start> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, kubeconfig_of(api_server, namespace))
            .context("cannot write a kubeconfig")?;
        let log = self.logs.join(format!("{namespace}-{identity}.log"));
        let path = self.path.clone();
        let mut all = vec![
            format!("--namespace={namespace}"),
            format!("--identity={identity}"),
        ];
        all.extend_from_slice(flags);
        Ok(Start {
            command: Box::new(move || spawn(&path, &all, &kubeconfig, &log)),
            _folder: folder,
        })
    }
}

impl Start {
    /// Starts it once; it is killed when the value is dropped.
    pub(crate) fn once(&self) -> Result<Child> {
        (self.command)()
    }
}

/// An operator that is started again whenever it was killed, until this is dropped.
pub(crate) struct Operator {
    task: JoinHandle<()>,
    exits: watch::Receiver<Vec<String>>,
}

impl Operator {
    /// Starts one, and kills it whenever `killed` asks for it.
    pub(crate) fn start(start: Start, mut killed: UnboundedReceiver<Killed>) -> Result<Operator> {
        let mut child = start.once()?;
        let (exit, exits) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    asked = killed.recv() => {
                        let Some(is_dead) = asked else { return };
                        // Only one that is dead already cannot be killed.
                        let _ = child.kill().await;
                        let _ = is_dead.send(());
                    }
                    status = child.wait() => {
                        let words = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                        exit.send_modify(|exits| exits.push(words));
                    }
                }
                sleep(DEAD).await;
                match start.once() {
                    Ok(started) => child = started,
                    Err(error) => {
                        exit.send_modify(|exits| exits.push(format!("{error:#}")));
                        return;
                    }
                }
            }
        });
        Ok(Operator { task, exits })
    }

    /// How it ended by itself, each time that it did.
    pub(crate) fn exits(&self) -> Vec<String> {
        self.exits.borrow().clone()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // The process goes with its task.
        self.task.abort();
    }
}

fn spawn(program: &Path, flags: &[String], kubeconfig: &Path, log: &Path) -> Result<Child> {
    let log = std::fs::File::options().create(true).append(true).open(log);
    let log = log.context("cannot write a log")?;
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .args(flags)
        .args([
            "--image",
            "docker.io/auriga/auriga:dev",
            "--image-pull-policy",
            "IfNotPresent",
        ])
        .args(["--retry-mistake", "15s"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
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
