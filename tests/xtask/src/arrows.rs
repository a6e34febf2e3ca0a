//! Which crate may use which: what keeps the fit free of IO and the operator free of stores.

use anyhow::{Result, bail};

use crate::{program::read, steps::Done, workspace::Workspace};

/// What one crate of the workspace may and may not use, through others too, tests aside.
struct Rule {
    package: &'static str,
    /// The only crates of the workspace it may use.
    own: &'static [&'static str],
    /// Crates it must not use; a `*` at the end stands for any ending.
    never: &'static [&'static str],
}

// Pods hold no cluster credentials, so nothing in them can be a client.
const CLIENT: &[&str] = &["kube-client", "kube-runtime"];

const RULES: [Rule; 10] = [
    Rule {
        package: "auriga-crds",
        own: &[],
        never: &[
            "async-*",
            "hyper",
            "kube-client",
            "kube-runtime",
            "reqwest",
            "sqlx*",
            "tokio",
        ],
    },
    Rule {
        package: "auriga-learn",
        own: &[],
        never: &[
            "async-*",
            "hyper",
            "k8s-openapi",
            "kube*",
            "reqwest",
            "sqlx*",
            "tempfile",
            "tokio",
        ],
    },
    Rule {
        package: "auriga-data",
        own: &["auriga-crds", "auriga-learn"],
        never: CLIENT,
    },
    Rule {
        package: "auriga-persist",
        own: &["auriga-crds", "auriga-learn"],
        never: CLIENT,
    },
    Rule {
        package: "auriga-serve",
        own: &["auriga-crds", "auriga-learn", "auriga-persist"],
        never: CLIENT,
    },
    Rule {
        package: "auriga",
        own: &[
            "auriga-crds",
            "auriga-data",
            "auriga-learn",
            "auriga-persist",
            "auriga-serve",
        ],
        never: CLIENT,
    },
    Rule {
        // A client like e2e, for the bench of the operator; no pod runs it.
        package: "auriga-bench",
        own: &["auriga-data", "auriga-learn"],
        never: &["kube-runtime"],
    },
    Rule {
        // A user's view: it knows the kinds, and nothing of who looks after them.
        package: "auriga-e2e",
        own: &["auriga-crds"],
        never: &["kube-runtime"],
    },
    Rule {
        // It breaks an operator from outside.
        package: "auriga-rig",
        own: &["auriga-crds", "auriga-e2e"],
        never: &["kube-runtime"],
    },
    Rule {
        package: "auriga-operator",
        own: &["auriga-crds"],
        never: &[
            "arrow*",
            "nalgebra",
            "ndarray",
            "object_store",
            "parquet",
            "smartcore",
            "sqlx*",
        ],
    },
];

// Built from all the others; nobody uses them.
const FREE: [&str; 1] = ["auriga-xtask"];

// They let a test break a program on purpose.
const TEST_FEATURES: [&str; 2] = ["conformance", "failpoints"];

/// Fails on a use that no rule allows, and on a crate without a rule.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    let members = tree(workspace, &["--workspace", "--depth", "0"])?;
    let mut faults = without_rule(&members);
    for rule in &RULES {
        let used = tree(workspace, &["--package", rule.package, "--edges", "normal"])?;
        println!("{}: {} crates", rule.package, used.len().saturating_sub(1));
        faults.extend(broken(rule, &used));
    }
    // As a build makes them: all programs of the workspace at once, tests aside.
    let mut linked = workspace.cargo();
    linked.args(["tree", "--quiet", "--prefix", "none", "--format", "{p}|{f}"]);
    linked.args(["--workspace", "--edges", "normal"]);
    faults.extend(for_tests(&read(&mut linked)?));
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Done::saying(format!("{} crates", RULES.len())))
}

