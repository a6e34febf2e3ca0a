//! The cluster that tests run on, and who may use it when.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{
    io::AsyncWriteExt as _,
    process::Command,
    runtime::Runtime,
    sync::{OnceCell, RwLock},
};

use crate::{
    install,
    space::Space,
    until::{until, within},
};

/// A cluster with the operator.
pub struct Cluster {
    /// Speaks to its API server as an administrator.
    pub client: Client,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    /// Tests share it, or have it alone: then all pods of the operator's are theirs to break.
    pub(crate) shared: RwLock<()>,
    numbers: AtomicU32,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    // Clients keep tasks on the runtime that they were made on: one for all tests lets them share one client.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a process can start two threads")
});
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// Runs a test in a namespace of its own, beside others; prints the namespace's story if it fails.
pub fn in_a_namespace(test: impl AsyncFnOnce(&Space)) {
    RUNTIME.block_on(async {
        let cluster = Cluster::ready().await;
        let _shared = cluster.shared.read().await;
        in_space(cluster, test).await;
    });
}

/// As [`in_a_namespace`], while no other test runs: for those that change the operator itself.
pub fn alone(test: impl AsyncFnOnce(&Space)) {
    RUNTIME.block_on(async {
        let cluster = Cluster::ready().await;
        let _alone = cluster.shared.write().await;
        in_space(cluster, test).await;
    });
}

/// Runs a test that needs the cluster alone.
pub fn on_the_cluster(test: impl AsyncFnOnce(&Cluster)) {
    RUNTIME.block_on(async {
        let cluster = Cluster::ready().await;
        let _shared = cluster.shared.read().await;
        test(cluster).await;
    });
}

async fn in_space(cluster: &'static Cluster, test: impl AsyncFnOnce(&Space)) {
    let space = Space::new(cluster).await;
    let result = std::panic::AssertUnwindSafe(test(&space)).catch_unwind().await;
    if result.is_err() {
        space.story().await;
    }
    // What a failed test left may be looked at.
    if env::var_os("AURIGA_E2E_KEEP").is_none() {
        space.delete().await;
    }
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

impl Cluster {
    /// The cluster of `$KUBECONFIG`, else the project's own, with the operator of this tree installed once.
    ///
    /// Panics if there is none and none can be started.
    pub async fn ready() -> &'static Cluster {
        CLUSTER
            .get_or_init(|| async {
                let kubeconfig = kubeconfig().await;
                let cluster = Cluster::of(kubeconfig).await;
                install::install(&cluster).await;
                cluster
            })
            .await
    }

    /// The cluster of a kubeconfig, with the kinds of this tree and without an operator that works in all namespaces; for
    /// programs that bring operators of their own.
    ///
    /// Panics if it does not answer.
    pub async fn without_operator(kubeconfig: &Path) -> &'static Cluster {
        CLUSTER
            .get_or_init(|| async {
                let cluster = Cluster::of(kubeconfig.to_path_buf()).await;
                install::kinds_alone(&cluster).await;
                cluster
            })
            .await
    }

    /// Waits until the API server says that it is ready.
    pub async fn answers(&self) {
        until(within(60), "the API server is ready", async || {
            let request = hyper::Request::get("/readyz").body(Vec::new()).ok()?;
            self.client.request_text(request).await.ok()
        })
        .await;
    }

    /// Another namespace; whoever asked for it deletes it.
    pub async fn space(&'static self) -> Space {
        Space::new(self).await
    }

    async fn of(kubeconfig: PathBuf) -> Cluster {
        // Another part of a build may have chosen a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let read = Kubeconfig::read_from(&kubeconfig).expect("a kubeconfig");
        let mut config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
            .await
            .expect("a kubeconfig with a cluster");
        config.read_timeout = Some(Duration::from_secs(30));
        let beside = kubeconfig.parent().map(|run| run.join("../bin/kubectl"));
        Cluster {
            client: Client::try_from(config).expect("a client"),
            kubectl: beside
                .filter(|path| path.is_file())
                .unwrap_or_else(|| "kubectl".into()),
            kubeconfig,
            shared: RwLock::new(()),
            numbers: AtomicU32::new(0),
        }
    }

    /// The root of this tree.
    pub fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    /// kubectl with these arguments, to be run in the root of this tree.
    pub fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .current_dir(Cluster::root())
            .env("KUBECONFIG", &self.kubeconfig)
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// What kubectl prints, on both streams.
    ///
    /// Panics with it if kubectl fails.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let (succeeded, printed) = self.try_run(arguments).await;
        assert!(succeeded, "kubectl {}: {printed}", arguments.join(" "));
        printed
    }

    /// Whether kubectl succeeds, and what it prints, on both streams.
    pub async fn try_run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self
            .kubectl(arguments)
            .output()
            .await
            .expect("kubectl can be run");
        let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.success(), printed)
    }

    /// As [`Cluster::try_run`], with `text` as the program's input.
    pub async fn feed(&self, arguments: &[&str], text: &str) -> (bool, String) {
        let mut command = self.kubectl(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl can be run");
        let mut input = child.stdin.take().expect("its input is a pipe");
        input.write_all(text.as_bytes()).await.expect("kubectl reads");
        drop(input);
        said(child.wait_with_output().await)
    }

    /// A number that nobody else of this run has.
    pub(crate) fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A name that no other namespace of this run has, nor those that earlier runs left.
    pub(crate) fn namespace_name(&self) -> String {
        format!("e2e-{}-{}", std::process::id(), self.number())
    }
}

fn said(output: io::Result<Output>) -> (bool, String) {
    let output = output.expect("kubectl can be run");
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.success(), printed)
}

async fn kubeconfig() -> PathBuf {
    if let Some(given) = env::var_os("KUBECONFIG").filter(|value| !value.is_empty()) {
        return given.into();
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(Cluster::root())
        .args(["xtask", "cluster", "ready", "--tests"])
        .stderr(Stdio::inherit())
        .output()
        .await
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "`cargo xtask cluster ready --tests` failed"
    );
    String::from_utf8(output.stdout)
        .expect("a path in UTF-8")
        .trim()
        .into()
}
