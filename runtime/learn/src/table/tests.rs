//! Tables: what makes one, what is taken from one, and its digest.

use super::{Table, TableBuilder};
use crate::{Cell, Column, ColumnKind, Field, TableError};

fn numbers(cells: &[f64]) -> Column {
    Column::Number(cells.to_vec())
}

fn texts(cells: &[&str]) -> Column {
    Column::Text(cells.iter().map(|cell| Some((*cell).to_owned())).collect())
}

fn table(columns: &[(&str, Column)]) -> Result<Table, TableError> {
    Table::new(
        columns
            .iter()
            .map(|(name, column)| ((*name).to_owned(), column.clone()))
            .collect(),
    )
}

fn three() -> Table {
    let flags = Column::Boolean(vec![Some(true), None, Some(false)]);
    table(&[
        ("n", numbers(&[1.0, f64::NAN, 3.0])),
        ("t", texts(&["a", "b", "c"])),
        ("b", flags),
    ])
    .unwrap()
}

#[test]
fn columns_that_make_no_table_are_named() {
    let check = |columns: &[(&str, Column)], message: &str| {
        assert_eq!(table(columns).unwrap_err().to_string(), message);
    };
    check(
        &[("n", numbers(&[1.0])), ("n", numbers(&[2.0]))],
        "column \"n\" occurs twice; column names must be unique",
    );
    check(
        &[("n", numbers(&[1.0])), ("m", numbers(&[]))],
        "column \"m\" has 0 rows where 1 are expected",
    );
    check(
        &[("n", numbers(&[1.0, f64::INFINITY]))],
        "column \"n\", row 1: the number is infinite",
    );
}

#[test]
fn rows_are_taken_in_the_order_asked_for() {
    let rows = three();
    assert_eq!(rows.take(&[0, 1, 2]), rows);
    assert_eq!(rows.take(&[1, 2]), rows.slice(1..3));
    let swapped = rows.take(&[2, 0, 2]);
    assert_eq!(swapped.column("t"), Some(&texts(&["c", "a", "c"])));
    assert_eq!(swapped.n_rows(), 3);
    assert_eq!(rows.slice(3..3).n_rows(), 0);
}

#[test]
fn columns_are_selected_removed_and_replaced_by_name_and_place() {
    let mut rows = three();
    let selected = rows.select(&["b", "n"]).unwrap();
    assert_eq!(selected.names(), ["b", "n"]);
    assert_eq!(rows.select::<&str>(&[]).unwrap().n_rows(), 3);
    assert_eq!(
        rows.select(&["N"]).unwrap_err().to_string(),
        "there is no column \"N\"; did you mean \"n\"?"
    );
    let pair = vec![
        ("t=a".to_owned(), numbers(&[1.0, 0.0, 0.0])),
        ("t=b".to_owned(), numbers(&[0.0, 1.0, 1.0])),
    ];
    let replaced = rows.replace(&[1, 0], vec![pair.clone(), Vec::new()]).unwrap();
    assert_eq!(replaced.names(), ["t=a", "t=b", "b"]);
    let clash = rows.replace(&[1], vec![vec![("b".to_owned(), numbers(&[1.0, 2.0, 3.0]))]]);
    assert_eq!(
        clash,
        Err(TableError::DuplicateColumn {
            column: "b".to_owned()
        })
    );
    assert_eq!(rows.remove("t"), Some(texts(&["a", "b", "c"])));
    assert_eq!(rows.remove("t"), None);
    assert_eq!(rows.names(), ["n", "b"]);
}

#[test]
fn a_builder_makes_the_same_table_row_by_row() {
    let rows = three();
    let mut builder = TableBuilder::new(rows.fields());
    for row in 0..3 {
        let cells: Vec<Cell<'_>> = rows.columns().map(|(_, column)| column.cell(row)).collect();
        builder.push(&cells).unwrap();
    }
    assert_eq!(
        builder
            .push(&[Cell::Text("x"), Cell::Missing, Cell::Missing])
            .unwrap_err()
            .to_string(),
        "column \"n\", row 3: \"x\" is not a number"
    );
    assert_eq!(
        builder.push(&[Cell::Missing]).unwrap_err().to_string(),
        "row 3 has 1 cells where 3 are expected, one per column"
    );
    assert_eq!(builder.finish(), Ok(rows));
}

#[test]
fn a_builder_refuses_what_a_table_refuses() {
    let field = Field {
        name: "n".to_owned(),
        kind: ColumnKind::Number,
    };
    let mut builder = TableBuilder::new(vec![field.clone()]);
    builder.push(&[Cell::Number(f64::INFINITY)]).unwrap();
    assert!(matches!(
        builder.finish(),
        Err(TableError::Infinite { row: 0, .. })
    ));
    let twice = TableBuilder::new(vec![field.clone(), field]);
    assert!(matches!(twice.finish(), Err(TableError::DuplicateColumn { .. })));
}

#[test]
fn equal_tables_have_equal_digests_and_different_ones_do_not() {
    let same = [
        (
            table(&[("n", numbers(&[0.0, f64::NAN]))]),
            table(&[("n", numbers(&[-0.0, -f64::NAN]))]),
        ),
        (Ok(three()), Ok(three().take(&[0, 1, 2]))),
    ];
    for (left, right) in same {
        let (left, right) = (left.unwrap(), right.unwrap());
        assert_eq!(left, right);
        assert_eq!(left.digest(), right.digest());
    }
    let missing = Column::Text(vec![None, Some(String::new())]);
    let different = [
        table(&[]),
        table(&[("", numbers(&[]))]),
        table(&[("n", numbers(&[]))]),
        table(&[("n", texts(&[]))]),
        table(&[("n", Column::Boolean(vec![]))]),
        table(&[("n", numbers(&[1.0, 2.0]))]),
        table(&[("n", numbers(&[2.0, 1.0]))]),
        table(&[("n", texts(&["ab", "c"]))]),
        table(&[("n", texts(&["a", "bc"]))]),
        table(&[("n", texts(&["", ""]))]),
        table(&[("n", missing)]),
        table(&[("n", Column::Boolean(vec![None, Some(false)]))]),
        table(&[("n", Column::Boolean(vec![Some(false), Some(false)]))]),
        table(&[("a", numbers(&[1.0])), ("b", numbers(&[2.0]))]),
        table(&[("b", numbers(&[2.0])), ("a", numbers(&[1.0]))]),
    ];
    let digests: std::collections::HashSet<[u8; 32]> = different
        .iter()
        .map(|table| table.as_ref().unwrap().digest())
        .collect();
    assert_eq!(digests.len(), different.len());
}

#[test]
fn the_digest_is_the_same_in_every_build() {
    // Stored with versions, so it must never change. From Python: hashlib.sha256 over the bytes that digest.rs lists.
    let hex: String = three()
        .digest()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hex,
        "95d390832595eef82e6abf30a88913c2936d84c2d654696b3a117946218a45cb"
    );
}
