//! Recognizes what people fetch by mistake instead of a CSV file.

use crate::DataError;

const UNPACK: &str = "unpack it first";

/// Beginnings in lower case, what they belong to, and what to do.
const BEGINNINGS: [(&[u8], &str, &str); 12] = [
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (
        b"pk\x03\x04",
        "a zip archive or a spreadsheet",
        "unpack it, or save the sheet as CSV",
    ),
    (b"bzh", "a bzip2 archive", UNPACK),
    (b"\xfd7zxz", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (b"par1", "a Parquet file", "convert it to CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "save the sheet as CSV"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"<!doctype html", "a web page", "use the address of the raw file"),
    (b"<html", "a web page", "use the address of the raw file"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        "fetch the file itself with git lfs pull",
    ),
];

/// Errors: `NotCsv` if the first bytes of a file belong to another format.
pub(super) fn check(place: &str, beginning: &[u8]) -> Result<(), DataError> {
    let text = beginning.trim_ascii_start();
    let begins = |bytes: &[u8], with: &[u8]| {
        bytes.len() >= with.len() && bytes[..with.len()].eq_ignore_ascii_case(with)
    };
    match BEGINNINGS.iter().find(|(with, ..)| begins(text, with)) {
        None => Ok(()),
        // A header may well begin with these letters; the formats go on with bytes that no text has.
        Some((with, ..)) if with.is_ascii() && with.len() <= 4 && !text.iter().take(64).any(is_binary) => {
            Ok(())
        }
        Some((_, what, remedy)) => Err(DataError::NotCsv {
            place: place.to_owned(),
            what,
            remedy,
        }),
    }
}

fn is_binary(byte: &u8) -> bool {
    *byte >= 0x80 || (*byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n'))
}
