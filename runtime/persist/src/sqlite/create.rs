//! Makes a new store, which appears under its name only when it is complete.

use std::{
    ffi::OsStr,
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, SystemTime},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::schema;
use crate::failure::Failure;

/// After this time what another creator has laid down is no longer in the making: it was killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// Ends the name of a folder in which a store is in the making.
const DRAFT: &str = ".new";

/// Makes a store at `path`, with its parent folders; `options` are those of its connections. Another process that makes
/// the same store at the same time is no error: one of the two files gets the name, both processes then open it.
pub(super) async fn create(path: &Path, options: &SqliteConnectOptions) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default();
    fs::create_dir_all(folder)?;
    sweep(folder, name, SystemTime::now());

    // SQLite lays files beside the draft and cannot always take them away again, such as when the disk is full. In a
    // folder of their own they go together, however this ends.
    let drafts = draft_folder(folder, name)?;
    let draft = tempfile::Builder::new()
        // Pods of one volume share a group, not always a user. The umask takes its part away.
        .permissions(Permissions::from_mode(0o660))
        .tempfile_in(&drafts)?
        .into_temp_path();
    fill(options.clone().filename(&draft)).await?;
    match draft.persist_noclobber(path) {
        Ok(()) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(failed) => return Err(failed.error.into()),
    }
    // SQLite syncs what it writes; the new name is ours to sync.
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes the tables of a new store into the empty file of `options`.
async fn fill(options: SqliteConnectOptions) -> Result<(), Failure> {
    let mut connection = options.connect().await?;
    let migrated = migrate(&mut connection).await;
    // Folds the write-ahead log into the file and removes it, since the name alone is moved later. After a failure too:
    // a dropped connection closes in the background, where it would still use files that are being removed.
    let closed = connection.close().await;
    migrated?;
    Ok(closed?)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), Failure> {
    // The mode stays with the file. To change it later takes the file for oneself, which busy timeouts do not wait for.
    sqlx::query("PRAGMA journal_mode = WAL")
        .execute(&mut *connection)
        .await?;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    schema::migrate(&mut tx).await?;
    Ok(tx.commit().await?)
}

fn draft_folder(folder: &Path, name: &OsStr) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&prefix(name))
        .suffix(DRAFT)
        .tempdir_in(folder)
}

/// Begins the name of whatever is in the making for the store of this name.
fn prefix(name: &OsStr) -> String {
    format!(".{}-", name.to_string_lossy())
}

/// Removes what creators of this store left behind when they were killed before `now` by a day or more. What resists
/// stays: it is in nobody's way.
pub(super) fn sweep(folder: &Path, name: &OsStr, now: SystemTime) {
    let prefix = prefix(name);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_draft = name
            .to_str()
            .is_some_and(|name| name.starts_with(&prefix) && name.ends_with(DRAFT));
        let Some(metadata) = entry.metadata().ok().filter(|_| is_draft) else {
            continue;
        };
        let age = metadata
            .modified()
            .ok()
            .and_then(|modified| now.duration_since(modified).ok());
        if metadata.is_dir() && age.is_some_and(|age| age >= ABANDONED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
