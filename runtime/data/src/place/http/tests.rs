//! A server of this file answers in every way that servers do.

use std::{net::SocketAddr, path::Path, process::Command, sync::Arc, sync::Mutex, time::Duration};

use rcgen::generate_simple_self_signed;
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::time::timeout;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::{Notify, mpsc},
};
use tokio_rustls::TlsAcceptor;

use super::client::{self, Reach};
use crate::{AddressPolicy, Csv, DataError, Limits, Place, Progress, load};

const IRIS: &str = "length,species\n5.1,setosa\n7.0,versicolor\n";

/// A server on a port of its own for the length of a test.
struct Server {
    address: SocketAddr,
    /// Told when a client went away in the middle of `/endless`.
    left: Arc<Notify>,
}

impl Server {
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(Notify::new());
        let tell = left.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, tell.clone()));
            }
        });
        Server { address, left }
    }

    fn at(&self, path: &str) -> Place {
        Place::from_url(&format!("http://{}{path}", self.address)).unwrap()
    }

    async fn load(&self, path: &str, limits: &Limits) -> Result<usize, DataError> {
        load(&Csv::default(), &self.at(path), limits, &|_| {})
            .await
            .map(|table| table.n_rows())
    }

    /// The message for `path`, with the server's address as `SERVER`.
    async fn refuses(&self, path: &str, limits: &Limits, expected: &str, users_mistake: bool) {
        let error = self.load(path, limits).await.unwrap_err();
        let message = error.to_string().replace(&self.address.to_string(), "SERVER");
        assert_eq!(message, expected);
        assert_eq!(error.is_users_mistake(), users_mistake, "{message}");
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, left: Arc<Notify>) {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let whole = |body: &str| format!("200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer = match path {
        "/iris.csv" => whole(IRIS),
        "/late-text.csv" => whole(&format!("a\n{}x\n", "007\n".repeat(50_000))),
        "/chunked.csv" => {
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\na\n\r\n2\r\n1\n\r\n0\r\n\r\n".to_owned()
        }
        "/relative" => "302 Found\r\nlocation: iris.csv\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/metadata" => redirect("http://169.254.169.254/latest/meta-data/iam?token=hunter2"),
        "/mapped" => redirect("http://[::ffff:169.254.169.254]/"),
        "/file" => redirect("file:///etc/passwd"),
        "/userinfo" => redirect("http://ann:hunter2@127.0.0.1/"),
        "/loop" => redirect("/loop"),
        "/nowhere" => "302 Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/gzip" => "200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx".to_owned(),
        "/cut" => "200 OK\r\ncontent-length: 100\r\n\r\na\n1\n".to_owned(),
        "/huge" => "200 OK\r\ncontent-length: 9999999999999\r\n\r\na\n".to_owned(),
        "/not-http" => "".to_owned(),
        "/500" => "500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/401" => "401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/204" => "204 No Content\r\n\r\n".to_owned(),
        "/silent" => return std::future::pending().await,
        "/pausing" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\na\n1\n").await;
            return std::future::pending().await;
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\na\n").await;
            while stream.write_all(b"1\n".repeat(50_000).as_slice()).await.is_ok() {}
            left.notify_one();
            return;
        }
        _ => "404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn redirect(to: &str) -> String {
    format!("307 Temporary Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn limits() -> Limits {
    Limits::new(AddressPolicy::Laptop)
}

#[tokio::test]
async fn a_table_comes_whole_in_chunks_and_through_redirects() {
    let server = Server::start().await;
    assert_eq!(server.load("/iris.csv", &limits()).await.unwrap(), 2);
    assert_eq!(server.load("/chunked.csv", &limits()).await.unwrap(), 1);
    assert_eq!(server.load("/relative", &limits()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_column_that_turns_into_text_late_is_read_again_without_asking_again() {
    let server = Server::start().await;
    let table = load(&Csv::default(), &server.at("/late-text.csv"), &limits(), &|_| {})
        .await
        .unwrap();
    assert_eq!(table.n_rows(), 50_001);
    assert_eq!(
        table.column("a").unwrap().cell(0),
        auriga_learn::Cell::Text("007")
    );
}

#[tokio::test]
async fn a_body_whose_kinds_are_declared_is_read_without_being_kept() {
    let server = Server::start().await;
    let declared = Csv {
        types: [("a".to_owned(), auriga_learn::ColumnKind::Text)].into(),
        ..Csv::default()
    };
    let table = load(&declared, &server.at("/late-text.csv"), &limits(), &|_| {})
        .await
        .unwrap();
    assert_eq!(table.n_rows(), 50_001);
    assert_eq!(
        table.column("a").unwrap().cell(50_000),
        auriga_learn::Cell::Text("x")
    );
}

#[tokio::test]
async fn progress_grows_up_to_the_whole() {
    let server = Server::start().await;
    let seen = Mutex::new(Vec::new());
    load(
        &Csv::default(),
        &server.at("/late-text.csv"),
        &limits(),
        &|progress| {
            seen.lock().unwrap().push(progress);
        },
    )
    .await
    .unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.bytes), "{seen:?}");
    let whole = Progress {
        bytes: 200_004,
        total: Some(200_004),
    };
    assert_eq!(seen.last(), Some(&whole));
}

#[tokio::test]
async fn answers_other_than_the_data_are_named() {
    let server = Server::start().await;
    let refuses = async |path, expected, users_mistake| {
        server.refuses(path, &limits(), expected, users_mistake).await;
    };
    refuses(
        "/absent?token=hunter2",
        "http://SERVER/absent answered 404 Not Found; check the address",
        true,
    )
    .await;
    refuses(
        "/401",
        "http://SERVER/401 answered 401 Unauthorized; it needs credentials; put the data where they can be read without",
        true,
    )
    .await;
    refuses(
        "/500",
        "http://SERVER/500 answered 500 Internal Server Error; the server failed; try again later",
        false,
    )
    .await;
    refuses(
        "/204",
        "http://SERVER/204 is empty; it should have a header and rows",
        true,
    )
    .await;
    refuses(
        "/gzip",
        "http://SERVER/gzip is sent with the encoding \"gzip\", which was not asked for; serve it without compression",
        true,
    )
    .await;
    refuses(
        "/huge",
        "http://SERVER/huge is larger than 2 GiB; read a part of it with nrows, or make it smaller",
        true,
    )
    .await;
    let error = server.load("/cut", &limits()).await.unwrap_err();
    assert!(matches!(error, DataError::BrokenOff { .. }), "{error}");
    let error = server.load("/not-http", &limits()).await.unwrap_err();
    assert!(matches!(error, DataError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn redirects_lead_nowhere_that_is_forbidden() {
    let server = Server::start().await;
    let refuses = async |path, expected| server.refuses(path, &limits(), expected, true).await;
    refuses(
        "/metadata",
        "http://SERVER/metadata leads to 169.254.169.254 (169.254.169.254), which is link-local, where cloud metadata services live; data cannot be read from there, so give another address",
    )
    .await;
    refuses(
        "/mapped",
        "http://SERVER/mapped leads to [::ffff:a9fe:a9fe] (::ffff:169.254.169.254), which is link-local, where cloud metadata services live; data cannot be read from there, so give another address",
    )
    .await;
    refuses(
        "/file",
        "http://SERVER/file redirects to file:///etc/passwd: only http and https can be read over the network; use one of them",
    )
    .await;
    refuses(
        "/userinfo",
        "http://SERVER/userinfo redirects to http://127.0.0.1/: user names and passwords do not belong into an address; remove them",
    )
    .await;
    refuses(
        "/loop",
        "http://SERVER/loop redirects more than 5 times; give the address it ends at",
    )
    .await;
    refuses(
        "/nowhere",
        "http://SERVER/nowhere redirects without saying where to; check the address",
    )
    .await;
}

#[tokio::test]
async fn a_public_host_does_not_choose_which_hosts_inside_are_asked() {
    let server = Server::start().await;
    let Place::Url(url) = server.at("/iris.csv") else {
        panic!("it is an address on the web")
    };
    let get = async |reach| client::get(&url, reach, "http://example.org/", &limits()).await;
    let (_, next) = get(Reach::Anywhere).await.unwrap();
    assert_eq!(next, Reach::Anywhere);
    let error = get(Reach::PublicAlone).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http://example.org/ leads to 127.0.0.1 (127.0.0.1), which is inside this network, where a redirect from a public host must not lead; data cannot be read from there, so give another address"
    );
    assert!(error.is_users_mistake());
}

#[tokio::test]
async fn a_pod_does_not_ask_itself() {
    let server = Server::start().await;
    let cluster = Limits::new(AddressPolicy::Cluster);
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "[::1]",
        "0.0.0.0",
    ] {
        let place = Place::from_url(&format!("http://{host}:{}/iris.csv", server.address.port())).unwrap();
        let error = load(&Csv::default(), &place, &cluster, &|_| {})
            .await
            .unwrap_err();
        assert!(matches!(error, DataError::Refused { .. }), "{host}: {error}");
        assert!(error.is_users_mistake());
    }
}

#[tokio::test]
async fn slowness_ends_where_the_limits_say() {
    let server = Server::start().await;
    let short = Duration::from_millis(50);
    let check = async |path, limits: Limits, expected| server.refuses(path, &limits, expected, false).await;
    check(
        "/silent",
        Limits { first_byte: short, ..limits() },
        "http://SERVER/silent took too long: waiting for the first byte did not end within 0.05 s; try again or use a nearer copy",
    )
    .await;
    check(
        "/pausing",
        Limits { idle: short, ..limits() },
        "http://SERVER/pausing took too long: a silence within the answer did not end within 0.05 s; try again or use a nearer copy",
    )
    .await;
    check(
        "/pausing",
        Limits { total: short, ..limits() },
        "http://SERVER/pausing took too long: the whole load did not end within 0.05 s; try again or use a nearer copy",
    )
    .await;
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_limit_or_with_the_rows_asked_for() {
    let server = Server::start().await;
    let small = Limits {
        max_bytes: 1 << 20,
        ..limits()
    };
    let expected =
        "http://SERVER/endless is larger than 1 MiB; read a part of it with nrows, or make it smaller";
    server.refuses("/endless", &small, expected, true).await;
    let first = Csv {
        nrows: Some(3),
        ..Csv::default()
    };
    let table = load(&first, &server.at("/endless"), &limits(), &|_| {})
        .await
        .unwrap();
    assert_eq!(table.n_rows(), 3);
}

#[tokio::test]
async fn a_load_that_is_given_up_lets_the_server_go() {
    let server = Server::start().await;
    let (began, mut begun) = mpsc::unbounded_channel();
    let place = server.at("/endless");
    let loading = tokio::spawn(async move {
        load(&Csv::default(), &place, &limits(), &|progress| {
            let _ = began.send(progress);
        })
        .await
    });
    begun.recv().await.unwrap();
    loading.abort();
    timeout(Duration::from_secs(10), server.left.notified())
        .await
        .expect("the connection was closed");
}

#[tokio::test]
async fn a_host_without_server_is_unreachable_and_worth_another_try() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let place = Place::from_url(&format!("http://{closed}/iris.csv")).unwrap();
    let error = load(&Csv::default(), &place, &limits(), &|_| {})
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("cannot be reached (Connection refused"),
        "{message}"
    );
    assert!(!error.is_users_mistake());

    let place = Place::from_url("http://no-such-host.invalid/iris.csv").unwrap();
    let error = load(&Csv::default(), &place, &limits(), &|_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, DataError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().contains("host \"no-such-host.invalid\""),
        "{error}"
    );
}

/// Set in the process that trusts the test's certificate: the address to load.
const TRUSTING: &str = "AURIGA_TEST_HTTPS";

/// Trust comes from the environment, which a process reads for itself; so this test runs itself again in another one.
#[tokio::test]
async fn https_works_with_a_trusted_certificate_and_only_then() {
    if let Ok(address) = std::env::var(TRUSTING) {
        let place = Place::from_url(&address).unwrap();
        let table = load(&Csv::default(), &place, &limits(), &|_| {}).await.unwrap();
        assert_eq!(table.n_rows(), 2);
        return;
    }
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "https://localhost:{}/iris.csv",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, Arc::new(Notify::new())).await;
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, certified.cert.pem()).unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(
        &other,
        generate_simple_self_signed(["other".to_owned()])
            .unwrap()
            .cert
            .pem(),
    )
    .unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();

    let (succeeded, output) = run_again_trusting(&bundle, &address).await;
    assert!(succeeded, "{output}");
    let (succeeded, output) = run_again_trusting(&other, &address).await;
    assert!(
        !succeeded && output.contains("invalid peer certificate"),
        "{output}"
    );
    let (succeeded, output) = run_again_trusting(&empty, &address).await;
    assert!(!succeeded && output.contains("no root certificates"), "{output}");
}

async fn run_again_trusting(bundle: &Path, address: &str) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "https_works_with_a_trusted_certificate_and_only_then",
            "--nocapture",
        ])
        .env(TRUSTING, address)
        .env("SSL_CERT_FILE", bundle)
        .env_remove("SSL_CERT_DIR");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}
