//! What may stand under `serving`.

use super::*;

#[test]
fn paths_of_the_service_itself_are_taken() {
    let at = |path: &str| format!("c: 0.3\n  serving:\n    entryPoints:\n    - path: {path}");
    check_edit("c: 0.3", &at("/v2/iris"), &[]);
    for bad in ["/alive", "/metrics", "/..", "predict", "/a//b", "/", "/a b"] {
        let expected = format!(
            "16:7: spec.serving.entryPoints[0].path: \"{bad}\": write a path such as /predict, its parts of \
             letters, digits and \"-_.~:\"; /alive, /livez, /list and /metrics are taken"
        );
        check_edit("c: 0.3", &at(bad), &[&expected]);
    }
}

/// The manifest with `serving`, and whether it is bad.
pub(super) fn cases() -> Vec<(bool, Value)> {
    let case = |bad, estimator: &str, serving: &str| {
        let text = IRIS.replace(
            "logisticRegression:\n      c: 0.3",
            &format!("{estimator}\n  serving: {serving}"),
        );
        (bad, document::read(&text).unwrap().remove(0).value)
    };
    let point = |bad, fields: &str| {
        let serving = format!("{{entryPoints: [{{path: /a, {fields}}}]}}");
        case(bad, "logisticRegression: {}", &serving)
    };
    let x_and_z_to =
        |column: &str| format!("mapping: [{{name: x, type: int}}, {{name: z, type: int, column: {column}}}]");
    let threshold_beside = |name: &str| {
        format!("params: [{{name: threshold, type: float}}], mapping: [{{name: {name}, type: float}}]")
    };
    let logistic = "logisticRegression: {}";
    vec![
        case(true, logistic, "{serviceMetadata: {status: fine}}"),
        case(true, logistic, "{serviceMetadata: {classes: three}}"),
        case(false, logistic, "{serviceMetadata: {team: fine}}"),
        case(true, logistic, "{entryPoints: [{path: /list}]}"),
        case(true, logistic, "{entryPoints: [{path: predict}]}"),
        case(false, logistic, "{entryPoints: [{path: /a/b.c}]}"),
        point(true, &x_and_z_to("x")),
        point(false, &x_and_z_to("w")),
        point(true, &threshold_beside("threshold")),
        point(false, &threshold_beside("width")),
        point(true, &format!("unwrapSample: true, {}", x_and_z_to("w"))),
        point(false, "unwrapSample: true, mapping: [{name: x, type: str}]"),
        point(false, "unwrapSample: true"),
        point(false, "method: predictProba"),
        case(
            true,
            "ridge: {}",
            "{entryPoints: [{path: /a, method: predictProba}]}",
        ),
        case(false, "ridge: {}", "{entryPoints: [{path: /a, method: predict}]}"),
    ]
}

#[test]
fn a_fault_of_an_entry_point_names_the_field_and_the_remedy() {
    let at = |fields: &str| format!("c: 0.3\n  serving:\n    entryPoints:\n    - path: /a\n      {fields}");
    check_edit(
        "c: 0.3",
        &at("method: predict_proba"),
        &[
            "17:7: spec.serving.entryPoints[0].method: \"predict_proba\" is not a known value; did you mean predictProba?",
        ],
    );
    check_edit(
        "c: 0.3",
        &at("params: [{name: threshold, type: float, default: 0.3}]"),
        &[
            "17:47: spec.serving.entryPoints[0].params[0].default: 0.3 is not a text; write it in quotes: \"0.3\"",
        ],
    );
    check_edit(
        "c: 0.3",
        &at("params: [{name: threshold, type: float}, {name: threshold, type: float}]"),
        &[
            "17:49: spec.serving.entryPoints[0].params[1].name: \"threshold\" occurs twice; entry 1 has it too",
        ],
    );
    check_edit(
        "c: 0.3",
        &at("unwrapSample: true\n      mapping: [{name: x, type: int}, {name: w, type: int}]"),
        &[
            "17:7: spec.serving.entryPoints[0].unwrapSample: true: unwrapSample needs rows of one value, but several are \
             mapped; leave it out, or map one value",
        ],
    );
    check_edit(
        "c: 0.3",
        &at("params: [{name: x, type: float}]\n      mapping: [{name: x, type: int}]"),
        &[
            "17:7: spec.serving.entryPoints[0].params: a parameter and a value of the row have one name; give the value \
             another name in the mapping",
        ],
    );
    check_edit(
        "logisticRegression:\n      c: 0.3",
        "ridge: {}\n  serving:\n    entryPoints:\n    - {path: /a, method: predictProba}",
        &[
            "14:5: spec.serving.entryPoints: method: predictProba needs a classifier, because only classes have \
             probabilities; choose method: predict",
        ],
    );
}
