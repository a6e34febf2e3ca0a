//! What texts become: tables, or messages.

mod random;

use std::{
    fmt::Write as _,
    io::{self, Cursor, Read},
};

use auriga_learn::{Cell, ColumnKind, Table};
use tokio::sync::watch;

use super::Csv;
use crate::{
    AddressPolicy, DataError, Limits, Progress,
    source::{Input, Source},
};

fn read_within(bytes: &[u8], csv: &Csv, limits: &Limits) -> Result<Table, DataError> {
    csv.check()?;
    let (reported, _watched) = watch::channel(Progress::default());
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let source = Source::new("t".to_owned(), input, Some(bytes.len() as u64), limits, reported);
    csv.read(source, limits)
}

fn read(text: impl AsRef<[u8]>, csv: &Csv) -> Result<Table, DataError> {
    read_within(text.as_ref(), csv, &Limits::new(AddressPolicy::Cluster))
}

/// Columns with the first letter of their kind: `a:n 1 _ | b:t x y`, a missing cell as `_`.
fn shown(table: &Table) -> String {
    let mut columns = Vec::new();
    for (name, column) in table.columns() {
        let kind = match column.kind() {
            ColumnKind::Number => "n",
            ColumnKind::Text => "t",
            ColumnKind::Boolean => "b",
        };
        let mut shown = format!("{name}:{kind}");
        for row in 0..table.n_rows() {
            match column.cell(row) {
                Cell::Number(value) => write!(shown, " {value}").unwrap(),
                Cell::Text(value) => write!(shown, " {value}").unwrap(),
                Cell::Boolean(value) => write!(shown, " {value}").unwrap(),
                Cell::Missing => shown.push_str(" _"),
            }
        }
        columns.push(shown);
    }
    columns.join(" | ")
}

#[track_caller]
fn check(text: &str, csv: &Csv, expected: &str) {
    match read(text, csv) {
        Ok(table) => assert_eq!(shown(&table), expected, "{text:?}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{text:?}"),
    }
}

