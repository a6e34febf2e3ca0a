//! Anything at all: no panic, rows as another reader cuts them, and tables that come back.

use auriga_learn::{Cell, ColumnKind};
use proptest::{prelude::*, test_runner::Config};
use tokio::sync::watch;

use super::{csv, read};
use crate::{AddressPolicy, Csv, DataError, Limits, Progress, csv::records::Records, place::text};

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("missing and infinite cells are tested by themselves", |value| {
        value.is_finite()
    })
}

proptest! {
    #![proptest_config(Config { cases: 512, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>(), skiprows in 0_u64..3, header in any::<Option<bool>>()) {
        let _ = read(&bytes, &Csv { skiprows, header, ..csv() });
    }

    #[test]
    fn no_text_of_csv_signs_panics(text in "[a1.,;\"\r\n\u{feff}é -]{0,60}", skiprows in 0_u64..3, nrows in prop::option::of(1_u64..3)) {
        let _ = read(&text, &Csv { skiprows, nrows, ..csv() });
    }

    #[test]
    fn rows_are_cut_as_the_csv_crate_cuts_them(text in "[ab,\"\r\n]{0,40}") {
        let limits = Limits::new(AddressPolicy::Cluster);
        let (reported, _watched) = watch::channel(Progress::default());
        let mut records = Records::new(text::open("t", &text, &limits, reported), b',', &limits);
        let mut expected = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_records();
        loop {
            match records.next() {
                Ok(true) => {
                    let row = records.row();
                    let found: Vec<&str> = (0..row.n_fields()).map(|field| row.cell(field)).collect();
                    let expected = expected.next().unwrap().unwrap();
                    prop_assert_eq!(found, expected.iter().collect::<Vec<_>>());
                }
                Ok(false) => break,
                Err(DataError::UnclosedQuote { .. }) => return Ok(()),
                Err(error) => panic!("{error}"),
            }
        }
        prop_assert!(expected.next().is_none());
    }

    #[test]
    fn a_table_written_as_csv_comes_back(
        rows in prop::collection::vec(
            (prop::option::of(finite()), prop::option::of("[ -~é\r\n]{1,12}"), any::<Option<bool>>()), 1..20)
    ) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["number", "text", "boolean"]).unwrap();
        for (number, text, boolean) in &rows {
            let number = number.map(|value| format!("{value:?}")).unwrap_or_default();
            let boolean = boolean.map(|value| value.to_string()).unwrap_or_default();
            writer.write_record([number.as_str(), text.as_deref().unwrap_or_default(), &boolean]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let declared = Csv {
            default_missing_values: false,
            types: [("number", ColumnKind::Number), ("text", ColumnKind::Text), ("boolean", ColumnKind::Boolean)]
                .map(|(name, kind)| (name.to_owned(), kind)).into(),
            ..csv()
        };
        let table = read(&text, &declared).unwrap();
        prop_assert_eq!(table.n_rows(), rows.len());
        for (at, (number, text, boolean)) in rows.iter().enumerate() {
            let cell = |name| table.column(name).unwrap().cell(at);
            prop_assert_eq!(cell("number"), number.map_or(Cell::Missing, Cell::Number));
            prop_assert_eq!(cell("text"), text.as_deref().map_or(Cell::Missing, Cell::Text));
            prop_assert_eq!(cell("boolean"), boolean.map_or(Cell::Missing, Cell::Boolean));
        }
    }
}
