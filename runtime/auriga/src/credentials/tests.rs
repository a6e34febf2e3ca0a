//! Secrets as folders of files.

use tempfile::TempDir;

use super::*;

fn secret(keys: &[(&str, &str)]) -> (TempDir, MountedSecret) {
    let folder = tempfile::tempdir().unwrap();
    for (key, value) in keys {
        fs::write(folder.path().join(key), value).unwrap();
    }
    let mounted = MountedSecret {
        folder: folder.path().to_owned(),
        ca_bundle: folder.path().join("ca.crt"),
    };
    (folder, mounted)
}

fn check(keys: &[(&str, &str)], expected: Credentials) {
    let (_folder, secret) = secret(keys);
    assert_eq!(secret.credentials(), Ok(expected));
}

fn whole() -> Credentials {
    Credentials {
        user: Some("ada".to_owned()),
        password: Some(Secret::new("p@ss/word:1")),
        host: Some("db.example".to_owned()),
        port: Some(5433),
        database: Some("models".to_owned()),
        ..Credentials::default()
    }
}

#[test]
fn every_key_of_a_secret_is_a_file() {
    let common = [
        ("password", "p@ss/word:1\n"),
        ("host", "db.example"),
        ("port", "5433\n"),
    ];
    check(
        &[&common[..], &[("username", "ada"), ("dbname", "models")]].concat(),
        whole(),
    );
    check(
        &[&common[..], &[("user", "ada"), ("database", "models")]].concat(),
        whole(),
    );
}

#[test]
fn an_address_holds_all_of_it_and_a_key_of_its_own_wins() {
    let uri = "postgresql://ada:p%40ss%2Fword%3a1@db.example:5433/models?sslmode=require&x=y";
    let expected = Credentials {
        ssl_mode: Some(SslMode::Require),
        ..whole()
    };
    check(&[("uri", uri)], expected.clone());
    check(&[("DATABASE_URL", uri)], expected.clone());
    let host = Some("other.example".to_owned());
    check(
        &[("uri", uri), ("host", "other.example"), ("user", "")],
        Credentials { host, ..expected },
    );
}

#[test]
fn an_address_may_leave_out_what_it_likes() {
    let check =
        |text: &str, expected: Credentials| assert_eq!(address::parse(text), Some(expected), "{text}");
    let named = |host: &str, port| Credentials {
        host: Some(host.to_owned()),
        port,
        ..Credentials::default()
    };
    check("postgres://", Credentials::default());
    check("postgres://db", named("db", None));
    check("postgres://[::1]:5433/", named("::1", Some(5433)));
    check("postgres://[::1]", named("::1", None));
}

#[test]
fn what_cannot_be_understood_is_named_without_its_value() {
    let check = |key: &str, value: &str, expected: &str| {
        let (_folder, secret) = secret(&[(key, value)]);
        let message = secret.credentials().unwrap_err();
        assert!(
            message.starts_with(&format!("the key {key} of the Secret at ")),
            "{message}"
        );
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    };
    check(
        "uri",
        "mysql://ada:hunter2@db/models",
        "is not an address such as",
    );
    check(
        "uri",
        "postgres://ada:hunter2%zz@db/models",
        "is not an address such as",
    );
    check("port", "hunter2", "is not a number");
    check("sslmode", "hunter2", "is none of disable");
}

#[test]
fn a_rotated_file_is_read_anew() {
    let (folder, secret) = secret(&[("password", "one")]);
    assert_eq!(secret.credentials().unwrap().password, Some(Secret::new("one")));
    fs::write(folder.path().join("password"), "two").unwrap();
    assert_eq!(secret.credentials().unwrap().password, Some(Secret::new("two")));
}

#[test]
fn a_missing_key_is_named() {
    let (folder, secret) = secret(&[]);
    assert_eq!(
        secret.place(CredentialKey::Password),
        format!("the key password of the Secret at {}", folder.path().display())
    );
    assert_eq!(secret.credentials(), Ok(Credentials::default()));
}

#[test]
fn a_bundle_that_is_there_is_used() {
    let (folder, secret) = secret(&[]);
    let ca_bundle = folder.path().join("ca.crt");
    fs::write(&ca_bundle, "").unwrap();
    assert_eq!(secret.credentials().unwrap().ca_bundle, Some(ca_bundle));
}
