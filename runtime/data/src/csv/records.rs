//! Cuts a source into rows and fields, and knows the line of each.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::sniff;
use crate::{DataError, Limits, source::Source};

/// Bytes taken from the source at a time.
const BUFFER: usize = 64 << 10;
/// No honest row is longer; a quote that is never closed would otherwise put the whole file into one field.
const MAX_ROW: usize = 16 << 20;
/// Of a character of UTF-8 that may be cut at the buffer's end.
const MAX_CUT: usize = 3;

/// The rows of a CSV source, one at a time.
pub(super) struct Records {
    source: Source,
    separator: u8,
    max_columns: usize,
    core: Reader,
    buffer: Vec<u8>,
    /// Next byte of `buffer` to parse, and the end of those known to be UTF-8.
    at: usize,
    end: usize,
    /// Bytes of a cut character after `end`.
    n_cut: usize,
    /// Bytes of the source that `buffer` begins after; `None` before the first.
    offset: Option<u64>,
    /// The byte in the source, from 1, that is not UTF-8. It is told once the rows before it are read.
    not_utf8: Option<u64>,
    ended: bool,
    /// The last row ended in CR, which is a line end by itself unless LF follows.
    after_return: bool,
    line: u64,
    /// Data rows so far, the current one included; `None` before the data.
    n_rows: Option<u64>,
    /// Where the current row's fields end: counted from `plain` in `buffer`, or in `fields`, where quotes are gone.
    ends: Vec<usize>,
    n_fields: usize,
    plain: Option<usize>,
    fields: Vec<u8>,
}

/// The current row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    text: &'a str,
    ends: &'a [usize],
    /// Bytes between two fields: the separator, or nothing where quotes were removed.
    gap: usize,
}

impl<'a> Row<'a> {
    /// Number of fields.
    pub(super) fn n_fields(self) -> usize {
        self.ends.len()
    }

    /// One field without its quotes; panics if there is none, as slices do.
    #[inline]
    pub(super) fn cell(self, field: usize) -> &'a str {
        let start = match field {
            0 => 0,
            _ => self.ends[field - 1] + self.gap,
        };
        &self.text[start..self.ends[field]]
    }
}

impl Records {
    /// The rows of `source` from its start; it is not touched before the first one is asked for.
    pub(super) fn new(source: Source, separator: u8, limits: &Limits) -> Records {
        Records {
            source,
            separator,
            max_columns: limits.max_columns,
            core: ReaderBuilder::new().delimiter(separator).build(),
            buffer: vec![0; BUFFER],
            at: 0,
            end: 0,
            n_cut: 0,
            offset: None,
            not_utf8: None,
            ended: false,
            after_return: false,
            line: 1,
            n_rows: None,
            ends: vec![0; 32],
            n_fields: 0,
            plain: None,
            fields: vec![0; 1024],
        }
    }

    /// The same rows once more from the start.
    pub(super) fn again(mut self) -> Result<Records, DataError> {
        self.source.rewind()?;
        Ok(Records {
            core: ReaderBuilder::new().delimiter(self.separator).build(),
            at: 0,
            end: 0,
            n_cut: 0,
            offset: None,
            not_utf8: None,
            ended: false,
            after_return: false,
            n_rows: None,
            ..self
        })
    }

    /// Says that [`Records::again`] will not be called.
    pub(super) fn read_once(&mut self) {
        self.source.read_once();
    }

    /// Fails if the source is not any more what it was when it was opened.
    ///
    /// Errors: `Changed`.
    pub(super) fn check_unchanged(&self) -> Result<(), DataError> {
        self.source.check_unchanged()
    }

    /// The place's name, for messages.
    pub(super) fn place(&self) -> String {
        self.source.place().to_owned()
    }

    /// The line on which the current row begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Says that rows from the next one on are data.
    pub(super) fn begin_data(&mut self) {
        self.n_rows = Some(0);
    }

    /// The number of data rows so far, which is that of the current one.
    pub(super) fn n_rows(&self) -> u64 {
        self.n_rows.unwrap_or_default()
    }

