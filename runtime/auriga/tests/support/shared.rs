//! Runs the program as its users do: a process in a folder of its own, its exit code, its streams, its answers.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Nothing here takes this long, unless it is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) const AURIGA: &str = env!("CARGO_BIN_EXE_auriga");

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `auriga <arguments>` in `folder` to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    end(program(folder).args(arguments))
}

/// The program, about to start in `folder`, without what the caller's terminal would change.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(AURIGA);
    for name in ["CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command.current_dir(folder);
    command
}

/// Runs a command to its end, with an empty standard input.
pub(crate) fn end(command: &mut Command) -> Ended {
    let piped = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let code = wait(&mut child);
    Ended {
        code,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// `up` or `serve` with its events, killed when dropped.
pub(crate) struct Running {
    child: Child,
    events: Receiver<Value>,
    stderr: Option<JoinHandle<String>>,
    /// Every event received so far.
    pub(crate) seen: Vec<Value>,
}

impl Running {
    /// Starts `auriga <arguments>` in `folder` on a free port, with JSON on its standard output.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Running {
        let more = ["--listen", "127.0.0.1:0", "--output", "json"];
        Running::spawn(program(folder).args(arguments).args(more))
    }

    /// Starts a command that prints JSON lines.
    pub(crate) fn spawn(command: &mut Command) -> Running {
        let piped = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let stderr = collect(child.stderr.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                // Nobody listens any more once the test is over.
                let _ = sender.send(event);
            }
        });
        Running {
            child,
            events,
            stderr: Some(stderr),
            seen: Vec::new(),
        }
    }

    /// Waits for the next event of this name and returns it.
    pub(crate) fn wait_for(&mut self, event: &str) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self
                .events
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(found) => {
                    self.seen.push(found.clone());
                    if found["event"] == event {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no event {event:?} in time, only {:?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => {
                    let ended = self.ended();
                    panic!("ended before {event:?}: {ended:?}, after {:?}", self.seen);
                }
            }
        }
    }

    /// Waits until `up` has brought its version into service, and returns where it answers.
    pub(crate) fn ready(&mut self) -> SocketAddr {
        self.wait_for("ready")["address"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Waits until `serve` listens, and returns where.
    pub(crate) fn listening(&mut self) -> SocketAddr {
        self.wait_for("listening")["address"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// The events that have come in since the last look, without waiting.
    pub(crate) fn news(&mut self) -> Vec<Value> {
        let news: Vec<Value> = self.events.try_iter().collect();
        self.seen.extend_from_slice(&news);
        news
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &id])
            .status()
            .unwrap();
        assert!(sent.success(), "signal {name}");
    }

    /// Waits until the process has ended by itself; `stdout` holds the events, one a line.
    pub(crate) fn ended(&mut self) -> Ended {
        let code = wait(&mut self.child);
        self.seen.extend(self.events.iter());
        let stdout = self.seen.iter().map(|event| format!("{event}\n")).collect();
        let stderr = self
            .stderr
            .take()
            .map_or_else(String::new, |stderr| stderr.join().unwrap());
        Ended { code, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection to a service, kept open between requests.
pub(crate) struct Connection(BufReader<TcpStream>);

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection(BufReader::new(stream))
    }

    /// Sends a request with `body` and reads the answer.
    pub(crate) fn request(&mut self, method: &str, target: &str, body: &[u8]) -> std::io::Result<Answer> {
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nhost: auriga\r\ncontent-length: {length}\r\n\r\n");
        self.stream().write_all(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    /// For requests that are written byte by byte.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.0.get_mut()
    }

    /// Reads the next answer, whose length must be told.
    pub(crate) fn answer(&mut self) -> std::io::Result<Answer> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = (lines[1..].iter())
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").unwrap();
        let mut body = vec![0; length.1.parse().unwrap()];
        self.0.read_exact(&mut body)?;
        Ok(Answer {
            status,
            headers,
            text: String::from_utf8(body).unwrap(),
        })
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// `GET` on a connection of its own.
pub(crate) fn get(address: SocketAddr, target: &str) -> Answer {
    Connection::open(address).request("GET", target, b"").unwrap()
}

/// `POST` on a connection of its own.
pub(crate) fn post(address: SocketAddr, target: &str, body: impl AsRef<[u8]>) -> Answer {
    Connection::open(address)
        .request("POST", target, body.as_ref())
        .unwrap()
}

/// Copies the files of one of the examples into `folder`.
pub(crate) fn copy_example(name: &str, folder: &Path) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    for entry in std::fs::read_dir(example).unwrap() {
        let entry = entry.unwrap();
        // Folders are for clusters.
        if entry.path().is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the end; a process that goes on too long is killed, and the test fails.
fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the process did not end within {DEADLINE:?}");
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}
