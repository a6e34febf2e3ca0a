//! The metadata of answers as JSON, written once per version rather than once per request.

use std::collections::BTreeMap;

use auriga_crds::{Digest, VersionNumber};

use crate::refusal::Refusal;

/// The service's own words as members of a JSON object, without braces; never empty, as there is a `service_name`.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    members: String,
}

impl Metadata {
    pub(crate) fn new(service_metadata: &BTreeMap<String, String>) -> Metadata {
        let members = service_metadata
            .iter()
            .map(|(key, value)| format!("{}:{}", text(key), text(value)));
        Metadata {
            members: members.collect::<Vec<_>>().join(","),
        }
    }

    /// What follows the result in an answer: `,"metadata":{…}}`. `classes` are a JSON list, where the answer needs them.
    pub(crate) fn after_result(
        &self,
        version: VersionNumber,
        digest: Digest,
        classes: Option<&str>,
    ) -> String {
        let members = &self.members;
        let classes = classes.map_or_else(String::new, |classes| format!(",\"classes\":{classes}"));
        format!(
            ",\"metadata\":{{{members},\"error_code\":0,\"status\":\"OK\",\"model_version\":{version},\
             \"model_digest\":\"{digest}\"{classes}}}}}\n"
        )
    }

    /// The whole body of an error answer.
    pub(crate) fn of_error(&self, refusal: &Refusal) -> String {
        let (code, message, members) = (refusal.code() as i32, text(&refusal.to_string()), &self.members);
        format!(
            "{{\"metadata\":{{\"status\":\"ERROR\",\"error_code\":{code},\"error_message\":{message},{members}}}}}\n"
        )
    }
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
