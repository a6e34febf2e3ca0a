//! What the operator may do, as the API server understands it.

use std::{env, fs};

use auriga_e2e::{Cluster, OPERATOR_NAMESPACE, on_the_cluster};

const GOLDEN: &str = "tests/e2e/tests/cluster/rights.txt";

#[test]
fn the_operator_may_do_what_the_golden_file_lists_and_nothing_else() {
    on_the_cluster(async |cluster| {
        let account = format!("--as=system:serviceaccount:{OPERATOR_NAMESPACE}:auriga-operator");
        let mut found = String::new();
        for namespace in ["default", OPERATOR_NAMESPACE] {
            let printed = cluster
                .run(&["auth", "can-i", "--list", "--namespace", namespace, &account])
                .await;
            let mut lines: Vec<String> = printed
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .filter(|line| !line.is_empty())
                .collect();
            lines.sort();
            found.push_str(&format!("In {namespace}:\n{}\n", lines.join("\n")));
        }
        for banned in ["secrets", "*.*", "[*]"] {
            assert!(!found.contains(banned), "{banned}: {found}");
        }
        let path = Cluster::root().join(GOLDEN);
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap();
        assert_eq!(
            found, expected,
            "after a change of the rights, run this test with UPDATE=1 and read the diff"
        );
    });
}
