//! Several processes on one store at once.

use std::thread;

use super::workbench::{FLOWER, Workbench};
use crate::support::get;

#[test]
fn two_fits_of_one_manifest_at_once_make_one_version() {
    let bench = Workbench::new("iris");
    for round in 1..=5 {
        bench.set_c(&format!("0.{round}"));
        let results = thread::scope(|scope| {
            let fits = [(); 2].map(|()| scope.spawn(|| bench.fit(&[])));
            fits.map(|fit| fit.join().unwrap())
        });
        for result in results {
            assert_eq!(
                (&result["version"], &result["active"]),
                (&round.into(), &true.into()),
                "{result}"
            );
        }
        let listed = bench.listed();
        assert_eq!(listed["properties"]["highWaterMark"], round);
        assert_eq!(listed["properties"]["ledgerRevision"], round);
    }
    assert_eq!(bench.versions(), [1, 2, 3, 4, 5]);
}

#[test]
fn two_ups_of_one_manifest_at_once_serve_one_version() {
    let bench = Workbench::new("iris");
    let mut ups = [bench.up(), bench.up()];
    for up in &mut ups {
        let address = up.ready();
        assert_eq!(get(address, FLOWER).header("x-model-version"), Some("1"));
    }
    assert_eq!(bench.versions(), [1]);
    assert_eq!(bench.listed()["properties"]["ledgerRevision"], 1);

    bench.set_c("0.5");
    for up in &mut ups {
        assert_eq!(up.wait_for("ready")["version"], 2);
    }
    assert_eq!(bench.versions(), [1, 2]);
    assert_eq!(bench.listed()["properties"]["ledgerRevision"], 2);
}
