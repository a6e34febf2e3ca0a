//! What was found is kept in `tests/rig/results`, and docs/reliability.md is made of it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{finding::Finding, request::Fault, rows::ROWS, sweep::Verdict, workload::Workload};

const RESULTS: &str = "tests/rig/results/reliability.json";
const PAGE: &str = "docs/reliability.md";

/// What stands for the commit of what was found before commits were kept.
const EARLIER: &str = "earlier";

/// What stands beside row F11.
const BESIDE: &str = "\
\n## Beside other operators

What others have published about theirs, on other machines and of other work; nothing of it was measured here. Neither says
how long an operator takes that is started anew where there is work already.

| | There are | Memory | Made ready within | Requests |
|---|---|---|---|---|
| Knative Serving, controller alone¹ | 1,000 Services, idle | 400 MiB | | |
| the same with webhook, autoscaler, activator, Kourier¹ | 1,000 Services, idle | 1,770 MiB | | |
| KubeRay 0.6² | 150 RayClusters of one pod each | 36 MB | | |
| KubeRay, the advice in its chart³ | 500 pods | about 500 MB | | at most 100 per second, 200 at once |
| KubeRay, its own load test⁴ | 1,000 RayClusters | | 269 s | |

¹ \"Scalability and performance of OpenShift Serverless Serving\", openshift-knative.github.io/docs, for version 1.30. \
² github.com/ray-project/kuberay, `benchmark/memory_benchmark/scripts/experiment_figures.py`. \
³ The same, `helm-chart/kuberay-operator/values.yaml`. \
⁴ The same, `benchmark/perf-tests/1000-raycluster/results/junit.xml`, steps 3 and 4.
";

/// All that was found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// Sweeps: by workload, then by what was done to each of its writes.
    #[serde(default)]
    writes: BTreeMap<String, BTreeMap<String, Swept>>,
    /// By the name of the row.
    #[serde(default)]
    rows: BTreeMap<String, Finding>,
    /// The commit that a row, or a fault of a workload as `create 409`, was tried on.
    #[serde(default)]
    trees: BTreeMap<String, String>,
    /// The commit that is tried now.
    #[serde(skip)]
    tree: String,
}

/// What came of one fault at each write of a workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Swept {
    /// How many plans there were whose write came.
    pub(crate) plans: usize,
    /// How many of them ended like the reference.
    pub(crate) passed: usize,
    /// How many more there were whose write never came, so that nothing was broken.
    pub(crate) missed: usize,
    /// The longest time in seconds from the fault until the last write.
    pub(crate) longest: f64,
}

/// Verdicts counted by workload and fault.
pub(crate) fn count(verdicts: &[Verdict]) -> BTreeMap<(Workload, Fault), Swept> {
    let mut counted: BTreeMap<_, Swept> = BTreeMap::new();
    for verdict in verdicts {
        let swept = counted
            .entry((verdict.plan.workload, verdict.plan.fault))
            .or_default();
        // Without its write a plan can fail, but not pass.
        let is_well = verdict.faults.is_empty();
        let counts = verdict.struck || !is_well;
        swept.plans += usize::from(counts);
        swept.missed += usize::from(!counts);
        swept.passed += usize::from(counts && is_well);
        swept.longest = swept.longest.max(verdict.recovered_after.unwrap_or(0.0));
    }
    counted
}

