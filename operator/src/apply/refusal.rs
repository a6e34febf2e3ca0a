//! What the API server means when it refuses an object.

use auriga_crds::Reason;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::Status;

use super::Object;
use crate::{error::Error, plan::Refusal};

/// The refusal that an answer of the API server is, if it is one: what somebody has to mend, rather than time.
pub(super) fn refusal(object: &Object<'_>, status: &Status) -> Option<Refusal> {
    Some(Refusal {
        object: object.what(),
        reason: reason(status)?,
        message: status.message.clone(),
    })
}

fn reason(status: &Status) -> Option<Reason> {
    match status.code {
        403 if status.message.contains("exceeded quota") => Some(Reason::QuotaExceeded),
        400 | 413 | 422 => Some(Reason::InvalidSpec),
        // Unknown objects, conflicts and overload pass; so does the time until a token is renewed.
        401 | 404 | 408 | 409 | 410 | 429 => None,
        402..500 => Some(Reason::Forbidden),
        _ => None,
    }
}

/// The refusal of an object whose name is taken.
pub(super) fn name_conflict(object: &Object<'_>) -> Refusal {
    Refusal {
        object: object.what(),
        reason: Reason::NameConflict,
        message: format!(
            "{} exists and belongs to somebody else; delete it, make it anew under another name, or rename the Model",
            object.what()
        ),
    }
}

/// The refusal of an object in whose place another one is being deleted, and does not go.
pub(super) fn stuck(object: &Object<'_>, going: &ObjectMeta) -> Refusal {
    // Kubernetes' own wait for what the object owns.
    let is_of_somebody = |finalizer: &&str| !["foregroundDeletion", "orphan"].contains(finalizer);
    let finalizers = going.finalizers.iter().flatten().map(String::as_str);
    let finalizers = finalizers.filter(is_of_somebody).collect::<Vec<_>>().join(", ");
    let held = if finalizers.is_empty() {
        "see what it waits for".to_owned()
    } else {
        format!("its finalizers hold it: {finalizers}; whoever has set them has to take them off")
    };
    let since =
        (going.deletion_timestamp.as_ref()).map_or_else(String::new, |since| format!(" since {}", since.0));
    Refusal {
        object: object.what(),
        reason: Reason::NameConflict,
        message: format!(
            "{} is going away{since}, and has to be gone before it can be made anew; {held}",
            object.what()
        ),
    }
}

/// Whether the API server takes nothing new in this namespace because it is being deleted. To ask the namespace itself
/// would need a right that nothing else needs.
pub(crate) fn says_that_namespace_ends(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 403
        && causes
            .into_iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
}

/// Whether a patch was refused because the object of this name is another one, with another UID.
pub(super) fn says_that_it_is_another(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 422 && causes.any(|cause| cause.field == "metadata.uid")
}

/// Whether an object was refused because two items of a list have what only one of them may have.
pub(super) fn says_that_something_is_twice(error: &Error) -> bool {
    error.status().is_some_and(|status| {
        let mut causes = status.details.iter().flat_map(|details| &details.causes);
        status.code == 422 && causes.any(|cause| cause.reason == "FieldValueDuplicate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: u16, message: &str, expected: Option<Reason>) {
        let status = Status {
            code,
            message: message.to_owned(),
            ..Status::default()
        };
        assert_eq!(reason(&status), expected, "{code} {message}");
    }

    #[test]
    fn what_a_person_has_to_mend_is_a_refusal_and_what_passes_is_not() {
        check(
            403,
            "jobs.batch \"a\" is forbidden: exceeded quota: q, requested: pods=1",
            Some(Reason::QuotaExceeded),
        );
        check(
            403,
            "jobs.batch is forbidden: User \"a\" cannot create resource \"jobs\"",
            Some(Reason::Forbidden),
        );
        check(422, "Deployment.apps \"a\" is invalid", Some(Reason::InvalidSpec));
        check(400, "strict decoding error", Some(Reason::InvalidSpec));
        for code in [401, 404, 409, 429, 500, 503, 504] {
            check(code, "", None);
        }
    }

    #[test]
    fn a_namespace_that_ends_is_told_from_other_refusals() {
        assert!(says_that_namespace_ends(&caused(403, "NamespaceTerminating", "")));
        assert!(!says_that_namespace_ends(&caused(403, "FieldValueInvalid", "")));
        assert!(!says_that_namespace_ends(&Status::default()));
    }

    #[test]
    fn a_patch_that_was_meant_for_a_predecessor_is_told_from_a_wrong_one() {
        let check = |field, expected| {
            let status = caused(422, "FieldValueInvalid", field);
            assert_eq!(says_that_it_is_another(&status), expected, "{field}");
        };
        check("metadata.uid", true);
        check("spec.replicas", false);
    }

    fn caused(code: u16, reason: &str, field: &str) -> Status {
        serde_json::from_value(serde_json::json!({
            "code": code, "message": "", "reason": "Forbidden",
            "details": { "causes": [{ "reason": reason, "message": "", "field": field }] },
        }))
        .unwrap()
    }
}
