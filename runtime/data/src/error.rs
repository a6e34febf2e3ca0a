//! What can go wrong with data, in words that name the place, the line and the remedy.

use std::{io, time::Duration};

use reqwest::StatusCode;
use thiserror::Error;

use crate::message::{in_row, in_units};

/// Data that could not be read. `place` is the file, address or document; lines count from 1 as editors do, rows count
/// data rows from 1; values are cut to 40 characters.
#[derive(Debug, Error)]
pub enum DataError {
    /// A setting that cannot be meant.
    #[error("{field}: {fault}")]
    Setting {
        /// The setting, such as `separator`.
        field: &'static str,
        /// What is wrong, and what to write.
        fault: String,
    },
    /// A `url` that is no address of data.
    #[error("url \"{url}\": {fault}")]
    Url {
        /// The address, without what may be secret in it.
        url: String,
        /// What is wrong, and what to write.
        fault: String,
    },
    /// No such file.
    #[error("{place} does not exist; {hint}")]
    Absent {
        /// The file.
        place: String,
        /// A file of nearly that name, or what else to look at.
        hint: String,
    },
    /// A folder, pipe or device.
    #[error("{place} is {what}; name a file")]
    NotAFile {
        /// The path.
        place: String,
        /// What it is.
        what: &'static str,
    },
    /// A path that no file can have.
    #[error("{place} cannot be the path of a file: {fault}; correct the path")]
    FileName {
        /// The path.
        place: String,
        /// Why not.
        fault: &'static str,
    },
    /// A file that this user may not read.
    #[error(
        "{place} cannot be read: permission denied; check the owner and mode of the file and its folders"
    )]
    Forbidden {
        /// The file.
        place: String,
    },
    /// The system failed to read.
    #[error("{place} cannot be read ({source}); check the disk or the network it is on, then try again")]
    Read {
        /// The file or address.
        place: String,
        /// The system's error.
        source: io::Error,
    },
    /// Somebody wrote to the file, or put another one in its place, between its first byte and its last.
    #[error("{place} changed while it was read; try again when nobody writes to it")]
    Changed {
        /// The file.
        place: String,
    },
    /// The server answered with something else than the data.
    #[error("{place} answered {status}; {}", advice(*status))]
    Status {
        /// The address.
        place: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// A redirect that is not followed.
    #[error("{place} redirects {fault}")]
    Redirect {
        /// The address asked for.
        place: String,
        /// Where to, and why not.
        fault: String,
    },
    /// An address that must not be connected to.
    #[error(
        "{place} leads to {host} ({address}), which is {why}; data cannot be read from there, so give another address"
    )]
    Refused {
        /// The address asked for.
        place: String,
        /// The host that was to be asked, of the address or of a redirect.
        host: String,
        /// What the host's name stands for.
        address: std::net::IpAddr,
        /// Why not.
        why: &'static str,
    },
    /// The answer is compressed in transit.
    #[error(
        "{place} is sent with the encoding \"{encoding}\", which was not asked for; serve it without compression"
    )]
    Encoded {
        /// The address.
        place: String,
        /// The encoding.
        encoding: String,
    },
    /// No connection, or none that can be trusted.
    #[error("{place} cannot be reached ({fault}); check the address and the network")]
    Unreachable {
        /// The address.
        place: String,
        /// What failed.
        fault: String,
    },
    /// The connection ended before the data did.
    #[error("{place} broke off in the middle ({fault}); try again")]
    BrokenOff {
        /// The address.
        place: String,
        /// What failed.
        fault: String,
    },
    /// Too slow.
    #[error("{place} took too long: {phase} did not end within {} s; try again or use a nearer copy", after.as_secs_f64())]
    Timeout {
        /// The file or address.
        place: String,
        /// What was waited for.
        phase: &'static str,
        /// How long.
        after: Duration,
    },
    /// The load was given up by its caller.
    #[error("{place} was not read to its end: the load was given up; try again")]
    Stopped {
        /// The file or address.
        place: String,
    },
    /// More bytes than allowed.
    #[error("{place} is larger than {}; read a part of it with nrows, or make it smaller", in_units(*limit))]
    TooLarge {
        /// The file or address.
        place: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// More rows than allowed.
    #[error("{place} has more than {limit} rows; read a part of it with nrows, or make it smaller")]
    TooManyRows {
        /// The file or address.
        place: String,
        /// The bound.
        limit: u64,
    },
    /// More columns than allowed.
    #[error(
        "{place}, line {line}{}: there are more than {limit} columns; check the separator and the line ends",
        in_row(*row)
    )]
    TooManyColumns {
        /// The file or address.
        place: String,
        /// The line.
        line: u64,
        /// The data row; `None` before the first.
        row: Option<u64>,
        /// The bound.
        limit: usize,
    },
    /// A row without end.
    #[error(
        "{place}, line {line}{}: the row is longer than {}; check the line ends, or find the quote that is never closed",
        in_row(*row),
        in_units(*limit)
    )]
    RowTooLong {
        /// The file or address.
        place: String,
        /// The line where the row begins.
        line: u64,
        /// The data row; `None` before the first.
        row: Option<u64>,
        /// The bound in bytes.
        limit: u64,
    },
    /// Nothing there.
    #[error("{place} is empty; it should have {wanted}")]
    Empty {
        /// The file or address.
        place: String,
        /// What is missing.
        wanted: &'static str,
    },
    /// No data row.
    #[error("{place} has no rows {after}; check {}", if *skiprows > 0 { "skiprows and the file" } else { "the file" })]
    NoRows {
        /// The file or address.
        place: String,
        /// After what, such as `after its header`.
        after: String,
        /// How many lines were to be skipped.
        skiprows: u64,
    },
    /// Another format.
    #[error("{place} is not CSV: it looks like {what}; {remedy}")]
    NotCsv {
        /// The file or address.
        place: String,
        /// What it looks like.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// Another encoding.
    #[error(
        "{place}, line {line}{}: byte {byte} of the file is not UTF-8; convert the file, for example with iconv -f latin1 -t utf-8",
        in_row(*row)
    )]
    NotUtf8 {
        /// The file or address.
        place: String,
        /// The line.
        line: u64,
        /// The data row; `None` before the first.
        row: Option<u64>,
        /// The byte in the file, counted from 1.
        byte: u64,
    },
    /// A quote that is opened and not closed.
    #[error(
        "{place}, line {line}{}: a quote is opened in this row and not closed before the end of the file; close it, or double quotes that are meant as text",
        in_row(*row)
    )]
    UnclosedQuote {
        /// The file or address.
        place: String,
        /// The line where the row begins.
        line: u64,
        /// The data row; `None` before the first.
        row: Option<u64>,
    },
    /// A row with more or fewer fields than columns.
    #[error(
        "{place}, line {line}, row {row}: there are {found} fields where {expected} are expected; check the separator and the quotes"
    )]
    Ragged {
        /// The file or address.
        place: String,
        /// The line.
        line: u64,
        /// The data row.
        row: u64,
        /// Number of columns.
        expected: usize,
        /// Number of fields.
        found: usize,
    },
    /// A name twice in the header.
    #[error(
        "{place}, line {line}: column \"{column}\" occurs twice; rename one, or give all columns under names"
    )]
    DuplicateColumn {
        /// The file or address.
        place: String,
        /// The header's line.
        line: u64,
        /// The name.
        column: String,
    },
    /// As many names as fields are needed.
    #[error(
        "{place}, line {line}: names lists {given} columns and the file has {found}; name every one of them"
    )]
    NamesCount {
        /// The file or address.
        place: String,
        /// The line that was counted.
        line: u64,
        /// Entries of `names`.
        given: usize,
        /// Fields of the line.
        found: usize,
    },
    /// A setting names a column that does not exist.
    #[error("{field}: {place} has no column \"{column}\"; {hint}")]
    UnknownColumn {
        /// The file or address.
        place: String,
        /// The setting, such as `usecols`.
        field: &'static str,
        /// The name.
        column: String,
        /// A column of nearly that name, or the names there are.
        hint: String,
    },
    /// A cell that its column cannot hold.
    #[error("{place}, line {line}, row {row}, column \"{column}\": \"{value}\" {fault}")]
    Cell {
        /// The file or address.
        place: String,
        /// The line where the row begins.
        line: u64,
        /// The data row.
        row: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
        /// Why not, and what to do.
        fault: CellFault,
    },
}

