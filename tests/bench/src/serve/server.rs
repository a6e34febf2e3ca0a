//! The servers: how each gets its model, how it is started, and what it is asked.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{PALLADIUM_WORKERS, Tools, http::Request};
use crate::process::{PAUSE, Process, last_lines, pinned, read};

/// A server that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// `auriga serve` with the model of examples/iris.
    Auriga,
    /// An axum handler that parses the query and adds its numbers up.
    Bare,
    /// The same model, by gunicorn.
    Palladium,
    /// The same model, by its REST interface; in one process, as its own documentation advises for small models.
    Mlserver,
}

/// All of them, in the order of the report.
pub(crate) const SERVERS: [Server; 4] = [Server::Auriga, Server::Bare, Server::Palladium, Server::Mlserver];

/// Where servers live during a run.
pub(crate) struct Site<'a> {
    /// What is installed.
    pub(crate) tools: &'a Tools,
    /// A folder of their own.
    pub(crate) folder: &'a Path,
    /// The processor they run on.
    pub(crate) cpu: String,
}

/// A server that answers.
pub(crate) struct Started {
    /// It ends with this value.
    pub(crate) process: Process,
    /// What it answers.
    pub(crate) request: Request,
}

/// One row of iris, a versicolor.
const QUERY: &str = "/predict?sepal%20length=6.3&sepal%20width=2.5&petal%20length=4.9&petal%20width=1.5";
const BODY: &str = r#"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[6.3,2.5,4.9,1.5]}]}"#;
const MANIFEST: &str = "examples/iris/model.yaml";
/// For a first answer.
const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// As in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::Auriga => "auriga",
            Server::Bare => "bare axum",
            Server::Palladium => "palladium",
            Server::Mlserver => "mlserver",
        }
    }

    /// Method and path of what it is asked.
    pub(crate) fn request_line(self) -> &'static str {
        match self {
            Server::Mlserver => "POST /v2/models/iris/infer",
            _ => "GET /predict?…",
        }
    }

    /// Fits its model.
    pub(crate) fn prepare(self, site: &Site<'_>) -> Result<()> {
        let mut command = match self {
            Server::Bare => return Ok(()),
            Server::Auriga => {
                let mut fit = Command::new(&site.tools.auriga);
                fit.args(["fit", "-f", MANIFEST, "--persister", &site.auriga_store()]);
                fit
            }
            Server::Palladium => {
                let mut fit = Command::new(site.tools.palladium.join("pld-fit"));
                site.configure_palladium(&mut fit);
                fit
            }
            Server::Mlserver => {
                let mut fit = Command::new(site.tools.mlserver.join("python"));
                fit.arg("tests/bench/mlserver_model.py")
                    .arg(site.folder.join("mlserver"));
                fit
            }
        };
        read(&format!("the fit for {}", self.name()), &mut command).map(drop)
    }

    /// Starts it and waits for its first right answer.
    ///
    /// Errors: it ended, or did not answer in time, with the last lines of its log.
    pub(crate) fn start(self, site: &Site<'_>) -> Result<Started> {
        let ports = free_ports()?;
        let log = site.log(self);
        let output = File::create(&log).context("cannot write a log")?;
        let mut command = self.command(site, ports);
        command
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output);
        let mut process = Process::start(self.name(), &mut command)?;
        let begun = Instant::now();
        loop {
            let last = match self.request(&log, ports[0]) {
                Some(request) => match request.ask() {
                    Ok(()) => return Ok(Started { process, request }),
                    Err(error) => format!("{error:#}"),
                },
                None => "it has not told its address".to_owned(),
            };
            let ended = process.ended()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let said = last_lines(&fs::read_to_string(&log).unwrap_or_default());
                let how = ended.map_or_else(
                    || format!("gave no right answer: {last}"),
                    |status| format!("ended with {status}"),
                );
                bail!("{} {how}; its log: {said}", process.name());
            }
            thread::sleep(PAUSE);
        }
    }

    fn command(self, site: &Site<'_>, [port, second, third]: [u16; 3]) -> Command {
        let address = format!("127.0.0.1:{port}");
        match self {
            Server::Auriga => {
                let mut command = pinned(&site.cpu, &site.tools.auriga);
                command.args(["serve", "-f", MANIFEST, "--persister", &site.auriga_store()]);
                command.args(["--listen", &address]);
                command
            }
            Server::Bare => {
                let mut command = pinned(&site.cpu, &site.tools.bare);
                command.arg("bare");
                command
            }
            Server::Palladium => {
                let mut command = pinned(&site.cpu, &site.tools.palladium.join("gunicorn"));
                command.args(["--no-control-socket", "--workers", &PALLADIUM_WORKERS.to_string()]);
                command.args(["--bind", &address, "palladium.wsgi:app"]);
                site.configure_palladium(&mut command);
                command
            }
            Server::Mlserver => {
                let mut command = pinned(&site.cpu, &site.tools.mlserver.join("mlserver"));
                command.arg("start").arg(site.folder.join("mlserver"));
                let settings = [
                    ("HOST", "127.0.0.1".to_owned()),
                    ("HTTP_PORT", port.to_string()),
                    ("GRPC_PORT", second.to_string()),
                    ("METRICS_PORT", third.to_string()),
                    ("PARALLEL_WORKERS", "0".to_owned()),
                    ("DEBUG", "false".to_owned()),
                ];
                for (name, value) in settings {
                    command.env(format!("MLSERVER_{name}"), value);
                }
                // It leaves a folder for its metrics where it runs.
                command.current_dir(site.folder);
                command
            }
        }
    }

    /// What it is asked; `None` as long as it has not told where.
    fn request(self, log: &Path, port: u16) -> Option<Request> {
        let authority = match self {
            Server::Bare => {
                let log = fs::read_to_string(log).ok()?;
                log.strip_prefix("http://")?.split_once("/predict")?.0.to_owned()
            }
            _ => format!("127.0.0.1:{port}"),
        };
        let (path, body, expects) = match self {
            Server::Auriga | Server::Palladium => (QUERY, None, "\"Iris-versicolor\""),
            Server::Bare => (QUERY, None, "{\"result\":"),
            Server::Mlserver => ("/v2/models/iris/infer", Some(BODY), "\"data\":[1]"),
        };
        Some(Request {
            authority,
            path,
            body,
            expects,
        })
    }
}

impl Site<'_> {
    fn auriga_store(&self) -> String {
        format!("sqlite://{}", self.folder.join("auriga.db").display())
    }

    fn configure_palladium(&self, command: &mut Command) {
        command.env("PALLADIUM_CONFIG", "tests/bench/palladium_config.py");
        command.env("IRIS_MODELS", self.folder.join("palladium.db"));
    }

    fn log(&self, server: Server) -> PathBuf {
        self.folder.join(format!("{}.log", server.name()))
    }
}

/// Ports that nobody listened on a moment ago; all are taken before any is given back, so they differ.
fn free_ports() -> Result<[u16; 3]> {
    let taken = || TcpListener::bind("127.0.0.1:0").context("no port is free");
    let listeners = [taken()?, taken()?, taken()?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr().context("no port is free")?.port();
    }
    Ok(ports)
}