/// Names of the packages that `cargo tree` prints, each once, in order.
fn tree(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<String>> {
    let mut command = workspace.cargo();
    command
        .args(["tree", "--quiet", "--prefix", "none", "--format", "{p}"])
        .args(arguments);
    let text = read(&mut command)?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    Ok(names)
}

fn without_rule(members: &[String]) -> Vec<String> {
    let known = |name: &str| FREE.contains(&name) || RULES.iter().any(|rule| rule.package == name);
    members
        .iter()
        .filter(|name| !known(name))
        .map(|name| format!("{name} has no rule; say in {} what it may use", file!()))
        .collect()
}

fn broken(rule: &Rule, used: &[String]) -> Vec<String> {
    let ours = |name: &str| name == "auriga" || name.starts_with("auriga-");
    let refused = |name: &str| {
        let own_kind = ours(name) && name != rule.package && !rule.own.contains(&name);
        own_kind || rule.never.iter().any(|pattern| fits(pattern, name))
    };
    used.iter()
        .filter(|name| refused(name))
        .map(|name| {
            format!(
                "{package} must not use {name}; see `cargo tree --package {package} --edges normal --invert {name}`",
                package = rule.package
            )
        })
        .collect()
}

/// What only tests may ask for, in lines of a package with its version, and its features behind a `|`.
fn for_tests(linked: &str) -> Vec<String> {
    let mut faults: Vec<String> = (linked.lines())
        .filter_map(|line| {
            let (package, features) = line.split_once('|')?;
            let name = package.split(' ').next()?;
            // A package that is told again has ` (*)` behind it.
            let features = features.trim_end_matches(" (*)").split(',');
            let mut asked = features.filter(|feature| TEST_FEATURES.contains(feature));
            match (name, asked.next()) {
                ("fail", _) => Some("fail is linked into a program, and is for tests alone".to_owned()),
                (_, Some(feature)) => Some(format!(
                    "{name} is linked into a program with its feature {feature}, which is for tests alone"
                )),
                _ => None,
            }
        })
        .collect();
    faults.dedup();
    faults
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(package: &str, used: &[&str], expected: &[&str]) {
        let rule = RULES.iter().find(|rule| rule.package == package).unwrap();
        let used: Vec<String> = used.iter().map(ToString::to_string).collect();
        let found = broken(rule, &used);
        assert_eq!(found.len(), expected.len(), "{package}: {found:?}");
        for (fault, name) in found.iter().zip(expected) {
            assert!(
                fault.starts_with(&format!("{package} must not use {name};")),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_crate_may_use_itself_its_own_list_and_what_nobody_forbids() {
        check("auriga-learn", &["auriga-learn", "ndarray", "serde"], &[]);
        check(
            "auriga-learn",
            &["tokio", "async-trait", "kube-core", "auriga-crds"],
            &["tokio", "async-trait", "kube-core", "auriga-crds"],
        );
        check("auriga-serve", &["auriga-persist", "sqlx", "tokio"], &[]);
        check(
            "auriga-serve",
            &["auriga-data", "kube-client"],
            &["auriga-data", "kube-client"],
        );
        check("auriga-operator", &["auriga-crds", "kube-client"], &[]);
        check(
            "auriga-operator",
            &["sqlx-core", "auriga-learn", "auriga"],
            &["sqlx-core", "auriga-learn", "auriga"],
        );
    }

    #[test]
    fn what_breaks_a_program_on_purpose_is_linked_into_none() {
        let check = |line: &str, faults: &[&str]| assert_eq!(for_tests(line), faults);
        check("auriga-persist v0.1.0 (/persist)|\nsqlx v0.9.0|sqlite (*)\n", &[]);
        check(
            "fail v0.5.1|failpoints",
            &["fail is linked into a program, and is for tests alone"],
        );
        check(
            "auriga-persist v0.1.0 (/persist)|default,conformance (*)",
            &[
                "auriga-persist is linked into a program with its feature conformance, which is for tests alone",
            ],
        );
    }

    #[test]
    fn a_new_crate_needs_a_rule() {
        let members = ["auriga-crds", "auriga-xtask", "auriga-flow"].map(str::to_owned);
        let faults = without_rule(&members);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("auriga-flow has no rule;"), "{faults:?}");
    }
}
