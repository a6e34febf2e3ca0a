//! Versions and activations as PostgreSQL has them, and whether a Model's status says the same.

use std::collections::BTreeMap;

use auriga_crds::Model;
use auriga_e2e::Space;
use serde::Deserialize;

use crate::finding::attempt;

/// How many versions a status names.
const SHOWN: usize = 10;

/// What the tables of the only Model of a namespace's PostgreSQL hold.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Kept {
    /// The digests of the versions, by number.
    pub(crate) versions: BTreeMap<i64, String>,
    /// The activations, oldest first.
    pub(crate) ledger: Vec<Entry>,
}

/// An activation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Entry {
    /// The version that was the active one before.
    pub(crate) from: Option<i64>,
    /// The one that is since.
    pub(crate) to: Option<i64>,
}

impl Kept {
    /// Reads them.
    ///
    /// Errors: PostgreSQL does not answer.
    pub(crate) async fn read(space: &Space) -> Result<Kept, String> {
        let statement = "SELECT json_build_object(\
             'versions', (SELECT json_object_agg(number, 'sha256:' || encode(digest, 'hex')) FROM auriga.version), \
             'ledger', (SELECT json_agg(entry::json ORDER BY revision) FROM auriga.ledger))";
        let printed = attempt(space.sql(statement)).await?;
        serde_json::from_str(&printed).map_err(|error| format!("{error}: {printed}"))
    }

    /// The numbers of the versions that became active, oldest first.
    pub(crate) fn activated(&self) -> Vec<i64> {
        self.ledger.iter().filter_map(|entry| entry.to).collect()
    }

    /// What a Model's status says otherwise of versions; empty if nothing.
    pub(crate) fn differences(&self, model: &Model) -> Vec<String> {
        let status = model.status.clone().unwrap_or_default();
        let last = self.ledger.last();
        let active = last.and_then(|entry| entry.to);
        let previous = last.and_then(|entry| entry.from);
        let mut found = Vec::new();
        let mut check = |what: &str, said: String, kept: String| {
            if said != kept {
                found.push(format!("{what} is {said} and should be {kept}"));
            }
        };
        let number =
            |number: Option<i64>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        check("activeVersion", number(status.active_version), number(active));
        check(
            "previousVersion",
            number(status.previous_version),
            number(previous),
        );
        let latest = self.versions.keys().next_back().copied();
        check("latestVersion", number(status.latest_version), number(latest));
        let digest = active.and_then(|active| self.versions.get(&active));
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        check("activeDigest", text(status.active_digest.as_ref()), text(digest));
        let candidate = status.candidate.as_ref().and_then(|candidate| candidate.version);
        check("candidate.version", number(candidate), number(None));
        let said: Vec<_> = (status.versions.iter())
            .map(|one| (one.version, one.digest.as_str()))
            .collect();
        let newest = self.versions.iter().rev().take(SHOWN);
        let kept: Vec<_> = newest
            .map(|(number, digest)| (*number, digest.as_str()))
            .collect();
        check("versions", format!("{said:?}"), format!("{kept:?}"));
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn model(status: Value) -> Model {
        let whole = auriga_e2e::Manifest::iris("iris").with("/status", status);
        serde_json::from_value(whole.value().clone()).expect("it is a Model")
    }

    #[test]
    fn each_number_that_a_status_says_otherwise_is_named() {
        let kept: Kept = serde_json::from_value(json!({
            "versions": { "1": "sha256:a", "2": "sha256:b" },
            "ledger": [{ "from": null, "to": 2, "time": "" }, { "from": 2, "to": 1 }],
        }))
        .expect("it is what a store has");
        let version = |number: u8, digest: &str| json!({ "version": number, "digest": digest, "createdTime": "", "metrics": [] });
        let right = json!({
            "activeVersion": 1, "previousVersion": 2, "latestVersion": 2, "activeDigest": "sha256:a",
            "versions": [version(2, "sha256:b"), version(1, "sha256:a")],
        });
        assert_eq!(kept.differences(&model(right.clone())), Vec::<String>::new());
        let check = |field: &str, value: Value| {
            let mut wrong = right.clone();
            wrong[field] = value;
            let found = kept.differences(&model(wrong));
            assert!(
                matches!(found.as_slice(), [one] if one.starts_with(field)),
                "{found:?}"
            );
        };
        check("activeVersion", json!(2));
        check("previousVersion", json!(null));
        check("latestVersion", json!(1));
        check("activeDigest", json!("sha256:b"));
        check("versions", json!([version(2, "sha256:b")]));
        check(
            "versions",
            json!([version(2, "sha256:c"), version(1, "sha256:a")]),
        );
        check("candidate", json!({ "version": 3, "state": "Loading" }));
    }
}
