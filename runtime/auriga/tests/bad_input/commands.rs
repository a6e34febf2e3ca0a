//! Command lines that cannot be carried out.

use serde_json::json;

use super::given::{MODEL, ROWS, given, model, nothing};

#[test]
fn files_that_are_no_manifests_are_told_apart() {
    let check = |name: &str, fault: &str| {
        let message = format!("{name} {fault}; -f takes the path of a manifest");
        given(MODEL, ROWS).fails(&format!("lint -f {name}"), 2, &message);
    };
    check("absent.yaml", "does not exist");
    check("model.yaml/model.yaml", "does not exist");
    check(".", "is a folder");
}

#[test]
fn what_the_command_line_does_not_know_gets_what_it_knows() {
    let check = |arguments: &str, message: &str| {
        let message = format!("{message}\n\nFor more information, try '--help'.");
        given(MODEL, ROWS).fails(arguments, 2, &message);
    };
    check(
        "fit -f model.yaml --no-safe",
        "unexpected argument '--no-safe' found\n\n  tip: a similar argument exists: '--no-save'\n\n\
         Usage: auriga fit --file <FILE> --no-save",
    );
    check(
        "publish -f model.yaml",
        "unrecognized subcommand 'publish'\n\nUsage: auriga [OPTIONS] <COMMAND>",
    );
    check(
        "fit",
        "the following required arguments were not provided:\n  --file <FILE>\n\nUsage: auriga fit --file <FILE>",
    );
    check(
        "activate 1",
        "the following required arguments were not provided:\n  --file <FILE>\n\nUsage: auriga activate --file <FILE> \
         <NUMBER>",
    );
    check(
        "delete 1 -f model.yaml --model iris",
        "the argument '--file <FILE>' cannot be used with '--model <[NAMESPACE/]NAME>'\n\nUsage: auriga delete --file <FILE> \
         <NUMBER>...",
    );
    check(
        "diff 1 2 --model Iris",
        "invalid value 'Iris' for '--model <[NAMESPACE/]NAME>': model name \"Iris\" is not valid: use at most 52 lower-case \
         letters, digits and \"-\", starting with a letter and not ending with \"-\"",
    );
    check(
        "list --output yaml",
        "invalid value 'yaml' for '--output <OUTPUT>'\n  [possible values: text, json]",
    );
    check(
        "list --at yesterday",
        "invalid value 'yesterday' for '--at <TIME>': write a time with its zone, such as 2026-01-31T12:00:00Z",
    );
    check(
        "up -f model.yaml --listen 8080",
        "invalid value '8080' for '--listen <ADDRESS>': write an IP address and a port, such as 127.0.0.1:8080",
    );
    check(
        "fit -f model.yaml --save-if-better-than NaN",
        "invalid value 'NaN' for '--save-if-better-than <SCORE>': write a finite number, such as 0.9",
    );
    check(
        "serve -f model.yaml --version 0",
        "invalid value '0' for '--version <NUMBER>': version \"0\" is not valid: versions are whole numbers from 1 to 18446744073709551615",
    );
}

#[test]
fn addresses_of_stores_that_cannot_be_meant_are_refused_without_their_secrets() {
    let check = |uri: &str, message: &str| {
        given(MODEL, ROWS).fails(&format!("list --persister {uri}"), 2, message);
    };
    check(
        "sqllite://models.db",
        "the store's URI has the scheme \"sqllite\", perhaps meant as \"sqlite\"; this build keeps versions in: sqlite, file, postgres",
    );
    check(
        "postgres://me:hunter2@host/db",
        "the store's URI holds a user name or password; remove it and name a Secret instead",
    );
    check(
        "models.db",
        "the store's URI has no scheme; write <scheme>://<place>, such as sqlite:///var/lib/auriga/models.db",
    );
    check(
        "sqlite://models/",
        "the store's URI names a folder; add the name of a file, such as models.db",
    );
}

#[test]
fn a_version_that_does_not_exist_cannot_be_served() {
    let given = given(MODEL, ROWS);
    assert_eq!(given.run("fit -f model.yaml").code, Some(0));
    given.fails(
        "serve -f model.yaml --version 9 --listen 127.0.0.1:0",
        2,
        "default/iris has no version 9; the latest is 1",
    );
}

#[test]
fn a_store_that_does_not_exist_is_not_made_by_reading_it() {
    let given = given(MODEL, ROWS);
    let absent = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    given.fails("list", 2, absent);
    given.fails("serve -f model.yaml --listen 127.0.0.1:0", 2, absent);
    assert!(!given.path().join("auriga-data").exists());
}

#[test]
fn programs_get_the_same_message_as_json() {
    let check = |manifest: &str, arguments: &str, code: i32, expected: serde_json::Value| {
        let given = given(manifest, "");
        let ended = given.run(&format!("{arguments} --output json"));
        given.check(&ended, code, &format!("{expected}\n"));
    };
    check(
        &model("c: 0.3", "c: -1"),
        "lint -f model.yaml",
        2,
        json!({
            "error": "model.yaml:13:7: spec.estimator.logisticRegression.c: -1: must be greater than 0",
            "kind": "mistake",
            "faults": [{
                "file": "model.yaml",
                "line": 13,
                "column": 7,
                "path": "spec.estimator.logisticRegression.c",
                "message": "-1: must be greater than 0",
            }],
        }),
    );
    check(
        MODEL,
        "fit -f model.yaml",
        2,
        json!({ "error": "rows.csv is empty; it should have a header and rows", "kind": "mistake", "faults": [] }),
    );
    check(
        MODEL,
        "list --persister sqlite://rows.csv",
        1,
        json!({
            "error": "store sqlite://<folder>/rows.csv is not an Auriga store, or is damaged (the file is empty); move \
                      it away or restore it from a backup",
            "kind": "trouble",
            "faults": [],
        }),
    );
}

#[test]
fn addresses_to_listen_on_are_told_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let next = address.port().wrapping_add(1).max(1024);
    given(MODEL, ROWS).fails(
        &format!("up -f model.yaml --listen {address}"),
        1,
        &format!(
            "{address} is in use; stop the program that listens there, or choose another port with --listen \
             127.0.0.1:{next}"
        ),
    );
    given(MODEL, ROWS).fails(
        "up -f model.yaml --listen 192.0.2.1:0",
        2,
        "192.0.2.1:0 is no address of this machine; --listen takes one that is, such as 127.0.0.1:8080",
    );
    nothing().fails(
        "up -f absent.yaml",
        2,
        "absent.yaml does not exist; -f takes the path of a manifest",
    );
}
