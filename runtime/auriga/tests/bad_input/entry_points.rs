//! Entry points that the model cannot serve, and requests that bring them bad parameters.

use crate::support::{self, Running};

use super::given::{MODEL, ROWS, given, model};

/// `up` must refuse the entry point at `/a`, which a manifest alone cannot tell to be bad, once there is a version.
#[track_caller]
fn up_refuses(entry_point: &str, what: &str) {
    let serving = format!("c: 0.3\n  serving: {{entryPoints: [{{path: /a, {entry_point}}}]}}");
    let given = given(model("c: 0.3", &serving), ROWS);
    let ended = given.run("up -f model.yaml --listen 127.0.0.1:0");
    given.check(&ended, 2, &format!("error: entry point \"/a\"{what}\n"));
}

#[test]
fn a_parameter_that_the_model_does_not_take_is_refused_at_load() {
    up_refuses(
        "params: [{name: treshold, type: float}]",
        " has the parameter \"treshold\", which predict of this version does not take; it takes threshold",
    );
    up_refuses(
        "method: predictProba, params: [{name: threshold, type: float}]",
        " has the parameter \"threshold\", which predictProba of this version does not take; leave it out",
    );
    up_refuses(
        "params: [{name: threshold, type: bool}]",
        " has the parameter \"threshold\" as bool, but it needs float or int",
    );
    up_refuses(
        "params: [{name: threshold, type: float, default: '2'}]",
        ", default of the parameter \"threshold\": 2 is not a number from 0 to 1",
    );
    up_refuses(
        "params: [{name: threshold, type: float, default: high}]",
        ", default of the parameter \"threshold\": \"high\" is not a number",
    );
}

#[test]
fn bare_rows_of_a_model_with_several_features_are_refused_at_load() {
    up_refuses(
        "unwrapSample: true",
        " has unwrapSample, which needs a version with exactly one feature, but this one has 2; leave unwrapSample out",
    );
}

#[test]
fn a_feature_with_the_name_of_a_parameter_is_refused_at_load() {
    let serving = "c: 0.3\n  serving: {entryPoints: [{path: /a, params: [{name: threshold, type: float}]}]}";
    let rows = ROWS.replace("width", "threshold");
    let given = given(model("c: 0.3", serving), rows);
    let ended = given.run("up -f model.yaml --listen 127.0.0.1:0");
    given.check(
        &ended,
        2,
        "error: entry point \"/a\" has the parameter \"threshold\", and rows have a value of the same name; give that \
         value another name in the mapping\n",
    );
}

#[test]
fn probabilities_of_an_active_version_that_has_none_are_told_by_serve() {
    let regression = MODEL.replace("logisticRegression:\n      c: 0.3", "ridge: {}");
    let rows = ROWS.replace("setosa", "1").replace("versicolor", "2");
    let given = given(regression, rows);
    assert_eq!(given.run("fit -f model.yaml").code, Some(0));
    let serving = "c: 0.3\n  serving: {entryPoints: [{path: /predict, method: predictProba}]}";
    let given = given.with("model.yaml", model("c: 0.3", serving));
    let ended = given.run("serve -f model.yaml --listen 127.0.0.1:0 --version 1");
    given.check(
        &ended,
        2,
        "error: entry point \"/predict\" answers predictProba, but ridge predicts numbers and has no probabilities; \
         choose method: predict\n",
    );
}

#[test]
fn a_bad_parameter_of_a_request_is_named() {
    let serving = "c: 0.3\n  serving: {entryPoints: [{path: /predict, params: [{name: threshold, type: float}]}, {path: /strict, strict: true, params: [{name: threshold, type: float}]}]}";
    let given = given(model("c: 0.3", serving), ROWS);
    let mut running = Running::start(given.path(), &["up", "-f", "model.yaml"]);
    let address = running.ready();
    let row = r#"[{"length": 5, "width": 3}]"#;
    let check = |query: &str, what: &str| {
        for answer in [
            support::get(address, &format!("/predict?length=5&width=3&{query}")),
            support::post(address, &format!("/predict?{query}"), row),
        ] {
            let json = answer.json();
            let metadata = &json["metadata"];
            assert_eq!(
                (answer.status, &metadata["error_code"], &metadata["error_message"]),
                (
                    400,
                    &19.into(),
                    &format!("parameter \"threshold\": {what}").into()
                ),
            );
        }
    };
    check("threshold=high", "\"high\" is not a number");
    check("threshold=1.01", "1.01 is not a number from 0 to 1");
    check("threshold=inf", "inf is not a finite number");
    check("threshold=", "it has no value; send one, or leave it out");
    check("threshold=0.1&threshold=0.2", "it occurs twice; send it once");
    let answer = support::post(address, "/strict?thresholds=0.1", row);
    assert_eq!(
        answer.json()["metadata"]["error_message"],
        "parameter \"thresholds\": it is not known here; did you mean \"threshold\"?"
    );
    for (threshold, class) in [("0", "versicolor"), ("1", "setosa")] {
        let answer = support::post(address, &format!("/predict?threshold={threshold}"), row);
        assert_eq!(answer.json()["result"][0], class, "{}", answer.text);
    }
    running.signal("TERM");
    let ended = running.ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