impl Findings {
    /// What was kept under `root`; nothing if nothing was.
    ///
    /// Errors: the file cannot be read.
    pub(crate) fn kept(root: &Path) -> Result<Findings> {
        let path = root.join(RESULTS);
        if !path.exists() {
            return Ok(Findings::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} holds no findings", path.display()))
    }

    /// What is taken in from now on was found on this commit.
    pub(crate) fn on(self, tree: String) -> Findings {
        Findings { tree, ..self }
    }

    /// Takes in what a sweep found.
    pub(crate) fn take_sweep(&mut self, verdicts: &[Verdict]) {
        for ((workload, fault), swept) in count(verdicts) {
            self.take_cell(workload, fault, swept);
        }
    }

    /// Takes in that `workload` makes the operator write nothing that could be broken.
    pub(crate) fn take_silence(&mut self, workload: Workload, faults: &[Fault]) {
        for &fault in faults {
            self.take_cell(workload, fault, Swept::default());
        }
    }

    fn take_cell(&mut self, workload: Workload, fault: Fault, swept: Swept) {
        let (workload, fault) = (workload.word(), fault.word());
        self.trees
            .insert(format!("{workload} {fault}"), self.tree.clone());
        let of_workload = self.writes.entry(workload.to_owned()).or_default();
        of_workload.insert(fault.to_owned(), swept);
    }

    /// Takes in what a row found.
    pub(crate) fn take_row(&mut self, name: &str, finding: Finding) {
        self.trees.insert(name.to_owned(), self.tree.clone());
        self.rows.insert(name.to_owned(), finding);
    }

    /// Keeps them under `root`, and makes the page of them.
    ///
    /// Errors: a file cannot be written.
    pub(crate) fn keep(&self, root: &Path) -> Result<()> {
        write(&root.join(RESULTS), &(serde_json::to_string_pretty(self)? + "\n"))?;
        write(&root.join(PAGE), &self.page())
    }

    fn page(&self) -> String {
        let mut page = String::from(
            "# Reliability\n\n\
             What happens to the operator, and what came of it. Written by `cargo xtask faults --save` on a cluster of one node\n\
             with two cores; do not edit. The operators are programs of this tree with the rights of manifests/namespaced, behind\n\
             a proxy that does to their requests what a plan says, started with `--retry-mistake 15s` where 5 minutes are the\n\
             default. \"On\" names the commit that was tried, with a + where its operator was changed since.\n\n\
             ## Each write, broken once\n\n\
             A workload runs once without a fault; its writes are numbered. Then it runs once for each write and each fault. A plan\n\
             passes if all that is left equals the reference, as many objects were made and deleted, every DELETE names the UID it\n\
             means, the operator never ends by itself, where a version answers one pod is ready at any time, and the last write\n\
             before three seconds of rest comes at most 30 s after the fault, or after the last thing that was asked for if that\n\
             came later (in outage: the store is back). Each cell: plans passed of all, longest time until the last write. A plan\n\
             whose write does not come in three runs is counted apart. \"No writes\": the operator has none to do there.\n\n",
        );
        let faults = Fault::ALL.map(Fault::word);
        let _ = writeln!(page, "| | {} |", faults.join(" | "));
        let _ = writeln!(page, "|---|{}", "---|".repeat(faults.len()));
        for workload in Workload::ALL.map(Workload::word) {
            let of_workload = self.writes.get(workload);
            let cell = |fault: &str| match of_workload.and_then(|swept| swept.get(fault)) {
                Some(swept) if swept.plans + swept.missed == 0 => "no writes".to_owned(),
                Some(swept) if swept.missed > 0 => format!(
                    "{}/{}, {:.0} s; {} more met no such write",
                    swept.passed, swept.plans, swept.longest, swept.missed
                ),
                Some(swept) => format!("{}/{}, {:.0} s", swept.passed, swept.plans, swept.longest),
                None => "not run".to_owned(),
            };
            let _ = writeln!(page, "| {workload} | {} |", faults.map(cell).join(" | "));
        }
        let _ = writeln!(page, "\nOn: {}.", self.trees_of_writes());
        page.push_str(
            "\n## Other faults\n\n\
             | Fault | What happens | What is asked for | Held | On | Measured |\n|---|---|---|---|---|---|\n",
        );
        for row in ROWS {
            let (held, figures) = match self.rows.get(row.name) {
                Some(found) => (
                    format!("{} of {}", found.held, found.tries),
                    found.figures.join("; "),
                ),
                None => ("not run".to_owned(), String::new()),
            };
            let _ = writeln!(
                page,
                "| {} | {} | {} | {held} | {} | {figures} |",
                row.name,
                row.happens,
                row.wanted,
                self.tree_of(row.name)
            );
        }
        page + BESIDE
    }

    fn tree_of(&self, what: &str) -> &str {
        self.trees.get(what).map_or(EARLIER, String::as_str)
    }

    /// On which commits each workload was swept, those of equal faults together.
    fn trees_of_writes(&self) -> String {
        let mut told = Vec::new();
        for (workload, swept) in &self.writes {
            let mut faults: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for fault in swept.keys() {
                let tree = self.tree_of(&format!("{workload} {fault}"));
                faults.entry(tree).or_default().push(fault);
            }
            let is_whole = faults.len() == 1;
            told.extend(faults.iter().map(|(tree, faults)| match is_whole {
                true => format!("{workload} {tree}"),
                false => format!("{workload} ({}) {tree}", faults.join(", ")),
            }));
        }
        told.join("; ")
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_was_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let page = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
        let found = Findings::kept(&root).expect("the findings can be read");
        assert!(
            found == Findings::default() || page == found.page(),
            "{PAGE} is stale; `cargo xtask faults --save` writes it"
        );
    }

    #[test]
    fn the_page_tells_passed_plans_and_held_rows() {
        let mut found = Findings::default().on("abc1234".to_owned());
        let swept = Swept {
            plans: 23,
            passed: 22,
            missed: 0,
            longest: 11.4,
        };
        let of_create = found.writes.entry("create".to_owned()).or_default();
        of_create.insert("kill-before".to_owned(), swept);
        found.take_silence(Workload::Retain, &[Fault::KillBefore]);
        found.take_row(
            "F9",
            Finding {
                tries: 3,
                held: 3,
                figures: vec!["SIGTERM 0.4 s".to_owned()],
                broken: Vec::new(),
            },
        );
        let page = found.page();
        let trees = "\nOn: create earlier; delete-retain abc1234.\n";
        assert!(page.contains(trees), "{page}");
        assert!(page.contains("| create | 22/23, 11 s | not run |"), "{page}");
        assert!(page.contains("| delete-retain | no writes | not run |"), "{page}");
        assert!(page.contains("| 3 of 3 | abc1234 | SIGTERM 0.4 s |"), "{page}");
    }
}
