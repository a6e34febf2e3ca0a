//! Sees to it that PostgreSQL is there, whose server the tests of the stores start themselves.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{debian, program::succeeds, workspace::Workspace};

/// Where Debian keeps the servers of all versions, away from the search path.
const SERVERS: &str = "/usr/lib/postgresql";

/// What Debian's package looks at before it makes a database cluster of its own, which nobody here needs.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// Installs PostgreSQL if it is not there. No server is set up or started by that.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    if is_there(workspace) {
        return Ok(());
    }
    let missing = "PostgreSQL, whose server tests of stores start, is missing";
    // The settings come with a package of their own, and must be changed before the server's comes.
    debian::install(workspace, &["postgresql-common"], missing)?;
    let settings = fs::read_to_string(SETTINGS).with_context(|| format!("cannot read {SETTINGS}"))?;
    fs::write(SETTINGS, without_a_cluster(&settings)).with_context(|| format!("cannot write {SETTINGS}"))?;
    debian::install(workspace, &["postgresql"], missing)
}

fn is_there(workspace: &Workspace) -> bool {
    let servers = fs::read_dir(SERVERS).into_iter().flatten().flatten();
    let has_initdb = |version: &Path| version.join("bin/initdb").is_file();
    servers
        .map(|version| version.path())
        .any(|version| has_initdb(&version))
        || succeeds(workspace.program("initdb").arg("--version"))
}

/// The settings with the one line changed, or added.
fn without_a_cluster(settings: &str) -> String {
    let others = settings
        .lines()
        .filter(|line| !line.trim_start().starts_with("create_main_cluster"))
        .map(|line| format!("{line}\n"));
    others
        .chain(["create_main_cluster = false\n".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_told_to_make_no_cluster_and_other_settings_stay() {
        let check = |before: &str, expected: &str| assert_eq!(without_a_cluster(before), expected);
        check("", "create_main_cluster = false\n");
        check(
            "#create_main_cluster = true\ncreate_main_cluster = true\nssl = on\n",
            "#create_main_cluster = true\nssl = on\ncreate_main_cluster = false\n",
        );
    }
}
