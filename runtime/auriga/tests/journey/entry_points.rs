//! Entry points of one manifest, each with its own words.

use serde_json::json;

use super::workbench::{FLOWER, Workbench};
use crate::support::Connection;

const ENTRY_POINTS: &str = "  serving:
    serviceMetadata: {team: botany}
    entryPoints:
    - path: /predict
    - path: /chances
      method: predictProba
      mapping:
      - {name: sl, type: float, column: sepal length}
      - {name: sw, type: float, column: sepal width}
      - {name: pl, type: float, column: petal length}
      - {name: pw, type: float, column: petal width}
";

#[test]
fn probabilities_and_a_mapping_come_with_an_edit_on_a_kept_connection() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    let mut kept = Connection::open(up.ready());
    assert_eq!(kept.request("GET", FLOWER, b"").unwrap().status, 200);

    bench.write_manifest(&format!("{}{ENTRY_POINTS}", bench.manifest()));
    assert_eq!(up.wait_for("ready")["version"], 1);
    let one = kept
        .request("GET", "/chances?sl=6.3&sw=2.5&pl=4.9&pw=1.5", b"")
        .unwrap();
    let one = one.json();
    assert_eq!(
        one["metadata"]["classes"],
        json!(["Iris-setosa", "Iris-versicolor", "Iris-virginica"])
    );
    assert_eq!(one["metadata"]["team"], "botany");
    let shares: Vec<f64> = serde_json::from_value(one["result"].clone()).unwrap();
    assert_eq!(shares.len(), 3);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");

    let rows =
        br#"[{"sl": 6.3, "sw": "2.5", "pl": 4.9, "pw": 1.5}, {"sl": 5, "sw": 3.5, "pl": 1.4, "pw": 0.2}]"#;
    let two = kept.request("POST", "/chances", rows).unwrap().json();
    assert_eq!(two["result"][0], one["result"]);
    assert!(two["result"][1][0].as_f64() > Some(0.5), "{two}");

    let class = kept.request("GET", FLOWER, b"").unwrap();
    assert_eq!(class.json()["result"], "Iris-versicolor");
    assert_eq!(class.json()["metadata"]["classes"], json!(null));
}
