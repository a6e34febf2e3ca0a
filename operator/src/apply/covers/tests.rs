//! What counts as already so.

use serde_json::json;

use super::*;

fn check(live: Value, desired: Value, expected: bool) {
    assert_eq!(covers(&live, &desired), expected, "{live} covers {desired}");
}

#[test]
fn what_others_have_added_is_nobodys_business() {
    check(json!({"a": 1, "b": 2}), json!({"a": 1}), true);
    check(json!({"a": 1}), json!({"a": 1, "b": 2}), false);
    check(json!({"a": 1}), json!({"a": 2}), false);
    check(json!({"a": {"b": 1, "c": 1}}), json!({"a": {"b": 1}}), true);
    check(json!({"a": "1"}), json!({"a": 1}), false);
}

#[test]
fn what_is_empty_may_be_absent_but_not_the_other_way_round() {
    for empty in [
        json!(null),
        json!(0),
        json!(""),
        json!([]),
        json!({}),
        json!({"a": null}),
    ] {
        check(json!({}), json!({"field": empty}), true);
    }
    check(json!({"readOnly": true}), json!({"readOnly": false}), false);
    check(json!({}), json!({"allowPrivilegeEscalation": false}), false);
    check(json!({"replicas": 2}), json!({"replicas": 0}), false);
    check(json!({"a": null}), json!({"a": 1}), false);
}

#[test]
fn items_without_names_are_compared_by_their_place() {
    check(json!(["a", "b"]), json!(["a", "b"]), true);
    check(json!(["a", "b"]), json!(["b", "a"]), false);
    check(json!(["a", "b"]), json!(["a"]), false);
    check(
        json!([{"key": "a", "operator": "Exists"}]),
        json!([{"key": "a"}]),
        true,
    );
}

#[test]
fn items_with_names_are_found_among_those_of_others() {
    let live = json!([{"name": "sidecar"}, {"name": "auriga", "image": "a"}]);
    check(live.clone(), json!([{"name": "auriga", "image": "a"}]), true);
    check(live.clone(), json!([{"name": "auriga", "image": "b"}]), false);
    check(live, json!([{"name": "other"}]), false);
}

#[test]
fn numbers_are_equal_however_they_are_written() {
    check(json!({"a": 1}), json!({"a": 1.0}), true);
    check(json!({"a": 1}), json!({"a": 1.5}), false);
}

#[test]
fn quantities_are_equal_in_every_unit() {
    let same = |live: &str, desired: &str, expected| {
        check(
            json!({"limits": {"memory": live}}),
            json!({"limits": {"memory": desired}}),
            expected,
        );
    };
    same("1Gi", "1024Mi", true);
    same("1", "1000m", true);
    same("0.5", "500m", true);
    same("1e3", "1k", true);
    same("1500M", "1.5G", true);
    same("1G", "1Gi", false);
    same("much", "much", true);
    same("much", "more", false);
}

#[test]
fn a_text_that_only_looks_like_a_quantity_is_a_text() {
    check(
        json!({"labels": {"a": "1000m"}}),
        json!({"labels": {"a": "1"}}),
        false,
    );
}
