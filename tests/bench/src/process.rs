//! Starts programs on given processors, bounded in time, and ends them by their own id.

use std::{
    io::ErrorKind,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::memory::family;

/// How long a program may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at what is waited for.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// A program that runs until this value is dropped.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
}

/// `program` on the processors `cpus`, such as `0` or `0,1`; it ends if this program does.
pub(crate) fn pinned(cpus: &str, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "TERM", "taskset", "--cpu-list", cpus])
        .arg(program);
    command
}

/// As [`pinned`], and ended after `limit` anyway; for [`read`].
pub(crate) fn bounded(limit: Duration, cpus: &str, program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg(limit.as_secs().to_string());
    let inner = pinned(cpus, program);
    command.arg(inner.get_program()).args(inner.get_args());
    command
}

/// Runs a program to its end for what it prints.
///
/// Errors: it cannot be started or fails, with the last lines that it wrote to its standard error.
pub(crate) fn read(name: &str, command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().map_err(not_started)?;
    if status.code() == Some(124) {
        bail!("{name} took too long and was ended");
    }
    if !status.success() {
        bail!(
            "{name} ended with {status}: {}",
            last_lines(&String::from_utf8_lossy(&stderr))
        );
    }
    String::from_utf8(stdout).with_context(|| format!("{name} printed no UTF-8"))
}

/// The last lines of a log, as far as a message can carry them.
pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}

impl Process {
    /// Starts it.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Process> {
        let child = command.spawn().map_err(not_started)?;
        Ok(Process { name, child })
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its id, which is that of the program itself.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child, for its standard streams.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("cannot tell whether {} still runs", self.name))
    }

    fn end(&mut self) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        // Known before it ends: afterwards nobody can tell whose children they were.
        let below: Vec<u32> = family(self.id())?.into_iter().skip(1).collect();
        signal("TERM", self.id());
        let asked = Instant::now();
        while self.ended()?.is_none() {
            if asked.elapsed() > PATIENCE {
                self.child.kill().context("cannot end a process")?;
            }
            thread::sleep(PAUSE);
        }
        for pid in below.into_iter().filter(|pid| runs(*pid)) {
            signal("KILL", pid);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{} (process {}) may still run: {error:#}", self.name, self.id());
        }
    }
}

fn runs(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn signal(name: &str, pid: u32) {
    // One that ended meanwhile needs no signal; what still runs is found by waiting for its end.
    let mut kill = Command::new("kill");
    kill.args(["-s", name, "--", &pid.to_string()])
        .stderr(Stdio::null());
    let _ = kill.status();
}

fn not_started(error: std::io::Error) -> anyhow::Error {
    if error.kind() == ErrorKind::NotFound {
        anyhow::anyhow!("setpriv, taskset or timeout is missing; they are part of util-linux and coreutils")
    } else {
        anyhow::Error::new(error).context("cannot start a program")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_ended_and_a_failure_tells_its_last_words() {
        let check = |limit, script, expected: &str| {
            let mut command = bounded(Duration::from_secs(limit), "0", Path::new("sh"));
            let error = read("the script", command.args(["-c", script])).unwrap_err();
            assert_eq!(format!("{error:#}"), expected);
        };
        check(
            30,
            "echo no memory >&2; exit 3",
            "the script ended with exit status: 3: no memory",
        );
        check(1, "exec sleep 600", "the script took too long and was ended");
    }

    #[test]
    fn a_dropped_process_is_gone_with_its_children() {
        let mut command = pinned("0", Path::new("sh"));
        command.args(["-c", "sleep 600 & echo $!; wait"]);
        let mut process = Process::start("a shell", command.stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(process.child().stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let (pid, below) = (process.id(), line.trim().parse().unwrap());
        assert!(process.ended().unwrap().is_none() && runs(below));
        drop(process);
        assert!(!runs(pid));
        // It holds the other end of the pipe as long as it lives.
        assert_eq!(stdout.read_line(&mut line).unwrap(), 0);
    }
}
