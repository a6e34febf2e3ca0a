//! Tables of requests and the rows or messages they come to.

use auriga_learn::{ColumnKind, Field, Signature, Task};

use proptest::prelude::*;

use super::*;
use crate::{
    EntryPoint, Mapped,
    ValueKind::{self, Bool, Float, Int, Str},
    params::Params,
    refusal::Refusal,
};

fn inputs(mapping: Option<&[(&str, ValueKind, &str)]>, strict: bool) -> Inputs {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
    };
    let signature = Signature {
        features: vec![
            field("age", ColumnKind::Number),
            field("city", ColumnKind::Text),
            field("member", ColumnKind::Boolean),
        ],
        target: field("spent", ColumnKind::Number),
        task: Task::Regression,
    };
    let mapped = |(name, kind, column): &(&str, ValueKind, &str)| Mapped {
        name: (*name).to_owned(),
        kind: *kind,
        column: Some((*column).to_owned()),
    };
    let entry_point = EntryPoint {
        mapping: mapping.map(|mapping| mapping.iter().map(mapped).collect()),
        strict,
        ..EntryPoint::default()
    };
    Inputs::resolve(&entry_point, &signature).unwrap()
}

fn by_name() -> Inputs {
    inputs(None, false)
}

/// One line a row, `-` for a missing cell, then the ignored values.
fn shown(rows: Result<Rows, Refusal>) -> Result<String, String> {
    let rows = rows.map_err(|refusal| refusal.to_string())?;
    let line = |row| {
        let cells = rows.table.columns().map(|(_, column)| match column.cell(row) {
            auriga_learn::Cell::Number(number) => number.to_string(),
            auriga_learn::Cell::Text(text) => text.to_owned(),
            auriga_learn::Cell::Boolean(boolean) => boolean.to_string(),
            auriga_learn::Cell::Missing => "-".to_owned(),
        });
        cells.collect::<Vec<_>>().join(" ")
    };
    let lines: Vec<String> = (0..rows.table.n_rows()).map(line).collect();
    Ok(format!("{} +{}", lines.join("; "), rows.ignored))
}

fn json(inputs: &Inputs, body: &str) -> Result<String, String> {
    shown(json_rows(inputs, body.as_bytes(), 3))
}

fn row_of(inputs: &Inputs, query: &str) -> Result<Rows, Refusal> {
    query_row(inputs, &Params::default(), query).map(|(rows, _)| rows)
}

