//! What becomes of paths that are no file, and of files that change while they are read.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use super::open;
use crate::{AddressPolicy, Csv, DataError, Limits, Place, Progress, load, source::Source};

fn message(path: &Path, folder: &Path) -> (String, bool) {
    let (reported, _watched) = watch::channel(Progress::default());
    let limits = Limits::new(AddressPolicy::Cluster);
    let error = match open(path, Place::Path(path.to_owned()).to_string(), &limits, reported) {
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
    check(
        "a\0b.csv",
        "DIR/a\\u{0}b.csv cannot be the path of a file: it holds a NUL character; correct the path",
    );
    let (long, is_mistake) = message(&folder.path().join("x".repeat(256)), folder.path());
    assert!(
        long.ends_with(" cannot be the path of a file: it is too long; correct the path"),
        "{long}"
    );
    assert!(is_mistake);
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

/// As much as formats take at a time.
const BUFFER: usize = 64 << 10;

/// Opens a file of several buffers that was written a while ago, reads the first one, lets `happen`, and reads on as
/// `then` says.
fn after_the_first_buffer(
    happen: impl Fn(&Path),
    then: impl Fn(&mut Source) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut file = File::create(&path).unwrap();
    file.write_all(&rows("10")).unwrap();
    // The times of files are only as fine as the system's ticks.
    file.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();
    let limits = Limits::new(AddressPolicy::Cluster);
    let (reported, _watched) = watch::channel(Progress::default());
    let mut source = open(&path, "rows.csv".to_owned(), &limits, reported).unwrap();
    assert_eq!(source.fill(&mut [0; BUFFER]).unwrap(), BUFFER);
    happen(&path);
    then(&mut source)
}

fn rows(row: &str) -> Vec<u8> {
    format!("{row}\n").repeat(100_000).into_bytes()
}

fn to_the_end(source: &mut Source) -> Result<(), DataError> {
    while source.fill(&mut [0; BUFFER])? > 0 {}
    Ok(())
}

#[test]
fn a_file_that_changes_while_it_is_read_is_no_table_and_nobodys_mistake() {
    let check = |happen: &dyn Fn(&Path)| {
        for then in [to_the_end, Source::rewind] {
            let error = after_the_first_buffer(happen, then).unwrap_err();
            assert_eq!(
                error.to_string(),
                "rows.csv changed while it was read; try again when nobody writes to it"
            );
            assert!(!error.is_users_mistake());
        }
    };
    let truncate = |path: &Path, length| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(length).unwrap();
    };
    check(&|path| truncate(path, 100_000));
    check(&|path| truncate(path, BUFFER as u64));
    check(&|path| truncate(path, 0));
    check(&|path| {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"11\n").unwrap();
    });
    // Of the same length.
    check(&|path| std::fs::write(path, rows("20")).unwrap());
    check(&|path| {
        let other = path.with_extension("new");
        std::fs::write(&other, rows("20")).unwrap();
        std::fs::rename(&other, path).unwrap();
    });
    check(&|path| std::fs::remove_file(path).unwrap());
}

#[test]
fn a_file_that_stays_as_it_is_is_read_and_read_again() {
    let twice = |source: &mut Source| {
        to_the_end(source)?;
        source.rewind()?;
        to_the_end(source)
    };
    after_the_first_buffer(|_| {}, twice).unwrap();
}

#[test]
fn what_happens_after_the_rows_asked_for_does_not_matter() {
    let grow = |path: &Path| std::fs::write(path, rows("1000")).unwrap();
    let one_more = |source: &mut Source| source.fill(&mut [0; BUFFER]).map(drop);
    after_the_first_buffer(grow, one_more).unwrap();
}
