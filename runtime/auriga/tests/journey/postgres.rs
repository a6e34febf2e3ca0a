//! The whole way with a PostgreSQL database and a mounted Secret.

use std::{fs, path::Path};

use auriga_persist::conformance::server::Server;

use super::workbench::{FLOWER, Workbench, block_on};
use crate::support::{Ended, Running, end, get, program};

/// Never to be read anywhere.
const PASSWORD: &str = "hunter2-canary";

fn secret(folder: &Path, keys: &[(&str, &str)]) {
    fs::create_dir_all(folder).unwrap();
    for (key, value) in keys {
        fs::write(folder.join(key), value).unwrap();
    }
}

fn auriga(bench: &Workbench, arguments: &[&str]) -> Ended {
    let mut command = program(bench.path());
    command.env("AURIGA_PERSISTER_SECRET", bench.path().join("secret"));
    let ended = end(command.args(arguments));
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    ended
}

#[test]
fn a_model_is_fitted_into_a_database_and_served_from_there() {
    let bench = Workbench::new("iris");
    let server = Server::shared();
    let database = block_on(async {
        server
            .execute(
                "postgres",
                &format!("CREATE ROLE ada SUPERUSER LOGIN PASSWORD '{PASSWORD}'"),
            )
            .await;
        server.database().await.to_string()
    });
    // The address in the manifest leaves the port to the Secret, and its user and password must come from there.
    let (_, database) = database.rsplit_once('/').unwrap();
    let uri = format!("postgres://127.0.0.1/{database}");
    let manifest = format!("{}  persister:\n    uri: {uri}\n", bench.manifest());
    bench.write_manifest(&manifest);

    let folder = bench.path().join("secret");
    let port = server.port().to_string();
    secret(&folder, &[("port", &port)]);
    let ended = auriga(&bench, &["fit", "-f", "model.yaml"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let missing = format!(
        "store {uri} cannot be used: the key username of the Secret at {} is missing",
        folder.display()
    );
    assert!(ended.stderr.contains(&missing), "{ended:?}");

    secret(&folder, &[("username", "ada")]);
    let ended = auriga(&bench, &["fit", "-f", "model.yaml"]);
    let missing = format!(
        "the server asks for a password, and the key password of the Secret at {} is missing",
        folder.display()
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&missing), "{ended:?}");

    secret(&folder, &[("password", PASSWORD)]);
    let ended = auriga(&bench, &["fit", "-f", "model.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = auriga(&bench, &["list", "-f", "model.yaml", "--output", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let mut command = program(bench.path());
    command.env("AURIGA_PERSISTER_SECRET", &folder);
    let more = ["--listen", "127.0.0.1:0", "--output", "json"];
    let mut serve = Running::spawn(command.args(["serve", "-f", "model.yaml"]).args(more));
    let address = serve.listening();
    serve.wait_for("serving");
    assert_eq!(get(address, FLOWER).status, 200);
    let alive = get(address, "/alive");
    assert_eq!(alive.json()["active"], true);
    assert!(!alive.text.contains("hunter2"));
    assert!(!get(address, "/list").text.contains("hunter2"));
}
