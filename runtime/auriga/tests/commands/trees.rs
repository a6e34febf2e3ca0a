//! Trees and forests from a manifest to a version: what is kept, what is shown, what is refused.

use serde_json::json;

use super::given::{FLOWERS, MANIFEST, fails, files, json, json_error};

/// The manifest of the flowers with another estimator.
fn manifest(estimator: &str) -> String {
    MANIFEST.replace(
        "    logisticRegression:\n      c: 1\n",
        &format!("    {estimator}\n"),
    )
}

#[test]
fn a_version_tells_which_columns_matter() {
    let flowers = FLOWERS
        .replace("width", "same,width")
        .replace("\n0", "\n1,0")
        .replace("\n2", "\n1,2");
    let check = |estimator: &str, score: &str| {
        let kind = estimator.split(':').next().unwrap();
        let is_regression = kind.ends_with("Regressor");
        let target = if is_regression {
            flowers.replace("setosa", "0").replace("virginica", "1")
        } else {
            flowers.clone()
        };
        let folder = files(&[("flowers.csv", &target), ("model.yaml", &manifest(estimator))]);
        let fitted = json(folder.path(), "fit -f model.yaml");
        assert_eq!(fitted["scores"]["train"][score], 1.0, "{estimator}: {fitted}");
        let version = json(folder.path(), "list")["models"][0]["versions"][0].clone();
        assert_eq!(version["facts"]["estimator"], kind);
        let importances = &version["facts"]["importances"];
        assert_eq!(
            *importances,
            json!([{"column": "width", "share": 1.0}, {"column": "same", "share": 0.0}])
        );
        // The same again: the version is known, and its golden requests hold.
        assert_eq!(json(folder.path(), "fit -f model.yaml")["new"], false);
    };
    check("decisionTreeClassifier: {}", "accuracy");
    check(
        "randomForestClassifier: {nEstimators: 20, randomState: 3}",
        "accuracy",
    );
    check("decisionTreeRegressor: {}", "r2");
    check("randomForestRegressor: {nEstimators: 5, bootstrap: false}", "r2");
}

#[test]
fn an_estimator_that_does_not_tell_what_matters_lists_nothing() {
    let folder = super::given::flowers();
    json(folder.path(), "fit -f model.yaml");
    let version = json(folder.path(), "list")["models"][0]["versions"][0].clone();
    assert!(version["facts"].get("importances").is_none(), "{version}");
}

#[test]
fn faults_of_trees_are_the_users_mistakes() {
    let estimator = "randomForestClassifier: {maxSamples: {count: 7}}";
    let folder = files(&[("flowers.csv", FLOWERS), ("model.yaml", &manifest(estimator))]);
    let message = "cannot fit flowers: randomForestClassifier: maxSamples is 7; it must be at most 6, the number of \
                   rows to learn from";
    let found = json_error(folder.path(), "fit -f model.yaml", 2);
    assert_eq!(found["error"], message, "{found}");
    let estimator = "randomForestClassifier: {bootstrap: false, maxSamples: {count: 7}}";
    let folder = files(&[("flowers.csv", FLOWERS), ("model.yaml", &manifest(estimator))]);
    fails(
        folder.path(),
        "lint -f model.yaml",
        2,
        "model.yaml:12:48: spec.estimator.randomForestClassifier.maxSamples: maxSamples is only used with bootstrap: true; \
         remove it or change bootstrap",
    );
}
