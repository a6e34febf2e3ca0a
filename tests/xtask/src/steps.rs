//! The steps of `cargo xtask test`: each is announced, timed and listed in a table at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{
    arrows, cargo, cluster, deny, e2e, faults, manifests, reference,
    terminal::{Style, spoken, styled},
    tidy,
    workspace::Workspace,
};

/// What a task does; run in a found tree.
pub(crate) type Task = fn(&Workspace) -> Result<Done>;

/// What a task that went well has to say.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// A few words for the table; may be empty.
    pub(crate) note: String,
    /// Tests that passed in it.
    pub(crate) tests_passed: u64,
}

impl Done {
    /// So many tests passed.
    pub(crate) fn passing(tests: u64) -> Done {
        Done {
            note: format!("{tests} passed"),
            tests_passed: tests,
        }
    }

    /// Went well, with a few words for the table.
    pub(crate) fn saying(note: impl Into<String>) -> Done {
        Done {
            note: note.into(),
            tests_passed: 0,
        }
    }
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The name that `cargo xtask test <name>` takes.
    pub(crate) name: &'static str,
    about: &'static str,
    task: Task,
}

// Cheap and often broken first; what needs Python last.
const STEPS: [Step; 10] = [
    Step {
        name: "fmt",
        about: "the Rust code is formatted",
        task: cargo::check_format,
    },
    Step {
        name: "tidy",
        about: "the house rules hold",
        task: tidy::check,
    },
    Step {
        name: "clippy",
        about: "no target has a warning",
        task: cargo::clippy,
    },
    Step {
        name: "deny",
        about: "dependencies have allowed licenses and sources, and none is banned",
        task: deny::check,
    },
    Step {
        name: "arrows",
        about: "every crate uses only what it may",
        task: arrows::check,
    },
    Step {
        name: "generated",
        about: "manifests/install.yaml is what its parts say",
        task: manifests::check,
    },
    Step {
        name: "tests",
        about: "all tests of the workspace that need no cluster pass",
        task: cargo::test,
    },
    Step {
        name: "e2e",
        about: "on a real cluster, the operator does what its users are told",
        task: e2e::check,
    },
    Step {
        name: "faults",
        about: "killed at any write, the operator comes right again",
        task: faults::check,
    },
    Step {
        name: "reference",
        about: "stored values and the auriga program agree with scikit-learn",
        task: reference::check,
    },
];

/// One line per step, for the help.
pub(crate) fn described() -> String {
    STEPS
        .iter()
        .map(|step| format!("  {:<22} {}\n", step.name, step.about))
        .collect()
}

/// The steps with these names, in the order of the whole; all of them if no name is given.
pub(crate) fn named(names: &[&str]) -> Result<Vec<Step>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        bail!(
            "there is no step \"{unknown}\"; there are {}",
            STEPS.map(|step| step.name).join(", ")
        );
    }
    let chosen = STEPS
        .into_iter()
        .filter(|step| names.is_empty() || names.contains(&step.name));
    Ok(chosen.collect())
}

/// Runs the steps until one fails, then prints the table. Those that need a cluster share one.
///
/// Errors: the failing step's, with the command that repeats it alone.
pub(crate) fn run(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    cluster::left_as_found(workspace, || run_in_order(workspace, steps))
}

fn run_in_order(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    let mut table = Vec::new();
    let mut tests_passed = 0;
    let mut failure = None;
    for (at, step) in steps.iter().enumerate() {
        let heading = format!("[{}/{}] {}: {}", at + 1, steps.len(), step.name, step.about);
        println!("\n{}", styled(&heading, Style::Bold));
        let start = Instant::now();
        let result = (step.task)(workspace);
        let (duration, end) = (start.elapsed(), if result.is_ok() { "ok" } else { "FAILED" });
        println!(
            "[{}/{}] {}: {end} after {}",
            at + 1,
            steps.len(),
            step.name,
            spoken(duration)
        );
        match result {
            Ok(done) => {
                tests_passed += done.tests_passed;
                table.push(row(step.name, end, Some(duration), &done.note));
            }
            Err(error) => {
                table.push(row(step.name, end, Some(duration), ""));
                failure = Some(error.context(format!(
                    "step {} failed; repeat it alone with `cargo xtask test {}`",
                    step.name, step.name
                )));
                break;
            }
        }
    }
    table.extend(
        steps[table.len()..]
            .iter()
            .map(|step| row(step.name, "not run", None, "")),
    );

    println!(
        "\n{}",
        styled("step         result       time  note", Style::Bold)
    );
    println!("{}", table.join("\n"));
    match failure {
        Some(error) => Err(error),
        None => {
            if tests_passed > 0 {
                println!("\n{tests_passed} passed, 0 failed");
            }
            Ok(())
        }
    }
}

fn row(name: &str, result: &str, duration: Option<Duration>, note: &str) -> String {
    let style = if result == "ok" { Style::Green } else { Style::Red };
    let time = duration.map(spoken).unwrap_or_default();
    let line = format!(
        "{name:<12} {} {time:>11}  {note}",
        styled(&format!("{result:<7}"), style)
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        Workspace::find().unwrap()
    }

    #[test]
    fn steps_run_in_the_order_of_the_whole_whatever_the_order_of_their_names() {
        let names =
            |wanted: &[&str]| -> Vec<&str> { named(wanted).unwrap().iter().map(|step| step.name).collect() };
        assert_eq!(names(&["tests", "fmt"]), ["fmt", "tests"]);
        assert_eq!(names(&[]).len(), STEPS.len());
        assert!(
            named(&["tests", "lint"])
                .unwrap_err()
                .to_string()
                .starts_with("there is no step \"lint\"; there are fmt, ")
        );
    }

    #[test]
    fn the_first_failure_ends_the_run_and_names_the_command_to_repeat() {
        let step = |name, task: Task| Step {
            name,
            about: "",
            task,
        };
        let fails: Task = |_| bail!("it is Monday");
        let must_not_run: Task = |_| panic!("a step after the failed one ran");
        let steps = [
            step("a", |_| Ok(Done::default())),
            step("b", fails),
            step("c", must_not_run),
        ];
        let error = run_in_order(&workspace(), &steps).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "step b failed; repeat it alone with `cargo xtask test b`: it is Monday"
        );
    }

    #[test]
    fn a_row_of_the_table_is_plain_when_nobody_looks() {
        assert_eq!(
            row("fmt", "ok", Some(Duration::from_millis(300)), "12 files"),
            "fmt          ok            0.3 s  12 files"
        );
        assert_eq!(row("fmt", "not run", None, ""), "fmt          not run");
    }
}
