//! Images that only tests use: a shell, what holds a pod's network open, and a PostgreSQL server.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    Archive, Root, USER,
    archive::{Settings, pack},
};
use crate::{postgres, workspace::Workspace};

/// What holds a pod's network open while its containers come and go.
pub(crate) fn pause(workspace: &Workspace) -> Result<Archive> {
    let mut root = Root::new(workspace, "pause")?;
    root.busybox(workspace, &["sleep"])?;
    let settings = Settings {
        reference: "docker.io/auriga-test/pause:1",
        user: USER,
        entrypoint: &["/bin/sleep", "2147483647"],
        environment: &[],
    };
    pack(workspace, &root, &settings)
}

/// A shell, and curl to ask a service with, as a user who is not root.
pub(crate) fn shell(workspace: &Workspace) -> Result<Archive> {
    let mut root = Root::new(workspace, "shell")?;
    // No wget of busybox: Debian's is linked statically, and dies where it looks up the name of a host.
    root.busybox(workspace, &["sh", "cat", "env", "ls", "sleep"])?;
    root.installed(workspace, "curl")?;
    root.users("nonroot")?;
    let settings = Settings {
        reference: "docker.io/auriga-test/shell:1",
        user: USER,
        entrypoint: &["/bin/sh"],
        environment: &[("PATH", "/bin")],
    };
    pack(workspace, &root, &settings)
}

/// A PostgreSQL server that makes its database when it is first started, and needs no root for that.
pub(crate) fn postgres(workspace: &Workspace) -> Result<Archive> {
    let home = postgres::ready(workspace)?;
    let home = home.display();
    let mut root = Root::new(workspace, "postgres")?;
    // initdb starts its server through a shell.
    root.busybox(workspace, &["sh", "cat", "rm"])?;
    for name in ["postgres", "initdb", "pg_isready", "psql"] {
        let program = format!("{home}/bin/{name}");
        root.program(Path::new(&program), &program)?;
    }
    for library in modules(&format!("{home}/lib"))? {
        root.copy(&library)?;
        root.libraries_of(Path::new(&library))?;
    }
    root.copy(&format!("/usr/share/postgresql/{}", postgres::VERSION))?;
    root.copy("/usr/share/zoneinfo")?;
    root.copy("/usr/lib/locale/C.utf8")?;
    root.users("postgres")?;
    let entry = workspace.root.join("tests/cluster/postgres/entry.sh");
    root.script(workspace, &entry, "/usr/local/bin/entry")?;
    let settings = Settings {
        reference: &format!("docker.io/auriga-test/postgres:{}", postgres::VERSION),
        user: USER,
        entrypoint: &["/usr/local/bin/entry"],
        environment: &[("PATH", &format!("{home}/bin:/bin")), ("LANG", "C.UTF-8")],
    };
    pack(workspace, &root, &settings)
}

/// The server's loadable modules, without its compiler: that alone would be larger than all the rest.
fn modules(folder: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {folder}"))?;
    let mut modules = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {folder}"))?.path();
        let path = path.to_string_lossy().into_owned();
        if path.ends_with(".so") && !path.ends_with("/llvmjit.so") {
            modules.push(path);
        }
    }
    Ok(modules)
}
