//! The rights of an operator, one by one: taken away, asked for, and named.

use auriga_e2e::Space;
use serde_json::{Value, json};

use crate::proxy::Asked;

const RBAC: &str = "rbac.authorization.k8s.io/v1";
/// What an operator may do, and what it may do to its Lease.
const ROLES: [&str; 2] = ["auriga-operator", "auriga-operator-lease"];

/// A right of a Role: a verb on a resource of a group.
#[derive(Clone, Debug)]
pub(super) struct Right {
    pub(super) role: &'static str,
    group: String,
    pub(super) resource: String,
    /// The names that it is for; all of them if there are none.
    names: Value,
    pub(super) verb: String,
}

/// Each right of all Roles on its own.
///
/// Panics if a Role is not there.
pub(super) async fn all_rights(space: &Space) -> Vec<Right> {
    let mut all = Vec::new();
    for name in ROLES {
        let role = space.get(RBAC, "Role", name).await;
        let role = role.unwrap_or_else(|| panic!("there is no Role {name}"));
        all.extend(rights_of(name, &role));
    }
    all
}

/// Each right of a Role on its own.
fn rights_of(name: &'static str, role: &Value) -> Vec<Right> {
    let words = |rule: &Value, field: &str| -> Vec<String> {
        let words = rule[field].as_array().into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut found = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                for verb in words(rule, "verbs") {
                    found.push(Right {
                        role: name,
                        group: group.clone(),
                        resource: resource.clone(),
                        names: rule["resourceNames"].clone(),
                        verb,
                    });
                }
            }
        }
    }
    found
}

/// A Role's rules that hold all of its rights but one.
fn without(role: &str, rights: &[Right], missing: Option<&Right>) -> Value {
    let is_kept = |right: &&Right| {
        right.role == role
            && missing.is_none_or(|missing| {
                (&right.group, &right.resource, &right.verb)
                    != (&missing.group, &missing.resource, &missing.verb)
            })
    };
    let rule = |right: &Right| json!({ "apiGroups": [right.group], "resources": [right.resource], "resourceNames": right.names, "verbs": [right.verb] });
    rights.iter().filter(is_kept).map(rule).collect()
}

/// Gives a Role all of its rights but one.
pub(super) async fn set(
    space: &Space,
    all: &[Right],
    role: &str,
    missing: Option<&Right>,
) -> Result<(), String> {
    let rules = without(role, all, missing);
    let change = |role: &mut Value| role["rules"] = rules.clone();
    space.edit(RBAC, "Role", role, change).await.map(|_| ())
}

impl Right {
    /// What it is a right to, as the operator calls it: `jobs.batch`.
    pub(super) fn plural(&self) -> String {
        match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }
}

/// Whether an operator without this right can write no condition: it may not write a status, may not take the Lease, or has not
/// begun to look at anything, since it has not seen all that its looks rest on.
pub(super) fn has_no_voice(right: &Right) -> bool {
    let is_watched = ["list", "watch"].contains(&right.verb.as_str()) && right.resource != "events";
    is_watched || right.resource == "leases" || right.resource.ends_with("/status")
}

/// Whether a request may need this right. What is applied is made where it is not there.
pub(super) fn needs(asked: &Asked, right: &Right) -> bool {
    let does = match asked.method.as_str() {
        "POST" => right.verb == "create",
        "PATCH" => ["create", "patch"].contains(&right.verb.as_str()),
        "PUT" => right.verb == "update",
        "DELETE" => right.verb == "delete",
        _ => ["get", "list", "watch"].contains(&right.verb.as_str()),
    };
    let mut words = asked.path.split('/');
    does && right.resource.split('/').all(|word| words.any(|one| one == word))
}

/// Whether `words` name what is missing, as the API server does.
pub(super) fn names(words: &str, right: &Right) -> bool {
    // kube's own texts escape the quotes.
    let words = words.replace('\\', "");
    words.contains(&format!("cannot {} resource \"{}\"", right.verb, right.resource))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn right(group: &str, resource: &str, verb: &str) -> Right {
        Right {
            role: "a",
            group: group.to_owned(),
            resource: resource.to_owned(),
            names: Value::Null,
            verb: verb.to_owned(),
        }
    }

    #[test]
    fn one_right_is_taken_and_the_others_stay() {
        let role = json!({ "rules": [{ "apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "patch"] }] });
        let all = rights_of("a", &role);
        assert_eq!(all.len(), 4);
        let left = without("a", &all, Some(&all[1]));
        assert_eq!(left.as_array().map(Vec::len), Some(3));
        assert!(!left.as_array().unwrap().contains(&without("a", &all, None)[1]));
        assert_eq!(without("b", &all, None), json!([]));
    }

    #[test]
    fn a_request_needs_the_right_to_its_verb_and_resource() {
        let check = |verb: &str, resource: &str, method: hyper::Method, path: &str| {
            let asked = Asked {
                at: Instant::now(),
                method,
                path: path.to_owned(),
            };
            needs(&asked, &right("", resource, verb))
        };
        let service = "/api/v1/namespaces/a/services/iris";
        assert!(check("patch", "services", hyper::Method::PATCH, service));
        assert!(check("create", "services", hyper::Method::PATCH, service));
        assert!(!check("delete", "services", hyper::Method::PATCH, service));
        assert!(!check("patch", "pods", hyper::Method::PATCH, service));
        let status = "/apis/auriga.dev/v1alpha1/namespaces/a/models/iris/status";
        assert!(check("patch", "models/status", hyper::Method::PATCH, status));
        assert!(!check("patch", "models/finalizers", hyper::Method::PATCH, status));
    }

    #[test]
    fn who_cannot_see_or_write_has_no_voice() {
        let check = |verb: &str, resource: &str, expected: bool| {
            assert_eq!(
                has_no_voice(&right("", resource, verb)),
                expected,
                "{verb} {resource}"
            );
        };
        check("watch", "pods", true);
        check("patch", "models/status", true);
        check("update", "leases", true);
        check("list", "events", false);
        check("get", "models", false);
        check("patch", "trainingjobs", false);
    }

    #[test]
    fn a_right_is_named_by_verb_and_resource() {
        let right = right("apps", "deployments", "patch");
        let words = "User \"a\" cannot patch resource \"deployments\" in API group \"apps\"";
        assert!(names(words, &right) && names(&words.replace('"', "\\\""), &right));
        assert!(!names("cannot get resource \"deployments\"", &right));
    }
}
