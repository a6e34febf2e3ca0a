//! What was fitted before is served again, not fitted again.

use super::workbench::{FLOWER, Workbench, has};
use crate::support::get;

#[test]
fn a_killed_process_comes_back_with_the_version_it_had() {
    let bench = Workbench::new("iris");
    let mut first = bench.up();
    let address = first.ready();
    assert!(has(&first.seen, "fitting"), "{:?}", first.seen);
    let before = get(address, FLOWER).json();
    first.signal("KILL");
    assert_eq!(first.ended().code, None, "a signal ended it");

    let mut second = bench.up();
    let address = second.ready();
    assert!(!has(&second.seen, "fitting"), "{:?}", second.seen);
    assert_eq!(get(address, FLOWER).json(), before);
    assert_eq!(bench.versions(), [1]);
    assert_eq!(bench.listed()["properties"]["ledgerRevision"], 1);
}
