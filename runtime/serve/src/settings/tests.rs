//! Settings that are good by themselves, and those that are not.

use super::*;

fn settings(paths: &[&str]) -> Settings {
    let mut settings = Settings::new("default/iris".parse().unwrap());
    settings.entry_points = paths
        .iter()
        .map(|path| EntryPoint {
            path: (*path).to_owned(),
            ..EntryPoint::default()
        })
        .collect();
    settings
}

#[test]
fn without_entry_points_rows_are_predicted_at_predict() {
    let checked = settings(&[]).checked().unwrap();
    assert_eq!(checked.entry_points, [EntryPoint::default()]);
    assert_eq!(checked.service_metadata["service_name"], "iris");
}

#[test]
fn paths_that_cannot_be_told_apart_or_are_taken_are_refused() {
    let check = |paths: &[&str], message: &str| {
        assert_eq!(settings(paths).checked().unwrap_err().to_string(), message);
    };
    check(
        &["/alive"],
        "entry point path \"/alive\" is taken by the service itself; choose another one",
    );
    check(
        &["/a", "/b", "/a"],
        "entry point path \"/a\" occurs twice; each path may have one entry point",
    );
    for path in [
        "", "/", "a", "/a/", "//a", "/{a}", "/a b", "/ä", "/..", "/:a", "/a/*b",
    ] {
        let error = settings(&[path]).checked().unwrap_err();
        assert_eq!(
            error,
            SettingsError::Path {
                path: path.to_owned()
            },
            "{path}"
        );
    }
    for path in ["/predict", "/v1/models/iris:predict", "/a-b_c.d~e"] {
        assert!(settings(&[path]).checked().is_ok(), "{path}");
    }
}

#[test]
fn a_name_mapped_twice_is_refused() {
    let mapped = |name: &str| Mapped {
        name: name.to_owned(),
        kind: ValueKind::Float,
        column: None,
    };
    let mut settings = settings(&["/predict"]);
    settings.entry_points[0].mapping = Some(vec![mapped("a"), mapped("b"), mapped("a")]);
    assert_eq!(
        settings.checked().unwrap_err().to_string(),
        "entry point \"/predict\" maps the value \"a\" twice; each name may stand once"
    );
}

#[test]
fn metadata_cannot_shadow_what_every_answer_says() {
    let mut settings = settings(&[]);
    settings
        .service_metadata
        .insert("error_code".to_owned(), "7".to_owned());
    assert_eq!(
        settings.checked().unwrap_err().to_string(),
        "service metadata may not have the key \"error_code\", which every answer sets itself; rename it"
    );
}

#[test]
fn a_parameter_given_twice_is_refused() {
    let threshold = Param {
        name: "threshold".to_owned(),
        kind: ValueKind::Float,
        default: None,
    };
    let mut settings = settings(&["/predict"]);
    settings.entry_points[0].params = vec![threshold.clone(), threshold];
    assert_eq!(
        settings.checked().unwrap_err().to_string(),
        "entry point \"/predict\" has the parameter \"threshold\" twice; each name may stand once"
    );
}
