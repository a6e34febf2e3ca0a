//! The processes of the project's own node: killed, and started again as they were.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

/// The node, by the folder where its processes have their files.
pub(crate) struct Node {
    folder: PathBuf,
}

/// A process that was killed.
pub(crate) struct Killed {
    name: &'static str,
    folder: PathBuf,
    words: Vec<String>,
    environment: Vec<(String, String)>,
    /// Where the ids of the processes are that it shared the processors with.
    group: Option<PathBuf>,
}

impl Node {
    /// The node of the project's own cluster.
    ///
    /// Errors: this kubeconfig is that of another cluster, whose processes are nobody's to kill.
    pub(crate) fn of(kubeconfig: &Path) -> Result<Node> {
        let folder = kubeconfig.parent().context("a kubeconfig is in a folder")?;
        ensure!(
            folder.join("apiserver.pid").is_file(),
            "the cluster of {} is not the project's own; unset KUBECONFIG to break its node",
            kubeconfig.display()
        );
        Ok(Node {
            folder: folder.to_owned(),
        })
    }

    /// The folder where its processes keep their data.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills one, such as `apiserver` or `etcd`.
    ///
    /// Errors: it does not run.
    pub(crate) async fn kill(&self, name: &'static str) -> Result<Killed> {
        let file = self.folder.join(format!("{name}.pid"));
        let id = fs::read_to_string(&file).with_context(|| format!("{name} does not run"))?;
        let id = id.trim().to_owned();
        let killed = Killed {
            name,
            folder: self.folder.clone(),
            words: parts(&id, "cmdline")?,
            environment: parts(&id, "environ")?
                .iter()
                .filter_map(|one| one.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            group: group(&id),
        };
        // The id of a process that ended long ago may be a stranger's by now.
        let is_ours = |word: &String| word.contains(&*self.folder.to_string_lossy());
        ensure!(killed.words.iter().any(is_ours), "{name} does not run");
        signal("KILL", &id).await?;
        let start = Instant::now();
        while is_alive(&id) {
            ensure!(start.elapsed() < Duration::from_secs(10), "{name} does not end");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(killed)
    }

    /// Whether one runs, such as `kubelet`.
    pub(crate) fn runs(&self, name: &str) -> bool {
        let id = fs::read_to_string(self.folder.join(format!("{name}.pid"))).unwrap_or_default();
        !id.trim().is_empty() && is_alive(id.trim())
    }

    /// Kills what holds the containers of pods, and so all pods.
    ///
    /// Errors: the processes of this machine cannot be listed.
    pub(crate) async fn kill_shims(&self) -> Result<usize> {
        let socket = self.folder.to_string_lossy().into_owned();
        let mut count = 0;
        for entry in fs::read_dir("/proc").context("cannot list processes")? {
            let id = entry.context("cannot list processes")?.file_name();
            let id = id.to_string_lossy().into_owned();
            let words = parts(&id, "cmdline").unwrap_or_default();
            let is_shim = words
                .first()
                .is_some_and(|first| first.contains("containerd-shim"));
            if is_shim && words.iter().any(|word| word.contains(&socket)) {
                signal("KILL", &id).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Killed {
    /// Starts it as it was.
    ///
    /// Errors: it cannot be started.
    pub(crate) fn start(&self) -> Result<()> {
        let log = self.folder.join("log").join(format!("{}.log", self.name));
        let log = File::options().append(true).create(true).open(log);
        let log = log.context("cannot write a log")?;
        // A session of its own: the cluster outlives this program.
        let mut command = Command::new("setsid");
        command
            .arg("nohup")
            .args(&self.words)
            .env_clear()
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot write a log")?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        let id = child.id().with_context(|| format!("{} has ended", self.name))?;
        if let Some(group) = &self.group {
            fs::write(group, id.to_string()).with_context(|| format!("cannot write {}", group.display()))?;
        }
        let file = self.folder.join(format!("{}.pid", self.name));
        fs::write(&file, id.to_string()).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Sends a process a signal, such as `STOP`.
///
/// Errors: `kill` cannot be run.
pub(crate) async fn signal(name: &str, id: &str) -> Result<()> {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(id)
        .status()
        .await;
    sent.context("cannot run kill")?;
    Ok(())
}

/// Whether a process has not wholly ended. One that nobody has asked about yet has, once all its threads are gone: its ports
/// are free only then.
fn is_alive(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let threads = fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    let has_ended = state.is_empty() || (state.starts_with('Z') && threads <= 1);
    !has_ended
}

/// The list of the control group of a process that is about the processor; each is in one.
fn group(id: &str) -> Option<PathBuf> {
    let groups = fs::read_to_string(format!("/proc/{id}/cgroup")).ok()?;
    let mut trees = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"]
        .into_iter()
        .map(Path::new);
    let tree = trees.find(|tree| tree.is_dir())?;
    // Version 1 names the controllers of each tree, version 2 has one tree without a name.
    let is_its = |names: &str| match tree.ends_with("cpu") {
        true => names.split(',').any(|name| name == "cpu"),
        false => names.is_empty(),
    };
    groups.lines().find_map(|line| {
        let (_, line) = line.split_once(':')?;
        let (names, path) = line.split_once(':')?;
        is_its(names).then(|| tree.join(path.trim_start_matches('/')).join("cgroup.procs"))
    })
}

/// The texts of a file of a process, which zero bytes end.
fn parts(id: &str, file: &str) -> Result<Vec<String>> {
    let path = format!("/proc/{id}/{file}");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let parts = text.split('\0').filter(|part| !part.is_empty());
    Ok(parts.map(str::to_owned).collect())
}
