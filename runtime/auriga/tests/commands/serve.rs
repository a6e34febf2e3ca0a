//! `auriga serve`.

use std::fs;

use serde_json::json;

use super::given::{FLOWERS, MANIFEST, fails, flowers, json, json_error};
use crate::support::{Running, get};

#[test]
fn it_waits_until_another_process_activates_a_version() {
    let folder = flowers();
    assert_eq!(
        json(folder.path(), "fit -f model.yaml --no-activate")["active"],
        false
    );
    let mut serve = Running::start(folder.path(), &["serve", "-f", "model.yaml"]);
    let address = serve.listening();
    let reason = "no version is active yet; /alive answers 503 until one is";
    assert_eq!(
        serve.wait_for("waiting"),
        json!({ "event": "waiting", "message": reason })
    );
    let alive = get(address, "/alive");
    assert_eq!((alive.status, &alive.json()["active"]), (503, &json!(false)));
    assert_eq!(
        alive.json()["message"],
        "no version of default/flowers is loaded yet; try again soon"
    );
    assert_eq!(get(address, "/livez").status, 200);
    assert_eq!(get(address, "/predict?width=0.2").status, 503);

    assert_eq!(json(folder.path(), "fit -f model.yaml")["active"], true);
    assert_eq!(
        serve.wait_for("serving"),
        json!({ "event": "serving", "version": 1, "model": "default/flowers" })
    );
    assert_eq!(get(address, "/alive").status, 200);
    assert_eq!(get(address, "/predict?width=0.2").json()["result"], "setosa");
}

#[test]
fn a_store_or_a_version_that_is_not_there_ends_it() {
    let folder = flowers();
    let serve = "serve -f model.yaml --listen 127.0.0.1:0";
    let message = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    fails(folder.path(), serve, 2, message);
    json(folder.path(), "fit -f model.yaml");
    let message = "default/flowers has no version 9; the latest is 1";
    let ended = crate::support::run(
        folder.path(),
        &format!("{serve} --version 9").split(' ').collect::<Vec<_>>(),
    );
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(
        ended.stderr.ends_with(&format!("error: {message}\n")),
        "{}",
        ended.stderr
    );
    assert_eq!(
        json_error(folder.path(), "list -f absent.yaml", 2)["kind"],
        "mistake"
    );
}

#[test]
fn an_older_version_answers_on_where_the_active_one_does_not_fit_the_manifest() {
    let folder = flowers();
    json(folder.path(), "fit -f model.yaml");
    let first = MANIFEST.to_owned();
    fs::write(
        folder.path().join("model.yaml"),
        MANIFEST.replace("flowers.csv", "others.csv"),
    )
    .unwrap();
    fs::write(
        folder.path().join("others.csv"),
        FLOWERS.replace("width", "height"),
    )
    .unwrap();
    assert_eq!(json(folder.path(), "fit -f model.yaml")["active"], true);
    let mapping = "  serving:\n    entryPoints:\n      - path: /predict\n        mapping:\n          - {name: width, type: float}\n";
    fs::write(folder.path().join("model.yaml"), format!("{first}{mapping}")).unwrap();

    let mut serve = Running::start(folder.path(), &["serve", "-f", "model.yaml"]);
    let address = serve.listening();
    assert_eq!(serve.wait_for("serving")["version"], 1);
    let problem = serve.wait_for("problem");
    assert_eq!(problem["kind"], "mistake", "{problem}");
    assert_eq!(get(address, "/predict?width=0.2").json()["result"], "setosa");
    json(folder.path(), "activate 1 -f model.yaml");
    json(folder.path(), "activate 2 --model flowers");
    assert_eq!(
        get(address, "/predict?width=0.2").header("x-model-version"),
        Some("1")
    );

    // With one that is given there is nothing to fall back to.
    let pinned = "serve -f model.yaml --listen 127.0.0.1:0 --version 2";
    let ended = crate::support::run(folder.path(), &pinned.split(' ').collect::<Vec<_>>());
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
