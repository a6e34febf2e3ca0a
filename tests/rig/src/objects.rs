//! What is read off objects of the API, and written into them, again and again.

use serde_json::{Value, json};

/// A kind, with its API version.
pub(crate) type Kind = (&'static str, &'static str);

pub(crate) const SERVICE: Kind = ("v1", "Service");
pub(crate) const DEPLOYMENT: Kind = ("apps/v1", "Deployment");
pub(crate) const CONFIG_MAP: Kind = ("v1", "ConfigMap");
pub(crate) const BUDGET: Kind = ("policy/v1", "PodDisruptionBudget");
pub(crate) const TRAINING_JOB: Kind = ("auriga.dev/v1alpha1", "TrainingJob");
pub(crate) const POD: Kind = ("v1", "Pod");
pub(crate) const JOB: Kind = ("batch/v1", "Job");
pub(crate) const MODEL: Kind = ("auriga.dev/v1alpha1", "Model");

/// The text at a pointer; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// The name of an object.
pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// What a label says; empty if there is none.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    object["metadata"]["labels"][key].as_str().unwrap_or_default()
}

/// The kind of the controller of an object.
pub(crate) fn owner(object: &Value) -> Option<&str> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    let controller = owners.iter().find(|owner| owner["controller"] == true)?;
    controller["kind"].as_str()
}

/// Whether it was deleted, and is there still.
pub(crate) fn is_ending(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// What an object says of itself.
pub(crate) fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

/// Whether one of the conditions of these types is true.
pub(crate) fn is_any_true(object: &Value, kinds: &[&str]) -> bool {
    let is_it = |one: &Value| one["status"] == "True" && kinds.contains(&text(one, "/type"));
    conditions(object).any(is_it)
}

/// The `resources` of a container that is to have so much of one, such as `memory`, no less and no more.
pub(crate) fn exactly(resource: &str, quantity: &str) -> Value {
    json!({ "requests": { resource: quantity }, "limits": { resource: quantity } })
}

/// The slot that a Model's Service leads to; empty if it leads to none.
pub(crate) fn slot_of(service: &Value) -> &str {
    text(service, "/spec/selector/auriga.dev~1slot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_object_does_not_have_is_empty_and_not_so() {
        let nothing = json!({});
        assert_eq!(
            (name(&nothing), label(&nothing, "a"), slot_of(&nothing)),
            ("", "", "")
        );
        assert!(!is_ending(&nothing) && !is_any_true(&nothing, &["Ready"]));
        assert_eq!(owner(&nothing), None);
    }

    #[test]
    fn a_condition_counts_by_its_type_and_only_if_it_is_true() {
        let object = json!({ "status": { "conditions": [
            { "type": "Complete", "status": "False" }, { "type": "Suspended", "status": "True" },
        ] } });
        assert!(is_any_true(&object, &["Complete", "Suspended"]));
        assert!(!is_any_true(&object, &["Complete", "Failed"]));
    }
}