/// Why a column cannot hold a cell, and what to do.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CellFault {
    /// Declared a number, and is none.
    #[error("is not a number; declare the column as text under types, or list the value under missingValues")]
    NotANumber,
    /// Declared a boolean, and is none.
    #[error(
        "is neither true nor false; declare the column as text or number under types, or list the value under missingValues"
    )]
    NotABoolean,
    /// Infinity in words.
    #[error("is infinite, which no estimator can use; mend it, or list the value under missingValues")]
    Infinite,
    /// Beyond 1.8e308.
    #[error(
        "is too large for a number; mend it, declare the column as text under types, or list the value under missingValues"
    )]
    TooLarge,
}

impl DataError {
    /// Whether the user has to change something, so that trying again is useless: exit code 2. Otherwise the network,
    /// the server or the system failed: exit code 1, to be tried again.
    pub fn is_users_mistake(&self) -> bool {
        match self {
            DataError::Status { status, .. } => {
                !status.is_server_error()
                    && !matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            DataError::Read { .. }
            | DataError::Changed { .. }
            | DataError::Unreachable { .. }
            | DataError::BrokenOff { .. }
            | DataError::Timeout { .. }
            | DataError::Stopped { .. } => false,
            _ => true,
        }
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "it needs credentials; put the data where they can be read without"
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            "try again later"
        }
        _ if status.is_server_error() => "the server failed; try again later",
        _ => "check the address",
    }
}

#[cfg(test)]
mod tests;
