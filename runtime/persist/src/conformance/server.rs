//! A PostgreSQL server for tests: started in a folder of its own, gone with the process that asked for it.

use std::{
    env, fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use super::{Load, TestStore};
use crate::{Credentials, PersistError, Persister, StoreUri, open_as};

/// The user of [`Server::uri`]: may do everything, and needs no password.
pub const USER: &str = "auriga";

/// Whom a server runs as when root starts it: PostgreSQL refuses to be root. The user and the group of this number own
/// nothing, on any Linux.
const NOBODY: u32 = 65_534;

/// How long a server may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stops the server, and removes its folder, once nobody holds the other end of the standard input: also when the tests
/// are killed.
const WATCH: &str = r#"
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 & pid=$!
cat >/dev/null
kill -INT $pid 2>/dev/null; wait $pid; rm -rf "$folder"
"#;

/// A running server.
pub struct Server {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    n_databases: AtomicU32,
    /// Each holds the other end of the standard input of one [`WATCH`].
    watches: Vec<Child>,
}

impl Server {
    /// The one that all tests of this process share.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Server::start(&[], ""))
    }

    /// One more server, with these settings (`name=value`), and these lines in front of its `pg_hba.conf`. It stops when
    /// the process ends.
    pub fn start(settings: &[&str], rules: &str) -> Server {
        Server::start_with(settings, rules, &[])
    }

    /// As [`Server::start`], with these files, by name, in the server's data folder.
    pub fn start_with(settings: &[&str], rules: &str, files: &[(&str, &str)]) -> Server {
        let folder = tempfile::tempdir()
            .expect("a temporary folder can be made")
            .keep();
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let data = folder.join("data");
        let made = program(&folder, "initdb")
            .arg("--pgdata")
            .arg(&data)
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync"])
            .output()
            .expect("initdb can be started");
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb failed: {words}");
        let rules =
            format!("{rules}\nhost all {USER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        for (name, text) in files.iter().chain(&[("pg_hba.conf", &*rules)]) {
            let file = data.join(name);
            fs::write(&file, text).expect("the data folder can be written");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the file is ours");
            if is_root() {
                chown(&file, Some(NOBODY), Some(NOBODY)).expect("root may give a file away");
            }
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let mut server = Server {
            folder,
            port,
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            n_databases: AtomicU32::new(0),
            watches: Vec::new(),
        };
        server.run();
        server
    }

    /// The port of 127.0.0.1 at which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database of this name, which may exist or not.
    pub fn uri(&self, database: &str) -> StoreUri {
        let text = format!("postgres://127.0.0.1:{}/{database}", self.port);
        StoreUri::parse(&text, Path::new("/")).expect("the address is well-formed")
    }

    /// Makes an empty database and answers its address.
    pub async fn database(&self) -> StoreUri {
        let name = format!("case_{}", self.n_databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}")).await;
        self.uri(&name)
    }

    /// Runs a statement as the user who may do everything.
    pub async fn execute(&self, database: &str, statement: &str) {
        let mut connection = self.connect(database).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .expect("the statement runs");
        connection.close().await.expect("the connection ends well");
    }

    /// A connection of the user who may do everything.
    pub async fn connect(&self, database: &str) -> PgConnection {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(USER)
            .database(database)
            .connect()
            .await
            .expect("the server lets its owner in")
    }

    /// Ends the server at once, in the midst of whatever it does: its processes are killed, and it recovers when it starts
    /// again. What it acknowledged stays.
    pub fn kill(&self) {
        let killed = Command::new("kill").args(["-QUIT", &self.pid()]).status();
        assert!(killed.expect("kill can be started").success());
        let deadline = Instant::now() + PATIENCE;
        // It removes the file when the last of its processes is gone; a new server would refuse to start before.
        while self.state().exists() {
            assert!(
                Instant::now() < deadline,
                "the server does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts the server again after [`Server::kill`], with the same data at the same port.
    pub fn run(&mut self) {
        let postgres = program(&self.folder, "postgres");
        let mut watch = Command::new("sh");
        watch
            .args(["-c", WATCH, "watch"])
            .arg(&self.folder)
            .arg(postgres.get_program())
            .args(postgres.get_args())
            .arg("-D")
            .arg(self.folder.join("data"));
        let port = format!("port={}", self.port);
        let fixed = [
            &*port,
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "shared_buffers=32MB",
            "deadlock_timeout=100ms",
            // These tests kill processes, not machines.
            "fsync=off",
            "full_page_writes=off",
        ];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            watch.args(["-c", setting]);
        }
        let watch = watch
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        self.watches.push(watch);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            assert!(
                Instant::now() < deadline,
                "the server does not come up: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        let state = fs::read_to_string(self.state()).unwrap_or_default();
        state.lines().nth(7).is_some_and(|state| state.trim() == "ready")
            && std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    /// The file in which a running server tells of itself.
    fn state(&self) -> PathBuf {
        self.folder.join("data/postmaster.pid")
    }

    fn pid(&self) -> String {
        let state = fs::read_to_string(self.state()).expect("the server runs");
        state
            .lines()
            .next()
            .expect("the first line is its process")
            .to_owned()
    }

    fn log(&self) -> String {
        let mut log = String::new();
        if let Ok(mut file) = fs::File::open(self.folder.join("log")) {
            let _ = file.read_to_string(&mut log);
        }
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for watch in &mut self.watches {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

/// Opens a store of a test, as [`USER`] if it asks for one.
pub async fn open_in_test(uri: &StoreUri) -> Result<Arc<dyn Persister>, PersistError> {
    let credentials = Credentials {
        user: Some(USER.to_owned()),
        ..Credentials::default()
    };
    open_as(uri, Arc::new(credentials)).await
}

/// A store in a database of its own.
pub struct InDatabase {
    uri: StoreUri,
    load: Load,
}

impl InDatabase {
    /// Makes an empty one on the server that all tests of this process share.
    pub async fn new(load: Load) -> InDatabase {
        let uri = Server::shared().database().await;
        InDatabase { uri, load }
    }
}

#[async_trait]
impl TestStore for InDatabase {
    async fn handle(&self) -> Result<Arc<dyn Persister>, PersistError> {
        open_in_test(&self.uri).await
    }

    fn load(&self) -> Load {
        self.load
    }
}

/// A program of PostgreSQL, to be run by somebody who is not root.
fn program(folder: &Path, name: &str) -> Command {
    let path = find(name);
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args([
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".to_owned(),
                "--".to_owned(),
            ]);
            command.arg(path);
            command
        }
        false => Command::new(path),
    };
    command.current_dir(folder);
    command
}

/// Debian keeps the servers of all versions away from the search path.
fn find(name: &str) -> PathBuf {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    let on_path = env::var_os("PATH").unwrap_or_default();
    let found = folders
        .into_iter()
        .rev()
        .chain(env::split_paths(&on_path))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} of PostgreSQL is missing, which these tests start; on Debian: sudo apt-get install postgresql")
    })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
