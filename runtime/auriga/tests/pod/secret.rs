//! A store whose Secret comes late, or with a wrong password: pods say so, wait, and go on by themselves.

use std::{fs, net::SocketAddr, process::Command, sync::LazyLock};

use auriga_persist::conformance::server::Server;

use super::{
    bench::{Bench, FLOWER, alive, alive_until},
    progress::Fit,
};
use crate::support::{Running, get};

/// Never to be read anywhere.
const PASSWORD: &str = "hunter2-canary";
const WRONG: &str = "hunter3-canary";

/// A user whose password is [`PASSWORD`], on the server that these tests share.
static SERVER: LazyLock<&Server> = LazyLock::new(|| {
    let server = Server::shared();
    let role = format!("CREATE ROLE ada SUPERUSER LOGIN PASSWORD '{PASSWORD}'");
    block_on(server.execute("postgres", &role));
    server
});

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// A Model in a new database, and a Secret that nobody has made yet.
fn bench() -> Bench {
    let uri = block_on(SERVER.database());
    let bench = Bench::with_store(&uri.to_string());
    fs::create_dir(bench.path().join("secret")).unwrap();
    bench
}

/// Somebody makes the Secret, or another one in its place.
fn make_secret(bench: &Bench, password: &str) {
    bench.swap("secret/username", "ada");
    bench.swap("secret/password", password);
}

fn with_secret(bench: &Bench, mut command: Command) -> Command {
    command.env("AURIGA_PERSISTER_SECRET", bench.path().join("secret"));
    command
}

/// The server's own words reach `/alive`, without the password. On a busy machine it may be silent at first.
fn wait_for_the_wrong_password(address: SocketAddr) {
    let said = alive_until(address, |_, said| {
        let message = said.message.as_deref().unwrap_or_default();
        message.contains("does not accept the user or the password")
    });
    assert_eq!(said.reason.as_deref(), Some("PersisterUnavailable"));
    assert!(!said.message.unwrap().contains(WRONG));
}

fn fit(bench: &Bench) -> Fit {
    Fit::begin(with_secret(bench, bench.pod("fit-a", &super::progress::FIT)))
}

fn serve(bench: &Bench, more: &[&str]) -> (Running, SocketAddr) {
    let usual = ["serve", "-f", "model.yaml", "--listen", "127.0.0.1:0"];
    let usual = [&usual[..], &["--output", "json", "--version", "1"]].concat();
    let command = bench.pod("flowers-v1-0", &[&usual, more].concat());
    let mut serve = Running::spawn(&mut with_secret(bench, command));
    let address = serve.listening();
    (serve, address)
}

/// Fits a first version, with a Secret that is gone afterwards.
fn fit_and_forget_the_secret(bench: &Bench) {
    make_secret(bench, PASSWORD);
    assert_eq!(fit(bench).ended(), Some(0));
    for key in ["username", "password"] {
        fs::remove_file(bench.path().join("secret").join(key)).unwrap();
    }
}

#[test]
fn a_fit_waits_for_the_secret_of_its_store() {
    let bench = bench();
    let fit = fit(&bench);
    let said = alive_until(fit.address, |_, said| said.reason.is_some());
    assert_eq!(said.reason.as_deref(), Some("SecretNotFound"));
    let message = said.message.unwrap();
    assert!(message.starts_with("the fit waits for its store: "), "{message}");
    assert!(
        message.contains("the key username of the Secret at "),
        "{message}"
    );
    assert_eq!(alive(fit.address).0, 200, "it is well");

    make_secret(&bench, WRONG);
    wait_for_the_wrong_password(fit.address);

    make_secret(&bench, PASSWORD);
    assert_eq!(fit.ended(), Some(0));
    assert!(bench.outcome("fit-a").unwrap().version.is_some());
}

#[test]
fn a_pod_that_serves_waits_for_the_secret_of_its_store() {
    let bench = bench();
    fit_and_forget_the_secret(&bench);
    for cache in [&[][..], &["--cache", "cache"]] {
        let (_serve, address) = serve(&bench, cache);
        let said = alive_until(address, |_, said| said.reason.is_some());
        assert_eq!(said.reason.as_deref(), Some("SecretNotFound"), "{cache:?}");
        assert!(
            said.message
                .unwrap()
                .contains("the key username of the Secret at ")
        );
        assert_eq!(
            (get(address, "/livez").status, get(address, FLOWER).status),
            (200, 503)
        );

        make_secret(&bench, WRONG);
        wait_for_the_wrong_password(address);

        make_secret(&bench, PASSWORD);
        alive_until(address, |status, _| status == 200);
        assert_eq!(get(address, FLOWER).json()["result"], "setosa");
        for key in ["username", "password"] {
            fs::remove_file(bench.path().join("secret").join(key)).unwrap();
        }
    }
}
