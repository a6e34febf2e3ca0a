//! Each house rule catches what breaks it, and nothing else.

use super::{Files, documents, examples, lines};

fn check_line(path: &str, text: &str, expected: &[&str]) {
    let found = lines::faults(path, text, "/srv/clone");
    assert_eq!(found.len(), expected.len(), "{path}: {found:?}");
    for (fault, start) in found.iter().zip(expected) {
        assert!(fault.starts_with(start), "{fault}");
    }
}

#[test]
fn a_rust_file_opens_with_a_sentence_and_is_not_called_mod() {
    check_line("crds/src/model.rs", "//! The kind.\n", &[]);
    check_line(
        "crds/src/model.rs",
        "use std::fs;\n",
        &["crds/src/model.rs:1: open the file"],
    );
    check_line(
        "crds/src/model/mod.rs",
        "//! The kind.\n",
        &["crds/src/model/mod.rs: name the file"],
    );
}

#[test]
fn what_was_left_behind_is_named_with_its_line() {
    let refused = |text: &str| format!("//! A file.\nfn f() {{ {text}) }}\n");
    for text in [
        concat!("to", "do!("),
        concat!("db", "g!("),
        concat!("unimpl", "emented!("),
    ] {
        check_line(
            "a.rs",
            &refused(text),
            &[&format!("a.rs:2: `{text}`: left behind")],
        );
        check_line("a.md", &refused(text), &[]);
    }
    let ignored = format!("//! Tests.\n{}]\nfn a_test() {{}}\n", concat!("#[ig", "nore"));
    check_line("a.rs", &ignored, &["a.rs:2: "]);
}

#[test]
fn a_path_of_one_machine_is_found_in_any_file_and_a_part_of_another_path_is_not() {
    let home = concat!("/ho", "me/");
    check_line("a.yaml", &format!("path: {home}ann/x.csv\n"), &["a.yaml:1: "]);
    check_line("a.yaml", &format!("path: \"{home}ann/x.csv\"\n"), &["a.yaml:1: "]);
    check_line("a.yaml", &format!("path: data{home}ann/x.csv\n"), &[]);
    check_line("a.md", "see /srv/clone/x\n", &["a.md:1: `/srv/clone` is where"]);
    check_line("Cargo.lock", &format!("{home}ann\n"), &[]);
}

#[test]
fn a_long_file_is_refused_and_tests_may_be_longer() {
    let text = |n_lines: usize| format!("//! A file.\n{}", "\n".repeat(n_lines - 1));
    check_line("a/src/a.rs", &text(400), &[]);
    check_line("a/src/a.rs", &text(401), &["a/src/a.rs: 401 lines, at most 400"]);
    check_line(
        "tests/xtask/src/a.rs",
        &text(401),
        &["tests/xtask/src/a.rs: 401 lines, at most 400"],
    );
    for tests in [
        "a/src/a/tests.rs",
        "a/tests/a.rs",
        "a/src/tests/routes.rs",
        "tests/tests/a.rs",
    ] {
        check_line(tests, &text(600), &[]);
        check_line(tests, &text(601), &[&format!("{tests}: 601 lines, at most 600")]);
    }
    check_line("manifests/crds.yaml", &text(5000), &[]);
}

fn files(entries: &[(&str, &str)]) -> Files {
    entries
        .iter()
        .map(|(path, text)| (path.to_string(), text.to_string()))
        .collect()
}

#[test]
fn a_link_leads_to_a_file_or_folder_of_the_tree() {
    let check = |text: &str, expected: &[&str]| {
        let found = documents::faults(&files(&[
            ("docs/a.md", text),
            ("docs/b.md", ""),
            ("examples/iris/model.yaml", ""),
        ]));
        assert_eq!(found, expected, "{text}");
    };
    check(
        "[b](b.md), [iris](../examples/iris/), [top](..), [m](../examples/iris/model.yaml#L3)",
        &[],
    );
    check("[web](https://example.org/x) [here](#part)", &[]);
    check(
        "\n[b](b.md) [c](c.md)",
        &["docs/a.md:2: the link to c.md leads to no file"],
    );
}

#[test]
fn an_example_mentions_each_of_its_files_and_says_how_to_run_it() {
    let check = |entries: &[(&str, &str)], expected: &[&str]| {
        assert_eq!(examples::faults(&files(entries)), expected);
    };
    let readme = ("examples/iris/README.md", "auriga up -f examples/iris/model.yaml");
    let manifest = ("examples/iris/model.yaml", "path: iris.csv");
    let data = ("examples/iris/iris.csv", "1,2\n");
    check(&[readme, manifest, data], &[]);
    let below = ("examples/iris/cluster/claim.yaml", "");
    let entry = ("examples/iris/cluster/kustomization.yaml", "claim.yaml");
    let told = (
        "examples/iris/README.md",
        "kubectl apply -k examples/iris/cluster",
    );
    check(
        &[
            told,
            manifest,
            data,
            ("examples/iris/more.yaml", "model.yaml, more.yaml"),
            below,
            entry,
        ],
        &[
            "examples/iris/more.yaml: neither examples/iris/README.md nor a manifest beside it mentions this file",
        ],
    );
    check(
        &[readme, manifest, data, ("examples/iris/old.csv", "old.csv")],
        &[
            "examples/iris/old.csv: neither examples/iris/README.md nor a manifest beside it mentions this file",
        ],
    );
    check(
        &[manifest, data],
        &[
            "examples/iris/README.md: missing; say what the example is and how to run it",
            "examples/iris/model.yaml: neither examples/iris/README.md nor a manifest beside it mentions this file",
        ],
    );
}

#[test]
fn a_folder_within_an_example_is_mentioned_as_a_whole_and_its_files_within_it() {
    let readme = (
        "examples/iris/README.md",
        "kubectl apply -k examples/iris/cluster",
    );
    let told = ("examples/iris/cluster/README.md", "the rows are base/iris.csv");
    let overlay = ("examples/iris/cluster/kustomization.yaml", "- base");
    let base = ("examples/iris/cluster/base/kustomization.yaml", "- model.yaml");
    let model = ("examples/iris/cluster/base/model.yaml", "");
    let rows = ("examples/iris/cluster/base/iris.csv", "");
    let check = |more: (&str, &str), expected: &[&str]| {
        let found = examples::faults(&files(&[readme, told, overlay, base, model, rows, more]));
        assert_eq!(found, expected);
    };
    check(("examples/iris/cluster/base/iris.csv", "1,2"), &[]);
    check(
        ("examples/iris/cluster/model.yaml", ""),
        &[
            "examples/iris/cluster/model.yaml: neither examples/iris/README.md nor a manifest beside it mentions this file",
        ],
    );
    check(
        ("examples/iris/postgres/kustomization.yaml", ""),
        &[
            "examples/iris/postgres/kustomization.yaml: neither examples/iris/README.md nor a manifest beside it mentions \
             this file",
        ],
    );
}
