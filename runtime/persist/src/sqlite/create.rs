//! Makes a new store, which appears under its name only when it is complete.

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteJournalMode};
use tempfile::NamedTempFile;

use super::{connect, failure::Failure, schema};

/// Makes a store at `path`, with its parent folders. Another process that makes the same store at the same time is no
/// error: one of the two files gets the name, both processes then open it.
pub(super) async fn create(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder)?;
    let draft = draft_file(path, folder)?;

    if let Err(failure) = fill(draft.path()).await {
        // The draft takes itself away, not what SQLite has laid beside it: often there is nothing of it.
        for beside in ["-wal", "-shm"] {
            let mut name = draft.path().as_os_str().to_owned();
            name.push(beside);
            let _ = std::fs::remove_file(name);
        }
        return Err(failure);
    }

    match draft.persist_noclobber(path) {
        Ok(_) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(failed) => return Err(failed.error.into()),
    }
    // SQLite syncs what it writes; the new name is ours to sync.
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes the tables of a new store into the empty file at `path`.
async fn fill(path: &Path) -> Result<(), Failure> {
    // The mode stays with the file. To change it later takes the file for oneself, which busy timeouts do not wait for.
    let options = connect::options(path).journal_mode(SqliteJournalMode::Wal);
    let mut connection = options.connect().await?;
    let migrated = migrate(&mut connection).await;
    // Folds the write-ahead log into the file and removes it: the name alone is moved later.
    let closed = connection.close().await;
    migrated?;
    Ok(closed?)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    schema::migrate(&mut tx).await?;
    Ok(tx.commit().await?)
}

fn draft_file(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}-"))
        .suffix(".new")
        // Pods of one volume share a group, not always a user. The umask takes its part away.
        .permissions(Permissions::from_mode(0o660))
        .tempfile_in(folder)
}
