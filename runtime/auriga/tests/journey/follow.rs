//! A version that another process activates is taken up.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::workbench::{FLOWER, Workbench};
use crate::support::{get, run};

#[test]
fn serve_takes_up_what_another_process_activates() {
    let bench = Workbench::new("iris");
    assert_eq!(bench.fit(&[])["version"], 1);
    let mut serve = bench.serve(&[]);
    let address = serve.listening();
    assert_eq!(serve.wait_for("serving")["version"], 1);

    fs::write(bench.path().join("changed.yaml"), bench.manifest_with_c("0.5")).unwrap();
    let fit = [
        "fit",
        "-f",
        "changed.yaml",
        "--persister",
        "sqlite://auriga-data/models.db",
    ];
    assert_eq!(run(bench.path(), &fit).code, Some(0));
    let activated = Instant::now();
    assert_eq!(serve.wait_for("serving")["version"], 2);
    assert!(
        activated.elapsed() < Duration::from_secs(3),
        "{:?}",
        activated.elapsed()
    );
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("2"));
    let alive = get(address, "/alive").json();
    assert_eq!(
        (&alive["activeVersion"], &alive["ledgerRevision"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn a_given_version_is_served_whatever_is_active() {
    let bench = Workbench::new("iris");
    bench.fit(&[]);
    bench.set_c("0.5");
    assert_eq!(bench.fit(&[])["version"], 2);
    let mut serve = bench.serve(&["--version", "1"]);
    let address = serve.listening();
    assert_eq!(serve.wait_for("serving")["version"], 1);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
    let alive = get(address, "/alive").json();
    assert_eq!(
        (&alive["active"], &alive["activeVersion"]),
        (&false.into(), &2.into())
    );
}
