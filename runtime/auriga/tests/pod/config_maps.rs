//! Rows in ConfigMaps: mounted where a fit runs, and nowhere else.

use super::bench::Bench;
use crate::support::{end, get};

fn in_a_config_map() -> Bench {
    let bench = Bench::new();
    bench.edit("path: flowers.csv", "configMap: {name: rows, key: train.csv}");
    bench
}

const FIT: [&str; 6] = [
    "fit",
    "-f",
    "model.yaml",
    "--no-activate",
    "--config-maps",
    "config-maps",
];

#[test]
fn a_fit_reads_the_keys_of_config_maps_from_a_folder() {
    let bench = in_a_config_map();
    bench.write(
        "config-maps/rows/train.csv",
        "width,species\n0.1,a\n0.2,a\n2.1,b\n2.2,b\n",
    );
    let (ended, outcome) = bench.ended("fit-a", &FIT);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let first = outcome.fit_hash.unwrap();

    bench.write(
        "config-maps/rows/train.csv",
        "width,species\n0.1,a\n0.2,a\n2.1,b\n2.3,b\n",
    );
    let mut second = bench.pod("fit-b", &FIT);
    assert_eq!(end(second.env("AURIGA_OWNER_UID", "another")).code, Some(0));
    let outcome = bench.outcome("fit-b").unwrap();
    assert_eq!(outcome.version.unwrap().get(), 2);
    assert_ne!(outcome.fit_hash.unwrap(), first, "their texts decide the fit");
}

#[test]
fn one_that_is_missing_is_named_with_what_to_do() {
    let bench = in_a_config_map();
    bench.write("config-maps/rows/test.csv", "x\n");
    let (ended, outcome) = bench.ended("fit-a", &FIT);
    assert_eq!(
        (ended.code, outcome.reason.as_deref()),
        (Some(2), Some("ConfigMapNotFound"))
    );
    let message = outcome.message.unwrap();
    assert!(
        message.contains(
            "there is no ConfigMap rows with the key train.csv in the namespace default; create it, or correct the name"
        ),
        "{message}"
    );
    bench.write("config-maps/rows/train.csv", "width,species\n0.1,a\n2.2,b\n");
    assert_eq!(
        bench.ended("fit-a", &FIT).0.code,
        Some(0),
        "it heals when it is there"
    );
}

#[test]
fn serving_and_deleting_need_no_rows() {
    let bench = in_a_config_map();
    bench.write(
        "config-maps/rows/train.csv",
        "width,species\n0.1,setosa\n2.2,virginica\n",
    );
    assert_eq!(bench.ended("fit-a", &FIT).0.code, Some(0));
    let (mut serve, address) = bench.serve("flowers-v1-0", &["--version", "1"]);
    serve.wait_for("serving");
    assert_eq!(get(address, super::bench::FLOWER).json()["result"], "setosa");
    let ended = end(&mut bench.pod(
        "clean",
        &["delete", "-f", "model.yaml", "--all", "--active", "--yes"],
    ));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
