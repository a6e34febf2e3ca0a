//! Documents: places, broken YAML, bombs.

use serde_json::json;

use super::*;

fn at(line: u64, column: u64) -> Option<Position> {
    Some(Position { line, column })
}

#[test]
fn every_field_knows_the_line_and_column_of_its_key() {
    let text = "kind: Model\nspec:\n  steps:\n  - name: a\n    columns: [x, z]\n";
    let documents = read(text).unwrap();
    assert_eq!(
        documents[0].value,
        json!({"kind": "Model", "spec": {"steps": [{"name": "a", "columns": ["x", "z"]}]}})
    );
    assert_eq!(documents[0].position("spec.steps"), at(3, 3));
    assert_eq!(documents[0].position("spec.steps[0].name"), at(4, 5));
    assert_eq!(documents[0].position("spec.steps[0].columns[1]"), at(5, 18));
}

#[test]
fn an_absent_field_stands_where_the_nearest_field_around_it_stands() {
    let documents = read("spec:\n  a:\n    b: 1\n").unwrap();
    assert_eq!(documents[0].position("spec.a.missing"), at(2, 3));
    assert_eq!(documents[0].position("elsewhere"), at(1, 1));
}

#[test]
fn several_documents_are_read_and_empty_ones_left_out() {
    let documents = read("---\nkind: A\n---\n---\nkind: B\nmetadata: {name: b}\n").unwrap();
    let kinds: Vec<_> = documents
        .iter()
        .map(|document| (document.kind(), document.name()))
        .collect();
    assert_eq!(kinds, [("A", ""), ("B", "b")]);
    assert_eq!(documents[1].position("kind"), at(5, 1));
}

#[test]
fn broken_yaml_is_named_with_its_place() {
    let fault = |text: &str| read(text).unwrap_err().0.remove(0);
    assert!(fault("a: [1").message.starts_with("not valid YAML: "));
    assert_eq!(fault("a: 1\na: 2\n").position, at(2, 1));
    assert_eq!(fault("a:\n  b: .nan\n").position, at(2, 6));
    assert!(
        fault(&"x".repeat(2_000_000))
            .message
            .contains("at most 1572864 are read")
    );
}

#[test]
fn broken_yaml_is_told_in_words_that_users_can_act_on() {
    let check = |text: &str, expected: &str| assert_eq!(read(text).unwrap_err().0[0].message, expected);
    check("a: 1\na: 2\n", "the key a occurs twice in one map; remove one");
    check("a:\n  b: -.inf\n", "-.inf is not a finite number; write one");
    check("a: 1e999", "1e999 is not a finite number; write one");
    check("a: {", "not valid YAML: unclosed bracket '{'");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
    }
    assert_eq!(
        read(&text).unwrap_err().0[0].message,
        "too large or too deep with its aliases written out; make it smaller"
    );
}
