//! Rows from a ConfigMap that stands beside the Model.

use super::workbench::{Workbench, has};
use crate::support::get;

const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: flowers
data:
  train.csv: |
    width,species
    0.1,setosa
    0.2,setosa
    2.1,virginica
    2.2,virginica
---
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata:
  name: iris
spec:
  dataset:
    train:
      csv:
        configMap:
          name: flowers
          key: train.csv
    target: species
  estimator:
    logisticRegression: {}
";

#[test]
fn another_text_in_the_config_map_is_fitted_and_served() {
    let bench = Workbench::new("iris");
    bench.write_manifest(MANIFEST);
    let mut up = bench.up();
    let address = up.ready();
    assert_eq!(get(address, "/predict?width=1.0").json()["result"], "setosa");

    // From now on, the border lies lower.
    bench.write_manifest(&MANIFEST.replace("2.1,virginica", "0.4,virginica"));
    assert_eq!(up.wait_for("ready")["version"], 2);
    assert_eq!(get(address, "/predict?width=1.2").json()["result"], "virginica");

    let listed = bench.listed();
    let facts = |at: usize| listed["versions"][at]["facts"].clone();
    assert_ne!(facts(0)["dataHash"], facts(1)["dataHash"]);
    assert_ne!(facts(0)["specHash"], facts(1)["specHash"]);

    let n_seen = up.seen.len();
    bench.write_manifest(MANIFEST);
    assert_eq!(up.wait_for("ready")["version"], 1);
    assert!(!has(&up.seen[n_seen..], "fitting"), "{:?}", up.seen);
}
