//! What must be true of the versions of a Model at any time: numbers are given once, one version at most is active, and its
//! bytes are those that were written.

use std::collections::BTreeMap;

use auriga_e2e::Space;
use serde_json::Value;

use crate::finding::attempt;

/// Holds the versions of a namespace against what must be true of them.
///
/// Errors: what is not.
pub(crate) async fn check(space: &Space) -> Result<(), String> {
    let faults = attempt(faults(space)).await?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("; "))
    }
}

/// What is wrong with the versions that the Models of a namespace serve, by what their pods say; nothing can be said of a
/// Model that nothing answers for.
pub(crate) async fn faults(space: &Space) -> Vec<String> {
    let mut faults = Vec::new();
    for model in space.list("auriga.dev/v1alpha1", "Model").await {
        let name = model["metadata"]["name"].as_str().unwrap_or_default();
        if space.get("v1", "Service", name).await.is_none() {
            continue;
        }
        let (listed, alive) = (space.ask(name, "/list").await, space.ask(name, "/alive").await);
        if let (Ok(listed), Ok(alive)) = (listed, alive) {
            let found = of(&listed.json(), &alive.json());
            faults.extend(found.into_iter().map(|words| format!("Model {name}: {words}")));
        }
    }
    faults
}

/// What is wrong, by the bodies of `/list` and `/alive`. The second may be newer: only what never changes is compared.
fn of(listed: &Value, alive: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut digests = BTreeMap::new();
    let models = listed["models"].as_array().map_or(&[][..], Vec::as_slice);
    for model in models {
        let version = model["version"].as_u64().unwrap_or_default();
        if version == 0 {
            faults.push(format!("I1: {} is no number of a version", model["version"]));
        } else if digests.insert(version, &model["digest"]).is_some() {
            faults.push(format!("I1: version {version} is there twice"));
        }
    }
    let active = models.iter().filter(|model| model["active"] == true);
    let active: Vec<&Value> = active.map(|model| &model["version"]).collect();
    if active.len() > 1 {
        faults.push(format!("I3: versions {active:?} are all active"));
    }
    let loaded = &alive["model"]["metadata"];
    let written = loaded["version"]
        .as_u64()
        .and_then(|version| digests.get(&version));
    if let Some(written) = written
        && **written != loaded["digest"]
    {
        faults.push(format!(
            "I2: version {} answers with {} and was written as {written}",
            loaded["version"], loaded["digest"]
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model(version: Value, active: bool) -> Value {
        json!({ "version": version, "digest": "sha256:1", "active": active })
    }

    fn found(models: &[Value], digest: &str) -> Vec<String> {
        let alive = json!({ "model": { "metadata": { "version": 1, "digest": digest } } });
        of(&json!({ "models": models }), &alive)
    }

    #[test]
    fn a_ledger_that_is_right_is_taken() {
        let models = [model(json!(2), true), model(json!(1), false)];
        assert_eq!(found(&models, "sha256:1"), Vec::<String>::new());
        assert_eq!(found(&[], "sha256:2"), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_ledger_is_named() {
        let begins = |models: &[Value], digest, expected: &str| {
            let faults = found(models, digest);
            assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:?}");
        };
        let first = || model(json!(1), true);
        begins(
            &[first(), model(json!(1), false)],
            "sha256:1",
            "I1: version 1 is there twice",
        );
        begins(&[model(json!("1"), false)], "sha256:1", "I1: \"1\" is no number");
        begins(&[first(), model(json!(2), true)], "sha256:1", "I3: versions");
        begins(&[first()], "sha256:2", "I2: version 1 answers with \"sha256:2\"");
    }
}
