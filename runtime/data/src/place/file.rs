//! Bytes from a file.

#[cfg(test)]
mod tests;

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tokio::sync::watch;

use crate::{
    DataError, Limits, Progress,
    message::clean,
    source::{Input, Source},
};

/// A folder may be huge and the hint is a courtesy.
const NAMES_COMPARED: usize = 1000;

/// A file, and what it was when it was opened.
struct Opened {
    file: File,
    path: PathBuf,
    state: State,
}

/// What differs once somebody has cut, continued or rewritten a file, or has put another one in its place.
#[derive(PartialEq)]
struct State {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(facts: &Metadata) -> State {
        State {
            device: facts.dev(),
            inode: facts.ino(),
            length: facts.len(),
            modified: facts.modified().ok(),
        }
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Input for Opened {
    fn rewind(&mut self) -> io::Result<()> {
        Seek::rewind(&mut self.file)
    }

    /// A file that is gone, or cannot be asked about any more, counts as changed.
    fn is_unchanged(&self) -> bool {
        let is_same = |facts: io::Result<Metadata>| facts.is_ok_and(|facts| State::of(&facts) == self.state);
        is_same(self.file.metadata()) && is_same(std::fs::metadata(&self.path))
    }
}

/// Opens the file at `path`, called `label` in messages. Blocks.
///
/// Errors: `Absent` with a near name, `Forbidden`, `NotAFile` for folders, pipes and devices (a pipe could keep the
/// load waiting for ever, a device could go on for ever), `FileName`, `Read`.
pub(crate) fn open(
    path: &Path,
    label: String,
    limits: &Limits,
    reported: watch::Sender<Progress>,
) -> Result<Source, DataError> {
    let opened = std::fs::metadata(path).and_then(|facts| match facts.is_file() {
        true => {
            let file = File::open(path)?;
            let state = State::of(&file.metadata()?);
            Ok(Some((file, state)))
        }
        false => Ok(None),
    });
    match opened {
        Ok(Some((file, state))) => {
            let total = Some(state.length);
            let path = path.to_owned();
            let opened = Opened { file, path, state };
            Ok(Source::new(label, Box::new(opened), total, limits, reported))
        }
        Ok(None) => Err(DataError::NotAFile {
            place: label,
            what: if path.is_dir() {
                "a folder"
            } else {
                "not a regular file"
            },
        }),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Err(DataError::Absent {
                place: label,
                hint: hint(path),
            })
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(DataError::Forbidden { place: label })
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => Err(DataError::FileName {
            place: label,
            fault: "it is too long",
        }),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(DataError::FileName {
            place: label,
            fault: "it holds a NUL character",
        }),
        Err(error) => Err(DataError::Read {
            place: label,
            source: error,
        }),
    }
}

fn hint(path: &Path) -> String {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return format!("there is no folder \"{}\"", clean(&folder.to_string_lossy()));
    }
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .take(NAMES_COMPARED)
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    match auriga_learn::near(&wanted, &names) {
        Some(near) => format!("did you mean \"{}\"?", clean(&near)),
        None => "check the path".to_owned(),
    }
}