#[test]
fn json_rows_become_columns_by_name() {
    let check = |body: &str, rows: &str| assert_eq!(json(&by_name(), body).as_deref(), Ok(rows), "{body}");
    check(r#"[{"age": 1, "city": "Ulm", "member": true}]"#, "1 Ulm true +0");
    check(
        r#"[{"member": false, "age": -1.5e1, "city": "Ulm"}]"#,
        "-15 Ulm false +0",
    );
    check(r#" [{"age":null,"city":null,"member":null}] "#, "- - - +0");
    check(
        r#"[{"age":1,"city":"a","member":true},{"city":"b","x":1,"age":2,"member":false,"y":null}]"#,
        "1 a true; 2 b false +2",
    );
    check(
        r#"[{"age":123456789012345678901234567890,"city":"\u00e4","member":true}]"#,
        "123456789012345680000000000000 ä true +0",
    );
    check(r#"[{"\u0061ge":1,"city":"","member":true}]"#, "1 - true +0");
    check(r#"[{"age":1,"city":" ","member":true}]"#, "1   true +0");
}

#[test]
fn a_body_that_is_not_a_list_of_flat_rows_is_refused_in_words() {
    let check = |body: &str, message: &str| {
        assert_eq!(json(&by_name(), body).unwrap_err(), message, "{body}");
    };
    check(
        "",
        "the body is empty; send a JSON list of rows: [{\"column\": value}]",
    );
    check(
        " \n ",
        "the body is empty; send a JSON list of rows: [{\"column\": value}]",
    );
    check(
        "[]",
        "there are no rows; send at least one: [{\"column\": value}]",
    );
    check(
        "{\"age\": 1}",
        "the body is one object; wrap the row in a list: [{\"column\": value}]",
    );
    check(
        "1",
        "the body is a number; send a list of rows: [{\"column\": value}]",
    );
    check(
        "null",
        "the body is null; send a list of rows: [{\"column\": value}]",
    );
    check(
        "\"age\"",
        "the body is a text; send a list of rows: [{\"column\": value}]",
    );
    check(
        "[[1, 2]]",
        "row 1 is a list; write each row as an object: {\"column\": value}",
    );
    check(
        r#"[{"age":1,"city":"a","member":true}, 2]"#,
        "row 2 is a number; write each row as an object: {\"column\": value}",
    );
    check("age=1", "the body is not JSON: expected value at line 1 column 1");
    check(
        "[{\"age\": 1,",
        "the body is not JSON: EOF while parsing a value at line 1 column 11",
    );
    check(
        "[{\"age\": 1,\n\"city\" 2}]",
        "the body is not JSON: expected `:` at line 2 column 8",
    );
    check(
        "[] []",
        "the body is not JSON: trailing characters at line 1 column 4",
    );
    check(
        "[{1: 2}]",
        "the body is not JSON: key must be a string at line 1 column 3",
    );
    check(
        &"[".repeat(100_000),
        "row 1 is a list; write each row as an object: {\"column\": value}",
    );
    let deep = format!("[{{\"age\": {}", "[".repeat(100_000));
    check(&deep, "row 1, column \"age\": a list is not a single value");
    let too_deep = "row 1, column \"x\" is nested more than 100 levels deep; leave it out";
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        check(&format!("[{{\"x\": {}", open.repeat(100_000)), too_deep);
    }
    check(
        "[{\"x\": [1, nul]}]",
        "the body is not JSON: expected ident at line 1 column 15",
    );
    check(
        "[{\"x\": [1",
        "the body is not JSON: EOF while parsing a list at line 1 column 9",
    );
    let four = format!("[{}]", [r#"{"age":1,"city":"a","member":true}"#; 4].join(","));
    check(&four, "there are more than 3 rows; send fewer at a time");
}

#[test]
fn a_nested_value_of_an_unknown_column_is_ignored_and_counted() {
    let check = |value: &str| {
        let row = format!("{{\"x\":{value},\"age\":1,\"y\":{value},\"city\":\"a\",\"member\":true}}");
        assert_eq!(
            json(&by_name(), &format!("[{row},{row}]")).as_deref(),
            Ok("1 a true; 1 a true +4"),
            "{value}"
        );
    };
    check("[]");
    check("{}");
    check(r#"[1, -2, 0.5, "a", null, true, [[]], {"age": []}]"#);
    check(r#"{"age": {"age": 2, "age": [{}]}, "\u0061": "b"}"#);
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    check(&nested(100));
    assert_eq!(
        json(&by_name(), &format!("[{{\"x\": {}}}]", nested(101))).unwrap_err(),
        "row 1, column \"x\" is nested more than 100 levels deep; leave it out"
    );
}

#[test]
fn a_bare_value_is_a_row_where_that_was_asked_for() {
    let texts = EntryPoint {
        unwrap_sample: true,
        ..EntryPoint::default()
    };
    let signature = Signature {
        features: vec![Field {
            name: "text".to_owned(),
            kind: ColumnKind::Text,
        }],
        target: Field {
            name: "topic".to_owned(),
            kind: ColumnKind::Text,
        },
        task: Task::Classification,
    };
    let texts = Inputs::resolve(&texts, &signature).unwrap();
    let check = |body: &str, rows: &str| {
        assert_eq!(
            json(&texts, body).unwrap_or_else(|message| message),
            rows,
            "{body}"
        );
    };
    check(r#"["a text", "another"]"#, "a text; another +0");
    check(r#"["a", {"text": "b", "x": 1}, null]"#, "a; b; - +1");
    check(r#"["a", ""]"#, "a; - +0");
    check(r#"["a", 5]"#, "row 2, column \"text\": 5 is not a text");
    check(
        r#"["a", ["b"]]"#,
        "row 2 is a list; write each row as a single value, or as an object: {\"column\": value}",
    );
    check(
        r#"["a", "b", "c", "d"]"#,
        "there are more than 3 rows; send fewer at a time",
    );
    check(
        r#""a""#,
        "the body is a text; send a list of values: [value], or of rows: [{\"column\": value}]",
    );
    check(
        "",
        "the body is empty; send a JSON list of values: [value], or of rows: [{\"column\": value}]",
    );
    check(
        "[]",
        "there are no rows; send at least one: [value], or [{\"column\": value}]",
    );
}

#[test]
fn a_bad_cell_is_named_by_row_and_column() {
    let check = |row: &str, message: &str| {
        let body = format!("[{{\"age\":1,\"city\":\"a\",\"member\":true}},{{{row}}}]");
        assert_eq!(json(&by_name(), &body).unwrap_err(), message, "{row}");
    };
    check(
        r#""age":"1","city":"a","member":true"#,
        "row 2, column \"age\": \"1\" is not a number",
    );
    check(r#""age":"""#, "row 2, column \"age\": \"\" is not a number");
    check(r#""age":true"#, "row 2, column \"age\": true is not a number");
    check(r#""city":5"#, "row 2, column \"city\": 5 is not a text");
    check(r#""city":1.0"#, "row 2, column \"city\": 1.0 is not a text");
    check(
        r#""member":1"#,
        "row 2, column \"member\": 1 is not true or false",
    );
    check(
        r#""member":"true""#,
        "row 2, column \"member\": \"true\" is not true or false",
    );
    let missing = "is missing; send it, or null in a JSON row if the value is unknown";
    check(
        r#""age":1,"city":"a""#,
        &format!("row 2, column \"member\" {missing}"),
    );
    check("", &format!("row 2, column \"age\" {missing}"));
    check(
        r#""Age":1,"city":"a","member":true"#,
        "row 2, column \"age\" is missing (there is \"Age\"); send it, or null in a JSON row if the value is unknown",
    );
    check(
        r#""age":1,"city":"a","age":1"#,
        "row 2, column \"age\" occurs twice; send it once",
    );
    check(
        r#""x":1,"y":1,"x":1"#,
        "row 2, column \"x\" occurs twice; send it once",
    );
    let infinite = "is not a finite number; send null in a JSON row if the value is unknown";
    for token in ["NaN", "1e999", "-1e999", "Infinity", "-Infinity", "nan"] {
        check(
            &format!("\"age\":{token},\"city\":\"a\""),
            &format!("row 2, column \"age\": {token} {infinite}"),
        );
        check(
            &format!("\"age\": {token}"),
            &format!("row 2, column \"age\": {token} {infinite}"),
        );
        check(
            &format!("\"city\":\"a\",\n \"age\" :\n{token}\n"),
            &format!("row 2, column \"age\": {token} {infinite}"),
        );
    }
    check(
        &format!("\"age\":\"{}\"", "x".repeat(1000)),
        &format!("row 2, column \"age\": \"{}…\" is not a number", "x".repeat(40)),
    );
}

#[test]
fn a_strict_entry_point_refuses_columns_it_does_not_know() {
    let strict = inputs(None, true);
    let check = |body: &str, message: &str| assert_eq!(json(&strict, body).unwrap_err(), message);
    check(
        r#"[{"agee":1}]"#,
        "row 1, column \"agee\" is not known here; did you mean \"age\"?",
    );
    for value in ["1", "[1]", "{\"a\": 1}"] {
        check(
            &format!("[{{\"color\":{value}}}]"),
            "row 1, column \"color\" is not known here; leave it out",
        );
    }
    assert_eq!(
        shown(row_of(&strict, "agee=1")).unwrap_err(),
        "column \"agee\" is not known here; did you mean \"age\"?"
    );
}

#[test]
fn a_mapping_converts_what_it_declares() {
    let mapped = inputs(
        Some(&[("a", Float, "age"), ("c", Str, "city"), ("m", Bool, "member")]),
        false,
    );
    let check = |a: &str, c: &str, m: &str, row: &str| {
        let body = format!("[{{\"a\":{a},\"c\":{c},\"m\":{m}}}]");
        assert_eq!(
            json(&mapped, &body).unwrap_or_else(|message| message),
            row,
            "{body}"
        );
    };
    check("1.5", "\"x\"", "true", "1.5 x true +0");
    check("\" 5.1 \"", "5", "1", "5.1 5 true +0");
    check("\"-1e3\"", "1.0", "0", "-1000 1.0 false +0");
    check("2", "true", "\"TRUE\"", "2 true true +0");
    check("null", "null", "null", "- - - +0");
    check("1", "-7", "\"0\"", "1 -7 false +0");
    check("1", "\"\"", "0.0", "1 - false +0");
    check("\"\"", "\"\"", "\"\"", "- - - +0");
    check("true", "1", "1", "row 1, column \"a\": true is not a number");
    check("\" \"", "1", "1", "row 1, column \"a\": \" \" is not a number");
    check("1", "1", "2", "row 1, column \"m\": 2 is not true, false, 1 or 0");
    check(
        "1",
        "1",
        "\"yes\"",
        "row 1, column \"m\": \"yes\" is not true, false, 1 or 0",
    );
    let infinite = "is not a finite number; send null in a JSON row if the value is unknown";
    check(
        "\"nan\"",
        "1",
        "1",
        &format!("row 1, column \"a\": nan {infinite}"),
    );
    check(
        "\"1e999\"",
        "1",
        "1",
        &format!("row 1, column \"a\": 1e999 {infinite}"),
    );
}

#[test]
fn an_int_has_no_fraction_and_fits_a_number_exactly() {
    let mapped = inputs(
        Some(&[("a", Int, "age"), ("c", Str, "city"), ("m", Bool, "member")]),
        false,
    );
    let check = |a: &str, row: &str| {
        let body = format!("[{{\"a\":{a},\"c\":\"c\",\"m\":true}}]");
        assert_eq!(
            json(&mapped, &body).unwrap_or_else(|message| message),
            row,
            "{body}"
        );
    };
    check("5", "5 c true +0");
    check("5.0", "5 c true +0");
    check("\"5\"", "5 c true +0");
    check("-9007199254740992", "-9007199254740992 c true +0");
    check("5.1", "row 1, column \"a\": 5.1 is not a whole number");
    check("\"5.1\"", "row 1, column \"a\": \"5.1\" is not a whole number");
    check(
        "9007199254740994",
        "row 1, column \"a\": 9007199254740994 is not a whole number of at most 2^53 in size",
    );
}

#[test]
fn a_boolean_may_feed_a_number() {
    let mapped = inputs(
        Some(&[("a", Bool, "age"), ("c", Str, "city"), ("m", Bool, "member")]),
        false,
    );
    assert_eq!(
        json(&mapped, r#"[{"a":true,"c":"c","m":0}]"#).as_deref(),
        Ok("1 c false +0")
    );
}

#[test]
fn a_query_spells_one_row() {
    let check = |query: &str, row: &str| {
        assert_eq!(
            shown(row_of(&by_name(), query)).unwrap_or_else(|message| message),
            row,
            "{query}"
        );
    };
    check("age=1&city=Ulm&member=true", "1 Ulm true +0");
    check(
        "member=false&city=New+York%21&age=-1.5e1&x=1&y=",
        "-15 New York! false +2",
    );
    check("age=%2B5&city=&member=true&", "5 - true +0");
    check("age=&city=&member=", "- - - +0");
    check("age&city&member", "- - - +0");
    check("age=1&city=a=b&member=true", "1 a=b true +0");
    let missing = "is missing; send it, or null in a JSON row if the value is unknown";
    check("", &format!("column \"age\" {missing}"));
    check("age=1&city=a", &format!("column \"member\" {missing}"));
    check("age=1&age=1", "column \"age\" occurs twice; send it once");
    check("x=1&x=1", "column \"x\" occurs twice; send it once");
    check("age=+&city=a", "column \"age\": \" \" is not a number");
    check("age=one", "column \"age\": \"one\" is not a number");
    check(
        "age=1&city=a&member=1",
        "column \"member\": \"1\" is not true or false",
    );
    check(
        "city=%FF",
        "column \"city\": the text is not UTF-8; encode it as UTF-8 before percent-encoding it",
    );
    for token in ["nan", "inf", "1e999"] {
        check(
            &format!("age={token}"),
            &format!(
                "column \"age\": {token} is not a finite number; send null in a JSON row if the value is unknown"
            ),
        );
    }
}

#[test]
fn a_mapped_query_converts_as_a_mapped_row_does() {
    let mapped = inputs(
        Some(&[("a", Int, "age"), ("c", Str, "city"), ("m", Bool, "member")]),
        false,
    );
    assert_eq!(
        shown(row_of(&mapped, "a=5&c=5&m=1")).as_deref(),
        Ok("5 5 true +0")
    );
    assert_eq!(
        shown(row_of(&mapped, "a=5.5&c=5&m=1")).unwrap_err(),
        "column \"a\": \"5.5\" is not a whole number"
    );
}

/// Pieces of which rows and broken rows are made.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            " ",
            "\n",
            "\"",
            "\\",
            "-",
            "1e999",
            "NaN",
            "null",
            "true",
            "0.5",
            "\"age\":",
            "\"city\":\"a\"",
            "\"member\":false",
            "\"x\":1",
            "\"y\":[{",
            "{\"age\":1,\"city\":\"a\",\"member\":true}",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_body_comes_to_whole_rows_or_to_words(body in body()) {
        match json_rows(&by_name(), &body, 3) {
            Ok(rows) => prop_assert!((1..=3).contains(&rows.table.n_rows())),
            Err(refusal) => prop_assert!(refusal.to_string().chars().count() < 300),
        }
    }

    #[test]
    fn any_query_comes_to_one_row_or_to_words(query in "[age=&city%2Fmember1+true\\PC]{0,60}") {
        match row_of(&by_name(), &query) {
            Ok(rows) => prop_assert_eq!(rows.table.n_rows(), 1),
            Err(refusal) => prop_assert!(refusal.to_string().chars().count() < 300),
        }
    }

    #[test]
    fn numbers_and_texts_arrive_as_they_were_sent(ages in prop::collection::vec(any::<f64>(), 1..4), city in ".*") {
        prop_assume!(ages.iter().all(|age| age.is_finite()));
        prop_assume!(!city.is_empty());
        let row = |age| serde_json::json!({"age": age, "city": city, "member": null}).to_string();
        let body = format!("[{}]", ages.iter().map(row).collect::<Vec<_>>().join(","));
        let rows = json_rows(&by_name(), body.as_bytes(), 3).unwrap();
        prop_assert_eq!(rows.table.column("age"), Some(&Column::Number(ages.clone())));
        prop_assert_eq!(rows.table.column("city"), Some(&Column::Text(vec![Some(city); ages.len()])));
    }
}
