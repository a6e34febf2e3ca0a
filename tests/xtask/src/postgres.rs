//! The PostgreSQL that tests use: Debian's programs, without the server that the package would set up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{debian, workspace::Workspace};

/// The one of Debian 12.
pub(crate) const VERSION: &str = "15";

const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// The folder with its `bin` and `lib`.
///
/// Errors: it is missing and cannot be installed.
pub(crate) fn ready(workspace: &Workspace) -> Result<PathBuf> {
    let home = Path::new("/usr/lib/postgresql").join(VERSION);
    if home.join("bin/postgres").is_file() && home.join("bin/psql").is_file() {
        return Ok(home);
    }
    let missing = format!("PostgreSQL {VERSION}, which tests start servers of, is missing");
    // The package makes a database of the machine's own and starts it, unless it is told otherwise before it comes.
    if !Path::new(SETTINGS).exists() {
        debian::install(workspace, &["postgresql-common"], &missing)?;
        let settings = fs::read_to_string(SETTINGS).with_context(|| format!("cannot read {SETTINGS}"))?;
        fs::write(SETTINGS, without_a_cluster(&settings))
            .with_context(|| format!("cannot write {SETTINGS}"))?;
    }
    debian::install(workspace, &[&format!("postgresql-{VERSION}")], &missing)?;
    Ok(home)
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
