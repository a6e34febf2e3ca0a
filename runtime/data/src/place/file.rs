//! Bytes from a file.

use std::{
    fs::File,
    io::{self, Seek},
    path::Path,
};

use tokio::sync::watch;

use crate::{
    DataError, Limits, Progress,
    message::clean,
    source::{Input, Source},
};

/// A folder may be huge and the hint is a courtesy.
const NAMES_COMPARED: usize = 1000;

impl Input for File {
    fn rewind(&mut self) -> io::Result<()> {
        Seek::rewind(self)
    }
}

/// Opens the file at `path`, called `label` in messages. Blocks.
///
/// Errors: `Absent` with a near name, `Forbidden`, `NotAFile` for folders, pipes and devices (a pipe could keep the
/// load waiting for ever, a device could go on for ever), `Read`.
pub(crate) fn open(
    path: &Path,
    label: String,
    limits: &Limits,
    reported: watch::Sender<Progress>,
) -> Result<Source, DataError> {
    let opened = std::fs::metadata(path).and_then(|facts| match facts.is_file() {
        true => Ok(Some((File::open(path)?, facts.len()))),
        false => Ok(None),
    });
    match opened {
        Ok(Some((file, length))) => Ok(Source::new(label, Box::new(file), Some(length), limits, reported)),
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

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::open;
    use crate::{AddressPolicy, Csv, Limits, Place, Progress, load};

    fn message(path: &std::path::Path, folder: &std::path::Path) -> (String, bool) {
        let (reported, _watched) = watch::channel(Progress::default());
        let limits = Limits::new(AddressPolicy::Cluster);
        let error = match open(path, path.to_string_lossy().into_owned(), &limits, reported) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error,
        };
        let message = error.to_string().replace(&*folder.to_string_lossy(), "DIR");
        (message, error.is_users_mistake())
    }

    #[test]
    fn what_is_no_readable_file_is_named_with_what_may_be_meant() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("iris.csv"), "a\n1\n").unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let check = |name: &str, expected: &str| {
            let found = message(&folder.path().join(name), folder.path());
            assert_eq!(found, (expected.to_owned(), true));
        };
        check(
            "Iris.csv",
            "DIR/Iris.csv does not exist; did you mean \"iris.csv\"?",
        );
        check("wine.parquet", "DIR/wine.parquet does not exist; check the path");
        check(
            "absent/iris.csv",
            "DIR/absent/iris.csv does not exist; there is no folder \"DIR/absent\"",
        );
        check(
            "iris.csv/x",
            "DIR/iris.csv/x does not exist; there is no folder \"DIR/iris.csv\"",
        );
        check("data", "DIR/data is a folder; name a file");
        let device = message("/dev/zero".as_ref(), folder.path());
        assert_eq!(
            device,
            ("/dev/zero is not a regular file; name a file".to_owned(), true)
        );
    }

    #[tokio::test]
    async fn a_file_is_read_and_read_again_where_a_column_turns_into_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.csv");
        std::fs::write(&path, format!("code\n{}x\n", "007\n".repeat(100_000))).unwrap();
        let limits = Limits::new(AddressPolicy::Cluster);
        let table = load(&Csv::default(), &Place::Path(path), &limits, &|_| {})
            .await
            .unwrap();
        assert_eq!(table.n_rows(), 100_001);
        assert_eq!(
            table.column("code").unwrap().cell(0),
            auriga_learn::Cell::Text("007")
        );
    }
}
