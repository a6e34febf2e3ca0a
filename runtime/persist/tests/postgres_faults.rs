//! What can be wrong with a database, in words: nobody there, not let in, not there, not ours.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex},
};

use auriga_persist::{
    CredentialKey, CredentialSource, Credentials, Fault, PersistError, Secret, SslMode, StoreUri,
    conformance::{
        fixtures::{activation, draft, model, version},
        server::{Server, USER, open_in_test},
    },
    open_as, open_existing_as,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};

/// Never to be read in a message.
const CANARY: &str = "hunter2-canary";

fn user(name: &str) -> Credentials {
    Credentials {
        user: Some(name.to_owned()),
        ..Credentials::default()
    }
}

fn with_password(name: &str, password: &str) -> Credentials {
    Credentials {
        password: Some(Secret::new(password)),
        ..user(name)
    }
}

/// The message of what opening must end with.
async fn refused(uri: &StoreUri, credentials: Credentials) -> String {
    match open_as(uri, Arc::new(credentials)).await {
        Ok(_) => panic!("{uri} was opened"),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(CANARY), "{message}");
            message
        }
    }
}

fn check(message: &str, expected: &str) {
    assert!(message.contains(expected), "{message}");
}

#[tokio::test]
async fn a_database_that_is_absent_is_named_with_the_statement_that_makes_it() {
    let uri = Server::shared().uri("absent");
    check(
        &refused(&uri, user(USER)).await,
        "/absent cannot be used: there is no database \"absent\"; create it on the server: CREATE DATABASE \"absent\"",
    );
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_one_are_told_without_the_value() {
    let server = Server::shared();
    let uri = server.database().await;
    server
        .execute("postgres", "CREATE ROLE guarded LOGIN PASSWORD 'right'")
        .await;
    for credentials in [with_password("guarded", CANARY), with_password(CANARY, "right")] {
        check(
            &refused(&uri, credentials).await,
            "cannot be used: the server does not accept the user or the password; look at the user and the password",
        );
    }
    check(
        &refused(&uri, user("guarded")).await,
        "cannot be used: the server asks for a password, and the password is missing",
    );
    check(
        &refused(&uri, Credentials::default()).await,
        "the user is missing",
    );
}

#[tokio::test]
async fn what_neither_address_nor_credentials_name_is_missing() {
    let check_uri = async |text: &str, expected: &str| {
        let uri = StoreUri::parse(text, Path::new("/")).unwrap();
        check(&refused(&uri, user(USER)).await, expected);
    };
    check_uri(
        "postgres:///models",
        "the host is missing, and the address does not name one either",
    )
    .await;
    check_uri("postgres://127.0.0.1", "the database is missing, and the address").await;
}

#[tokio::test]
async fn the_credentials_bring_what_the_address_leaves_out() {
    let server = Server::shared();
    let StoreUri::Postgres(whole) = server.database().await else {
        panic!("it is an address of PostgreSQL");
    };
    let uri = StoreUri::parse("postgres:///", Path::new("/")).unwrap();
    let credentials = Credentials {
        host: whole.host,
        port: whole.port,
        database: whole.database,
        ..user(USER)
    };
    let store = open_as(&uri, Arc::new(credentials)).await.unwrap();
    store.write(&model("default/iris"), draft("a")).await.unwrap();
}

#[tokio::test]
async fn nobody_at_the_port_and_no_such_host_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let check_uri = async |text: &str, expected: &str| {
        let uri = StoreUri::parse(text, Path::new("/")).unwrap();
        check(&refused(&uri, user(USER)).await, expected);
    };
    check_uri(
        &format!("postgres://{free}/models"),
        "cannot be reached (nothing listens at its host and port)",
    )
    .await;
    check_uri(
        "postgres://no-such-host.invalid/models",
        "failed to lookup address",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("postgres://{}/models", silent.local_addr().unwrap());
    let uri = StoreUri::parse(&text, Path::new("/")).unwrap();
    check(&refused(&uri, user(USER)).await, "the server does not answer");
}

#[tokio::test]
async fn tls_that_is_asked_for_must_be_offered() {
    let server = Server::shared();
    let StoreUri::Postgres(mut uri) = server.database().await else {
        panic!("it is an address of PostgreSQL");
    };
    uri.ssl_mode = Some(SslMode::Require);
    let uri = StoreUri::Postgres(uri);
    check(
        &refused(&uri, user(USER)).await,
        "the server offers no TLS, which the address or the credentials ask for",
    );
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_bundle_and_the_host() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let server = Server::start_with(
        &["ssl=on"],
        "hostnossl all careful 127.0.0.1/32 reject\nhostssl all careful 127.0.0.1/32 trust",
        &[("server.crt", &*pem), ("server.key", &*key)],
    );
    server
        .execute("postgres", "CREATE ROLE careful SUPERUSER LOGIN")
        .await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, other) = (folder.path().join("ours.crt"), folder.path().join("other.crt"));
    std::fs::write(&ours, pem).unwrap();
    let stranger = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&other, stranger.cert.pem()).unwrap();

    let uri = server.database().await;
    let trusting = |bundle: &Path| Credentials {
        ca_bundle: Some(bundle.to_owned()),
        ..user("careful")
    };
    let plain = Credentials {
        ssl_mode: Some(SslMode::Disable),
        ..user("careful")
    };
    check(
        &refused(&uri, plain).await,
        "the server lets this user in by TLS only; add ?sslmode=require",
    );
    open_as(&uri, Arc::new(user("careful"))).await.unwrap();
    open_as(&uri, Arc::new(trusting(&ours))).await.unwrap();
    check(
        &refused(&uri, trusting(&other)).await,
        "look at the CA bundle and at the server's certificate",
    );
    check(
        &refused(&uri, trusting(&folder.path().join("absent.crt"))).await,
        "cannot be used: the CA bundle is missing",
    );
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_by_looking() {
    let uri = Server::shared().database().await;
    let credentials = || Arc::new(user(USER));
    let Err(PersistError::Store { fault, .. }) = open_existing_as(&uri, credentials()).await else {
        panic!("there is no store");
    };
    assert_eq!(fault, Fault::Absent);
    open_as(&uri, credentials()).await.unwrap();
    open_existing_as(&uri, credentials()).await.unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_build_is_refused_and_one_of_somebody_else_too() {
    let server = Server::shared();
    let uri = server.database().await;
    let database = uri.to_string().rsplit('/').next().unwrap().to_owned();
    open_in_test(&uri).await.unwrap();
    server
        .execute(&database, "UPDATE auriga.store SET schema_version = 7")
        .await;
    check(
        &refused(&uri, user(USER)).await,
        "has schema version 7, this build knows up to 1; use a newer auriga",
    );
    server
        .execute(
            &database,
            "DROP SCHEMA auriga CASCADE; CREATE SCHEMA auriga; CREATE TABLE auriga.model (a int)",
        )
        .await;
    check(
        &refused(&uri, user(USER)).await,
        "is not an Auriga store, or is damaged",
    );
}

#[tokio::test]
async fn who_may_not_write_is_told_so() {
    let server = Server::shared();
    let uri = server.database().await;
    server
        .execute("postgres", "CREATE ROLE visitor LOGIN PASSWORD 'p'")
        .await;
    check(
        &refused(&uri, with_password("visitor", "p")).await,
        "cannot be written (permission denied for database",
    );
}

#[tokio::test]
async fn many_who_open_an_empty_database_at_once_make_one_store() {
    let uri = Server::shared().database().await;
    let openers = (0..12).map(|_| {
        let uri = uri.clone();
        tokio::spawn(async move { open_in_test(&uri).await.map(drop) })
    });
    for opener in openers.collect::<Vec<_>>() {
        opener.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_name_in_two_namespaces_is_two_models_and_two_schemas_are_two_stores() {
    let uri = Server::shared().database().await;
    let store = open_in_test(&uri).await.unwrap();
    for namespace in ["red", "blue"] {
        let key = model(&format!("{namespace}/iris"));
        store.write(&key, draft(namespace)).await.unwrap();
        store.activate(&key, activation(version(1), 0)).await.unwrap();
    }
    store.delete(&model("red/iris"), version(1)).await.unwrap_err();
    let other = StoreUri::parse(&format!("{uri}?schema=other"), Path::new("/")).unwrap();
    let other = open_in_test(&other).await.unwrap();
    assert_eq!(other.models().await.unwrap(), []);
    assert_eq!(
        store.models().await.unwrap(),
        [model("blue/iris"), model("red/iris")]
    );
}

/// A Secret that somebody rotates.
struct Rotated(Mutex<Credentials>);

impl CredentialSource for Rotated {
    fn credentials(&self) -> Result<Credentials, String> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn place(&self, key: CredentialKey) -> String {
        format!("the {key:?} of the test")
    }
}

#[tokio::test]
async fn a_rotated_password_opens_the_next_connection_without_a_new_handle() {
    let server = Server::shared();
    let uri = server.database().await;
    server
        .execute("postgres", "CREATE ROLE rotating SUPERUSER LOGIN PASSWORD 'one'")
        .await;
    let source = Arc::new(Rotated(Mutex::new(with_password("rotating", "one"))));
    let store = open_as(&uri, source.clone()).await.unwrap();
    let iris = model("default/iris");
    store.write(&iris, draft("before")).await.unwrap();

    let rotate = "ALTER ROLE rotating PASSWORD 'two'";
    let hang_up = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotating'";
    server.execute("postgres", &format!("{rotate}; {hang_up}")).await;
    let message = store
        .write(&iris, draft("between"))
        .await
        .unwrap_err()
        .to_string();
    check(
        &message,
        "look at the User of the test and the Password of the test",
    );

    *source.0.lock().unwrap() = with_password("rotating", "two");
    store.write(&iris, draft("after")).await.unwrap();
    assert_eq!(store.list(&iris).await.unwrap().versions.len(), 2);
}
