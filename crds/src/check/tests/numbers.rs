//! Numbers that JSON can write and no field can hold.

use super::{IRIS, faults};

#[test]
fn whole_numbers_beyond_63_bits_are_out_of_range() {
    let range = "is out of range; allowed is from 1 to 9223372036854775807";
    for number in [
        "10000000000000000000",
        "-10000000000000000000",
        "100000000000000000000000000000",
    ] {
        let found = faults(&IRIS.replace(
            "path: iris.csv",
            &format!("path: iris.csv\n        nrows: {number}"),
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("10:9: spec.dataset.train.csv.nrows: "),
            "{found:?}"
        );
        assert!(found[0].ends_with(range), "{found:?}");
    }
}