fn csv() -> Csv {
    Csv::default()
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

fn typed(column: &str, kind: ColumnKind) -> Csv {
    Csv {
        types: [(column.to_owned(), kind)].into(),
        ..csv()
    }
}

#[test]
fn kinds_show_in_the_cells() {
    check(
        "a,b,c\n1,x,true\n2.5,y,False\n",
        &csv(),
        "a:n 1 2.5 | b:t x y | c:b true false",
    );
    check("a,b,c\n,,\n1,x,TRUE\n", &csv(), "a:n _ 1 | b:t _ x | c:b _ true");
    check("a,b\n,NA\nNone,null\n", &csv(), "a:n _ _ | b:n _ _");
    check("a\n1\n2\n", &csv(), "a:n 1 2");
    check("a\n1 \n 2\n NA\n", &csv(), "a:n 1 2 _");
    check("a\n\"1\"\n", &csv(), "a:n 1");
}

#[test]
fn a_column_that_turns_into_text_keeps_its_first_cells_as_they_were() {
    check("a,b\n007,1\n1.0,2\nx,3\n", &csv(), "a:t 007 1.0 x | b:n 1 2 3");
}

#[test]
fn mixtures_are_text() {
    check("a\nTRUE\nmaybe\n", &csv(), "a:t TRUE maybe");
    check("a\ntrue\n1\n", &csv(), "a:t true 1");
    check("a\n1\ntrue\n", &csv(), "a:t 1 true");
    check("a,b\n1,TRUE\nx,2\n", &csv(), "a:t 1 x | b:t TRUE 2");
    check("a,b\n NA,1\nx,2\n", &csv(), "a:t  NA x | b:n 1 2");
    check("a\ninf\nx\n", &csv(), "a:t inf x");
    check("a\n1e999\nx\n", &csv(), "a:t 1e999 x");
}

#[test]
fn infinite_numbers_are_refused_where_they_stand() {
    check(
        "a,b\n1,1\n2,inf\n3,3\n",
        &csv(),
        "t, line 3, row 2, column \"b\": \"inf\" is infinite, which no estimator can use; mend it, or list the value under missingValues",
    );
    check(
        "a,b\n1,-1e999\ninf,3\n",
        &csv(),
        "t, line 2, row 1, column \"b\": \"-1e999\" is too large for a number; mend it, declare the column as text under types, or list the value under missingValues",
    );
    check(
        "a,b\nx,inf\n1,2\n",
        &typed("a", ColumnKind::Text),
        "t, line 2, row 1, column \"b\": \"inf\" is infinite, which no estimator can use; mend it, or list the value under missingValues",
    );
    check(
        "a\ninf\n",
        &typed("a", ColumnKind::Number),
        "t, line 2, row 1, column \"a\": \"inf\" is infinite, which no estimator can use; mend it, or list the value under missingValues",
    );
}

#[test]
fn declared_kinds_are_kept_or_the_offending_cell_is_named() {
    check("a\n1\n", &typed("a", ColumnKind::Text), "a:t 1");
    check("a\ninf\n", &typed("a", ColumnKind::Text), "a:t inf");
    check("a,b\n,1\n", &typed("a", ColumnKind::Text), "a:t _ | b:n 1");
    check("a,b\n,1\n", &typed("a", ColumnKind::Boolean), "a:b _ | b:n 1");
    check(
        "a,b\n1,1\n\n\nn/x,1\n",
        &typed("a", ColumnKind::Number),
        "t, line 5, row 2, column \"a\": \"n/x\" is not a number; declare the column as text under types, or list the value under missingValues",
    );
    check(
        "a\n1\n",
        &typed("a", ColumnKind::Boolean),
        "t, line 2, row 1, column \"a\": \"1\" is neither true nor false; declare the column as text or number under types, or list the value under missingValues",
    );
    check(
        &format!("a\n{}\u{1b}\n", "x".repeat(39)),
        &typed("a", ColumnKind::Number),
        &format!(
            "t, line 2, row 1, column \"a\": \"{}\\u{{1b}}\" is not a number; declare the column as text under types, or list the value under missingValues",
            "x".repeat(39)
        ),
    );
}

#[test]
fn marks_of_missing_cells_can_be_added_and_the_usual_ones_dropped() {
    let marks = |marks: &[&str], usual| Csv {
        missing_values: marks.iter().map(ToString::to_string).collect(),
        default_missing_values: usual,
        ..csv()
    };
    check("a,b\n?,NA\n1,x\n", &marks(&["?"], true), "a:n _ 1 | b:t _ x");
    check("a,b\n?,NA\n1,\n", &marks(&["?"], false), "a:n _ 1 | b:t NA _");
    check(
        "a,b\n-999,-999\n1,x\n-999.0,-999.0\n",
        &marks(&["-999"], true),
        "a:n _ 1 _ | b:t _ x -999.0",
    );
    check("a\n-999.0\nx\n", &marks(&["-999"], true), "a:t -999.0 x");
    check("a\ninf\n1\n1e999\n", &marks(&["inf", "1e999"], true), "a:n _ 1 _");
    check("a\nnan\n", &marks(&[], false), "a:t nan");
}

#[test]
fn names_and_headers_combine_as_in_pandas() {
    let with = |header, names| Csv {
        header,
        names,
        ..csv()
    };
    check("a,b\n1,2\n", &with(Some(true), None), "a:n 1 | b:n 2");
    check("1,2\n3,4\n", &with(None, names(&["a", "b"])), "a:n 1 3 | b:n 2 4");
    check(
        "x,y\n3,4\n",
        &with(Some(true), names(&["a", "b"])),
        "a:n 3 | b:n 4",
    );
    check("1,2\n3,4\n", &with(Some(false), None), "0:n 1 3 | 1:n 2 4");
    check(
        "1,2\n3,4\n",
        &with(Some(false), names(&["a", "b"])),
        "a:n 1 3 | b:n 2 4",
    );
    check(",b\n0,2\n", &csv(), "Unnamed: 0:n 0 | b:n 2");
    check(
        "1,2\n",
        &with(None, names(&["a"])),
        "t, line 1: names lists 1 columns and the file has 2; name every one of them",
    );
    check(
        "x,y\n1,2\n",
        &with(Some(true), names(&["a", "b", "c"])),
        "t, line 1: names lists 3 columns and the file has 2; name every one of them",
    );
    check(
        "1,2\n",
        &with(None, names(&["a", "a"])),
        "names: \"a\" occurs twice; give every column a name of its own",
    );
    check(
        "\n\na,b,a\n1,2,3\n",
        &csv(),
        "t, line 3: column \"a\" occurs twice; rename one, or give all columns under names",
    );
}

#[test]
fn columns_can_be_chosen_and_misspelled() {
    let usecols = |usecols: &[&str]| Csv {
        usecols: names(usecols),
        ..csv()
    };
    check("a,b,c\n1,2,3\n", &usecols(&["c", "a", "c"]), "a:n 1 | c:n 3");
    check(
        "width,b\n1,2\n",
        &usecols(&["widht"]),
        "usecols: t has no column \"widht\"; did you mean \"width\"?",
    );
    check(
        "a,b\n1,2\n",
        &usecols(&["species"]),
        "usecols: t has no column \"species\"; it has \"a\", \"b\"",
    );
    check(
        "a,b\n1,2\n",
        &typed("species", ColumnKind::Text),
        "types: t has no column \"species\"; it has \"a\", \"b\"",
    );
    check("a,b\nx,inf\n", &usecols(&["a"]), "a:t x");
}

#[test]
fn rows_are_skipped_at_the_start_and_counted_at_the_end() {
    let rows = |skiprows, nrows| Csv {
        skiprows,
        nrows,
        ..csv()
    };
    check("# made by x\n\na\n1\n2\n3\n", &rows(2, Some(2)), "a:n 1 2");
    check(
        "# made by x\r\n\r\na\r\n1\r\n2\r\n3\r\n",
        &rows(2, Some(2)),
        "a:n 1 2",
    );
    check("# made by x\r\ra\r1\r2\r3\r", &rows(2, Some(2)), "a:n 1 2");
    check("a\n1\n", &rows(0, Some(5)), "a:n 1");
    check("a\n1\nbroken,row\n", &rows(0, Some(1)), "a:n 1");
    let second_half = Csv {
        names: names(&["a"]),
        skiprows: 2,
        ..csv()
    };
    check("1\n2\n3\n4\n", &second_half, "a:n 3 4");
    check(
        "a\n1\n",
        &rows(1, None),
        "t has no rows after its header; check skiprows and the file",
    );
    check(
        "a\n1\n",
        &rows(2, None),
        "t has no rows after 2 skipped lines; check skiprows and the file",
    );
    check(
        "a\n1\n",
        &rows(u64::MAX, None),
        "t has no rows after 18446744073709551615 skipped lines; check skiprows and the file",
    );
}

#[test]
fn nothing_is_an_error() {
    check("", &csv(), "t is empty; it should have a header and rows");
    check("\u{feff}", &csv(), "t is empty; it should have a header and rows");
    check(
        "\n \n\r\n",
        &csv(),
        "t is empty; it should have a header and rows",
    );
    check("a,b\n", &csv(), "t has no rows after its header; check the file");
    let named = Csv {
        names: names(&["a"]),
        ..csv()
    };
    check("", &named, "t is empty; it should have rows");
}

#[test]
fn quotes_line_ends_and_marks_of_order_are_understood() {
    check(
        "a,b\n\"x,\"\"y\"\"\",\"1\n2\"\n",
        &csv(),
        "a:t x,\"y\" | b:t 1\n2",
    );
    check("\u{feff}a,b\r\n1,2\r\n3,4", &csv(), "a:n 1 3 | b:n 2 4");
    check("\u{feff}\"a\",b\n1,2", &csv(), "a:n 1 | b:n 2");
    check("a,b\r1,2\r3,4\r", &csv(), "a:n 1 3 | b:n 2 4");
    check("a,b\n5\" pipe,1\n", &csv(), "a:t 5\" pipe | b:n 1");
    check("a\n\"\"\n1\n", &csv(), "a:n _ 1");
    check("a\n  \nx\n\"  \"\n", &csv(), "a:t x   ");
    check("é,b\nü,😀\n", &csv(), "é:t ü | b:t 😀");
    let tabs = Csv {
        separator: b'\t',
        ..csv()
    };
    check("a\tb\n1\t,\n", &tabs, "a:n 1 | b:t ,");
}

#[test]
fn rows_of_another_length_are_named_by_their_line() {
    let ragged = |line, row, found| {
        format!(
            "t, line {line}, row {row}: there are {found} fields where 2 are expected; check the separator and the quotes"
        )
    };
    check("a,b\n1,2\n3\n", &csv(), &ragged(3, 2, 1));
    check("a,b\n1,2\n\n \n3,4,5\n", &csv(), &ragged(5, 2, 3));
    check("a,b\r\n1,2\r\n\r\n3\r\n", &csv(), &ragged(4, 2, 1));
    check("a,b\r1,2\r\r3\r", &csv(), &ragged(4, 2, 1));
    check("a,b\n\"x\ny\",2\n3\n", &csv(), &ragged(4, 2, 1));
    check("a,b\r\n\"x\r\ny\",2\r\n3", &csv(), &ragged(4, 2, 1));
    let after_comments = Csv { skiprows: 2, ..csv() };
    check("#\r\n#\r\na,b\r\n1\r\n", &after_comments, &ragged(4, 1, 1));
    check("#\n#\na,b\n1\n", &after_comments, &ragged(4, 1, 1));
    let headless = Csv {
        header: Some(false),
        ..csv()
    };
    check("1,2\n3\n", &headless, &ragged(2, 2, 1));
}

#[test]
fn a_quote_that_is_never_closed_is_named_by_the_row_that_opens_it() {
    let unclosed = |at| {
        format!(
            "t, {at}: a quote is opened in this row and not closed before the end of the file; close it, or double quotes that are meant as text"
        )
    };
    check("a,b\n1,2\n3,\"4\n5,6\n", &csv(), &unclosed("line 3, row 2"));
    check("a,b\n1,\"", &csv(), &unclosed("line 2, row 1"));
    check("a,b\n1,\"x\"\"", &csv(), &unclosed("line 2, row 1"));
    check("\"", &csv(), &unclosed("line 1"));
    check("a,b\n1,\"x\"", &csv(), "a:n 1 | b:t x");
}

#[test]
fn settings_that_cannot_be_meant_are_refused_before_reading() {
    for separator in [b'"', b'\n', b'\r', b'a', b'1', 0, 0xe9] {
        let odd = Csv { separator, ..csv() };
        check(
            "a\n1\n",
            &odd,
            "separator: it must be a tab, a space or a punctuation character other than the quote; the usual ones are , ; | and the tab",
        );
    }
    let none = Csv {
        nrows: Some(0),
        ..csv()
    };
    check(
        "a\n1\n",
        &none,
        "nrows: 0 rows are no data; give at least 1, or leave it away",
    );
    let no_names = Csv {
        names: names(&[]),
        ..csv()
    };
    check(
        "a\n1\n",
        &no_names,
        "names: the list is empty; name every column, or leave it away",
    );
    let no_columns = Csv {
        usecols: names(&[]),
        ..csv()
    };
    check(
        "a\n1\n",
        &no_columns,
        "usecols: the list is empty; name a column, or leave it away",
    );
}

#[test]
fn what_is_fetched_by_mistake_is_recognized() {
    check(
        "<!DOCTYPE html>\n<html>\n",
        &csv(),
        "t is not CSV: it looks like a web page; use the address of the raw file",
    );
    check(
        "version https://git-lfs.github.com/spec/v1\n",
        &csv(),
        "t is not CSV: it looks like a Git LFS pointer; fetch the file itself with git lfs pull",
    );
    check(
        "PK\u{3}\u{4}\u{14}",
        &csv(),
        "t is not CSV: it looks like a zip archive or a spreadsheet; unpack it, or save the sheet as CSV",
    );
    check("par1,bzh\n1,2\n", &csv(), "par1:n 1 | bzh:n 2");
}

#[test]
fn bytes_that_are_not_utf_8_are_named_by_line_and_place() {
    let check = |bytes: &[u8], at: &str, byte: u64| {
        let expected = format!(
            "t, {at}: byte {byte} of the file is not UTF-8; convert the file, for example with iconv -f latin1 -t utf-8"
        );
        assert_eq!(read(bytes, &csv()).unwrap_err().to_string(), expected);
    };
    check(b"a\n\xe9\n", "line 2, row 1", 3);
    check(b"a\n\n\"\n\xe9\"\n", "line 4, row 1", 6);
    check(b"a\r1\r\r\xe9\r", "line 4, row 2", 6);
    check(b"\xf0\x9f", "line 1", 1);
    check(b"\xef\xbb\xbfa\n\xf0\x9f", "line 2, row 1", 6);
    check(b"\xef\xbb\xbf\xe9", "line 1", 4);
    let far = [&b"a,b\n"[..], &b"1,2\n".repeat(40_000), b"1,\xff\n"].concat();
    check(&far, "line 40002, row 40001", 160_007);
}

#[test]
fn limits_on_bytes_rows_columns_and_row_length_hold() {
    let limits = Limits {
        max_bytes: 100,
        max_rows: 3,
        max_columns: 4,
        ..Limits::new(AddressPolicy::Cluster)
    };
    let check = |text: &str, csv: &Csv, expected: &str| match read_within(text.as_bytes(), csv, &limits) {
        Ok(table) => assert_eq!(shown(&table), expected),
        Err(error) => assert_eq!(error.to_string(), expected),
    };
    check("a\n1\n2\n3\n", &csv(), "a:n 1 2 3");
    check(
        "a\n1\n2\n3\n4\n",
        &csv(),
        "t has more than 3 rows; read a part of it with nrows, or make it smaller",
    );
    check("a,b,c,d\n1,2,3,4\n", &csv(), "a:n 1 | b:n 2 | c:n 3 | d:n 4");
    let wide = "t, line 1: there are more than 4 columns; check the separator and the line ends";
    check("a,b,c,d,e\n1,2,3,4,5\n", &csv(), wide);
    check(&",".repeat(90), &csv(), wide);
    check(
        &format!("a\n{}\n", "1".repeat(99)),
        &csv(),
        "t is larger than 100 bytes; read a part of it with nrows, or make it smaller",
    );
    let endless = format!("a\n\"{}", "x".repeat(17 << 20));
    assert_eq!(
        read(&endless, &csv()).unwrap_err().to_string(),
        "t, line 2, row 1: the row is longer than 16 MiB; check the line ends, or find the quote that is never closed"
    );
}

#[test]
fn a_character_may_lie_across_two_buffers() {
    for padding in (64 << 10) - 6..=(64 << 10) + 1 {
        let text = format!("{}\n😀\n", "a".repeat(padding));
        let table = read(&text, &csv()).unwrap();
        assert_eq!(
            table.columns().next().unwrap().1.cell(0),
            Cell::Text("😀"),
            "{padding}"
        );
    }
}

#[test]
fn line_ends_may_lie_across_two_buffers() {
    for padding in (64 << 10) - 6..=(64 << 10) + 1 {
        let text = format!("{},b\r\n\r\n1,2\r\n3\r\n", "a".repeat(padding));
        assert_eq!(
            read(&text, &csv()).unwrap_err().to_string(),
            "t, line 4, row 2: there are 1 fields where 2 are expected; check the separator and the quotes",
            "{padding}"
        );
    }
}

#[test]
fn what_follows_the_rows_asked_for_may_be_anything() {
    let first = Csv {
        nrows: Some(1),
        ..csv()
    };
    let table = read(b"a\n1\n\xe9,\n", &first).unwrap();
    assert_eq!(shown(&table), "a:n 1");
}

/// Bytes that somebody else writes at the same time.
struct Changing(Cursor<&'static [u8]>);

impl Read for Changing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Input for Changing {
    fn rewind(&mut self) -> io::Result<()> {
        Input::rewind(&mut self.0)
    }

    fn is_unchanged(&self) -> bool {
        false
    }
}

#[test]
fn a_half_written_row_is_not_the_users_mistake() {
    let limits = Limits::new(AddressPolicy::Cluster);
    // Long enough that the row is met before the end is.
    let text = [&b"a,b\n1\n"[..], &b"1,2\n".repeat(40_000)].concat().leak();
    let (reported, _watched) = watch::channel(Progress::default());
    let input = Box::new(Changing(Cursor::new(text)));
    let source = Source::new("t".to_owned(), input, None, &limits, reported);
    let error = csv().read(source, &limits).unwrap_err();
    assert!(matches!(error, DataError::Changed { .. }), "{error}");
}

#[test]
fn fewer_bytes_than_promised_are_no_table() {
    let limits = Limits::new(AddressPolicy::Cluster);
    let (reported, _watched) = watch::channel(Progress::default());
    let input = Box::new(Cursor::new("a\n1\n"));
    let source = Source::new("t".to_owned(), input, Some(6), &limits, reported);
    let error = csv().read(source, &limits).unwrap_err();
    assert!(matches!(error, DataError::Changed { .. }), "{error}");
}