    /// The current row.
    #[inline]
    pub(super) fn row(&self) -> Row<'_> {
        let ends = &self.ends[..self.n_fields];
        let length = ends.last().copied().unwrap_or_default();
        let (bytes, gap) = match self.plain {
            Some(start) => (&self.buffer[start..start + length], 1),
            None => (&self.fields[..length], 0),
        };
        let text =
            std::str::from_utf8(bytes).expect("the buffer was checked, and rows are cut at ASCII characters");
        Row { text, ends, gap }
    }

    /// Skips lines as an editor counts them, whatever is on them.
    pub(super) fn skip_lines(&mut self, n_lines: u64) -> Result<(), DataError> {
        let mut left = n_lines;
        while left > 0 || self.after_return {
            let Some(byte) = self.peek()? else { return Ok(()) };
            if self.after_return && byte != b'\n' {
                self.after_return = false;
                self.new_line();
                continue;
            }
            self.at += 1;
            match byte {
                b'\n' => {
                    left -= u64::from(!self.after_return);
                    self.after_return = false;
                    self.new_line();
                }
                b'\r' => {
                    left -= 1;
                    self.after_return = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Goes to the next row that is not blank; false after the last.
    pub(super) fn next(&mut self) -> Result<bool, DataError> {
        loop {
            if !self.skip_line_ends()? {
                return Ok(false);
            }
            self.line = self.core.line();
            let quoted = self.peek()? == Some(b'"');
            if !self.read_plain_row() {
                self.read_row()?;
            }
            if self.n_fields > self.max_columns {
                return Err(self.too_many_columns());
            }
            // A line of spaces alone is blank, but spaces in quotes are a value.
            if quoted || self.n_fields > 1 || !self.row().cell(0).trim_ascii().is_empty() {
                self.n_rows = self.next_row();
                return Ok(true);
            }
        }
    }

    /// The number of the data row to come.
    fn next_row(&self) -> Option<u64> {
        self.n_rows.map(|n_rows| n_rows + 1)
    }

    /// Goes to the first byte of a row, so that [`Records::line`] is its own and not that of a blank line before it.
    fn skip_line_ends(&mut self) -> Result<bool, DataError> {
        loop {
            let byte = self.peek()?;
            if self.after_return && byte != Some(b'\n') {
                self.new_line();
            }
            self.after_return = byte == Some(b'\r');
            match byte {
                None => return Ok(false),
                Some(b'\n') => self.new_line(),
                Some(b'\r') => {}
                Some(_) => return Ok(true),
            }
            self.at += 1;
        }
    }

    fn new_line(&mut self) {
        self.core.set_line(self.core.line() + 1);
    }

    /// Reads the row if it has no quote and lies whole in the buffer, as almost all do: then its fields need no copy, and
    /// finding them takes a fraction of the time of the general way. Otherwise takes nothing and answers false.
    fn read_plain_row(&mut self) -> bool {
        let rest = &self.buffer[self.at..self.end];
        let Some(length) = memchr::memchr3(b'\n', b'\r', b'"', rest) else {
            return false;
        };
        if rest[length] == b'"' {
            return false;
        }
        self.n_fields = 0;
        for end in memchr::memchr_iter(self.separator, &rest[..length]).chain([length]) {
            if self.n_fields == self.ends.len() {
                self.ends.resize(self.ends.len() * 2, 0);
            }
            self.ends[self.n_fields] = end;
            self.n_fields += 1;
        }
        self.after_return = rest[length] == b'\r';
        if !self.after_return {
            self.new_line();
        }
        self.plain = Some(self.at);
        self.at += length + 1;
        true
    }

    /// Reads any row: with quotes, with line ends in quotes, across buffers.
    fn read_row(&mut self) -> Result<(), DataError> {
        let (mut n_bytes, mut n_fields) = (0, 0);
        loop {
            let at_end = self.peek()?.is_none();
            // A line end after the last byte ends every row, except one that is within quotes.
            let input = if at_end {
                &b"\n"[..]
            } else {
                &self.buffer[self.at..self.end]
            };
            let (result, n_read, n_written, n_ended) =
                self.core
                    .read_record(input, &mut self.fields[n_bytes..], &mut self.ends[n_fields..]);
            self.after_return = !at_end && n_read > 0 && input[n_read - 1] == b'\r';
            n_bytes += n_written;
            n_fields += n_ended;
            if !at_end {
                self.at += n_read;
            }
            match result {
                ReadRecordResult::Record => {
                    self.plain = None;
                    self.n_fields = n_fields;
                    return Ok(());
                }
                ReadRecordResult::OutputFull if n_bytes >= MAX_ROW => {
                    return Err(DataError::RowTooLong {
                        place: self.place(),
                        line: self.line,
                        row: self.next_row(),
                        limit: MAX_ROW as u64,
                    });
                }
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if n_fields > self.max_columns => {
                    return Err(self.too_many_columns());
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End if at_end => {
                    return Err(DataError::UnclosedQuote {
                        place: self.place(),
                        line: self.line,
                        row: self.next_row(),
                    });
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
    }

    fn too_many_columns(&self) -> DataError {
        DataError::TooManyColumns {
            place: self.place(),
            line: self.line,
            row: self.next_row(),
            limit: self.max_columns,
        }
    }

    /// The next byte without taking it; `None` at the end.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, DataError> {
        while self.at == self.end && !self.ended {
            self.fill()?;
        }
        Ok(self.buffer[..self.end].get(self.at).copied())
    }

    /// Replaces the parsed bytes by the next ones, checked to be UTF-8.
    fn fill(&mut self) -> Result<(), DataError> {
        if let Some(byte) = self.not_utf8 {
            return Err(DataError::NotUtf8 {
                place: self.place(),
                line: self.core.line() + u64::from(self.after_return),
                row: self.next_row(),
                byte,
            });
        }
        self.buffer.copy_within(self.end..self.end + self.n_cut, 0);
        let n_read = self.source.fill(&mut self.buffer[self.n_cut..])?;
        let filled = self.n_cut + n_read;
        let begins_after = match self.offset {
            Some(offset) => offset + self.end as u64,
            None => 0,
        };
        let first = self.offset.replace(begins_after).is_none();
        self.at = 0;
        if first {
            sniff::check(self.source.place(), &self.buffer[..filled])?;
            if self.buffer[..filled].starts_with(b"\xef\xbb\xbf") {
                self.at = 3;
            }
        }
        let bytes = &self.buffer[..filled];
        self.end = match std::str::from_utf8(bytes) {
            Ok(_) => filled,
            Err(error) if error.error_len().is_none() && n_read > 0 => error.valid_up_to(),
            Err(error) => {
                self.not_utf8 = Some(begins_after + error.valid_up_to() as u64 + 1);
                error.valid_up_to()
            }
        };
        self.ended = n_read == 0 && self.not_utf8.is_none();
        self.n_cut = filled - self.end;
        debug_assert!(self.n_cut <= MAX_CUT || self.not_utf8.is_some());
        Ok(())
    }
}
