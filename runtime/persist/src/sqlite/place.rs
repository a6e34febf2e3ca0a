//! Looks at the place where a store is or shall be, before SQLite touches it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::schema::APPLICATION_ID;
use crate::{
    Fault,
    failure::{Failure, damaged},
};

/// What lies at the path of a store.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file with our mark.
    Store,
}

/// Looks for a store at `path`. A foreign file is told by its first bytes, because opening it with SQLite would already
/// alter it: the last connection to close folds the write-ahead log into the file.
///
/// Errors: a network file system, a folder, an empty file, a file that is no database, another application's database.
pub(super) fn inspect(path: &Path) -> Result<Found, Failure> {
    refuse_network_file_system(path)?;
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    if file.metadata()?.is_dir() {
        return Err(damaged("it is a folder".to_owned()));
    }
    let mut header = Vec::with_capacity(HEADER_LENGTH);
    file.by_ref()
        .take(HEADER_LENGTH as u64)
        .read_to_end(&mut header)?;
    match foreign(&header) {
        Some(what) => Err(damaged(what.to_owned())),
        None => Ok(Found::Store),
    }
}

/// Length of the header of a SQLite file; see <https://www.sqlite.org/fileformat2.html#the_database_header>.
const HEADER_LENGTH: usize = 100;

/// Why a file with this header is not ours; `None` if it is. A new store appears complete under its name, so an empty
/// file is never a store in the making but one that lost its bytes, and with them the numbers that must not come again.
fn foreign(header: &[u8]) -> Option<&'static str> {
    if header.is_empty() {
        return Some("the file is empty");
    }
    let Some((magic, rest)) = header
        .split_at_checked(16)
        .filter(|_| header.len() == HEADER_LENGTH)
    else {
        return Some("the file is too short for a SQLite database");
    };
    if magic != b"SQLite format 3\0" {
        return Some("the file is not a SQLite database");
    }
    if rest[52..56] != APPLICATION_ID.to_be_bytes() {
        return Some("it is a SQLite database of another application");
    }
    None
}

/// Refuses file systems whose locks and shared memory do not reach across machines.
#[cfg(target_os = "linux")]
fn refuse_network_file_system(path: &Path) -> Result<(), Failure> {
    // The file and some of its folders may not be there yet: the nearest that is tells where they will be.
    let Some(nearest) = path.ancestors().find(|ancestor| ancestor.exists()) else {
        return Ok(());
    };
    let status = rustix::fs::statfs(nearest).map_err(io::Error::from)?;
    // The type of the field differs between platforms, and where it is signed and narrow it may be negative.
    #[allow(clippy::unnecessary_cast)]
    match network_file_system(status.f_type as u32) {
        Some(name) => Err(Failure::Fault(Fault::NetworkFileSystem(name.to_owned()))),
        None => Ok(()),
    }
}

/// Elsewhere the numbers of file systems are not known: SQLite itself then says what it cannot do.
#[cfg(not(target_os = "linux"))]
fn refuse_network_file_system(_path: &Path) -> Result<(), Failure> {
    Ok(())
}

/// The name of a network file system by its magic number in `statfs(2)`; `None` for a local one. FUSE is let through:
/// its number says nothing of what is behind it, often a local disk.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn network_file_system(magic: u32) -> Option<&'static str> {
    match magic {
        0x6969 => Some("NFS"),
        0x517B => Some("SMB"),
        0xFE53_4D42 => Some("SMB2"),
        0xFF53_4D42 => Some("CIFS"),
        0x0102_1997 => Some("9P"),
        0x00C3_6400 => Some("Ceph"),
        0x5346_414F | 0x6B41_4653 => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x564C => Some("NCP"),
        0x0BD0_0BD0 => Some("Lustre"),
        0x4750_4653 => Some("GPFS"),
        0x1983_0326 => Some("BeeGFS"),
        0xAAD7_AAEA => Some("PanFS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        let check = |magic: u32, expected: Option<&str>| {
            assert_eq!(network_file_system(magic), expected, "{magic:x}");
        };
        check(0x6969, Some("NFS"));
        check(0xFF53_4D42, Some("CIFS"));
        check(0xFE53_4D42, Some("SMB2"));
        check(0x0102_1997, Some("9P"));
        // ext4, xfs, btrfs, zfs, tmpfs, overlayfs, fuse
        for local in [
            0xEF53,
            0x5846_5342,
            0x9123_683E,
            0x2FC1_2FC1,
            0x0102_1994,
            0x794C_7630,
            0x6573_5546,
        ] {
            check(local, None);
        }
    }

    #[test]
    fn a_header_tells_whose_file_it_is() {
        let header = |application: u32| {
            let mut header = b"SQLite format 3\0".to_vec();
            header.resize(HEADER_LENGTH, 0);
            header[68..72].copy_from_slice(&application.to_be_bytes());
            header
        };
        let check = |header: &[u8], expected: Option<&str>| assert_eq!(foreign(header), expected);
        check(&header(APPLICATION_ID), None);
        check(&header(0), Some("it is a SQLite database of another application"));
        check(b"", Some("the file is empty"));
        check(
            &header(APPLICATION_ID)[..99],
            Some("the file is too short for a SQLite database"),
        );
        check(&[b'x'; HEADER_LENGTH], Some("the file is not a SQLite database"));
    }
}
