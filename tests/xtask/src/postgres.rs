//! The PostgreSQL that tests use: Debian's programs, without the server that the package would set up.

use std::{
    fs::OpenOptions,
    io::Write,
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
        OpenOptions::new()
            .append(true)
            .open(SETTINGS)
            .and_then(|mut file| file.write_all(b"\ncreate_main_cluster = false\n"))
            .with_context(|| format!("cannot write {SETTINGS}"))?;
    }
    debian::install(workspace, &[&format!("postgresql-{VERSION}")], &missing)?;
    Ok(home)
}
