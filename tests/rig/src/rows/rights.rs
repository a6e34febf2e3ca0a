//! A right of the operator is taken away, or a Secret is not there.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, Space, iris_rows, is_ready};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    proxy::Asked,
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until a missing right is named.
const NAMED: f64 = 10.0;
/// How long it may take until all works once it is given back.
const HEALED: u64 = 60;
/// How many namespaces there are at once.
const AT_ONCE: usize = 3;

const RBAC: &str = "rbac.authorization.k8s.io/v1";
/// What an operator may do, and what it may do to its Lease.
const ROLES: [&str; 2] = ["auriga-operator", "auriga-operator-lease"];

/// A right of a Role: a verb on a resource of a group.
#[derive(Clone, Debug)]
struct Right {
    role: &'static str,
    group: String,
    resource: String,
    /// The names that it is for; all of them if there are none.
    names: Value,
    verb: String,
}

/// What came of its absence.
enum Absence {
    /// It was named, after so many seconds.
    Named(f64),
    /// Nothing was refused, and all was done without it.
    NotNeeded,
}

/// Takes each right away in turn while a Model changes; then lets a Secret be missing.
///
/// Errors: the cluster does not answer.
pub(super) async fn taken_away(ground: &Ground) -> Result<Finding> {
    let space = ground.space().await?;
    let all = all_rights(&space).await;
    space.delete().await;
    let rights: Vec<Right> = all.into_iter().step_by(ground.times(1, 6)).collect();
    let share = rights.len().div_ceil(AT_ONCE).max(1);
    let shares: Vec<Vec<Right>> = rights.chunks(share).map(<[Right]>::to_vec).collect();
    let tried = stream::iter(shares).map(|share| in_turn(ground, share));
    let tried: Vec<_> = tried.buffer_unordered(AT_ONCE).collect().await;
    let mut finding = Finding::default();
    let (mut slowest, mut named, mut idle): (f64, usize, Vec<String>) = (0.0, 0, Vec::new());
    for (what, result) in tried.into_iter().flatten() {
        match &result {
            Ok(Absence::Named(took)) => {
                named += 1;
                slowest = slowest.max(*took);
            }
            Ok(Absence::NotNeeded) => idle.push(what.clone()),
            Err(_) => {}
        }
        finding.count(&what, result.map(|_| ()));
    }
    let secret = scene(ground, async |scene| missing_secret(&scene.space).await).await;
    let after = secret.as_ref().copied().unwrap_or_default();
    finding.count("a missing Secret", secret.map(|_| ()));
    finding.figures.push(format!(
        "{named} rights named after {slowest:.1} s at most, a Secret after {after:.1} s; nothing was refused for want of {}",
        idle.join(", ")
    ));
    Ok(finding)
}

/// Each right of all Roles on its own.
///
/// Panics if a Role is not there.
async fn all_rights(space: &Space) -> Vec<Right> {
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

/// Takes each of these rights away in one namespace.
async fn in_turn(ground: &Ground, rights: Vec<Right>) -> Vec<(String, Result<Absence, String>)> {
    let mut results = Vec::new();
    let done = scene(ground, async |scene| {
        scene.on_postgres().await;
        let all = all_rights(&scene.space).await;
        for (at, right) in rights.iter().enumerate() {
            let what = format!("{} {}", right.verb, right.resource);
            let c = 0.4 + 0.01 * at as f64;
            let result = attempt(absent(scene, &all, right, c)).await;
            results.push((what, result.and_then(|result| result)));
            set(&scene.space, &all, right.role, None).await?;
        }
        Ok(())
    })
    .await;
    if let Err(words) = done {
        results.push(("the operator".to_owned(), Err(words)));
    }
    results
}

/// Gives a Role all of its rights but one.
async fn set(space: &Space, all: &[Right], role: &str, missing: Option<&Right>) -> Result<(), String> {
    let rules = without(role, all, missing);
    let change = |role: &mut Value| role["rules"] = rules.clone();
    space.edit(RBAC, "Role", role, change).await.map(|_| ())
}

/// Lets a Model be changed without a right, and gives it back.
async fn absent(scene: &mut Scene<'_>, all: &[Right], right: &Right, c: f64) -> Result<Absence, String> {
    set(&scene.space, all, right.role, Some(right)).await?;
    // What an operator has begun to watch, it may watch on.
    scene.rise_again().await?;
    let heard = scene.log().len();
    let refused_before = scene.proxy().seen(|record| record.forbidden.len());
    let iris = Manifest::iris("iris").on_postgres().c(c);
    // Scaling to one pod deletes a budget, and scaling back makes one.
    let since = Instant::now();
    scene.space.apply(&iris.clone().with("/spec/replicas", 1)).await;
    let (mut named, mut is_back) = (None, false);
    while named.is_none() && since.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(250)).await;
        if !is_back && since.elapsed() > Duration::from_secs(4) {
            scene.space.apply(&iris).await;
            is_back = true;
        }
        let log = scene.log();
        let told = format!(
            "{}\n{}",
            log.get(heard..).unwrap_or_default(),
            conditions(&scene.space).await
        );
        if names(&told, right) {
            // What is needed at the end of a fit alone cannot be missed before.
            let asked = scene.proxy().seen(|record| {
                let first = record
                    .requests
                    .iter()
                    .find(|one| one.at > since && needs(one, right));
                first.map_or(since, |first| first.at)
            });
            named = Some(asked.elapsed().as_secs_f64());
        } else if is_ready(&scene.space.model("iris").await) && since.elapsed() > Duration::from_secs(16) {
            break;
        }
    }
    let was_ready = is_ready(&scene.space.model("iris").await);
    scene.space.apply(&iris).await;
    let refused =
        (scene.proxy()).seen(|record| record.forbidden.get(refused_before..).map(<[Asked]>::to_vec));
    set(&scene.space, all, right.role, None).await?;
    scene.space.ready_within("iris", HEALED).await;
    match named {
        Some(took) if took <= NAMED => Ok(Absence::Named(took)),
        Some(took) => Err(format!("was named after {took:.1} s")),
        None if let Some(refused) = refused.unwrap_or_default().first() => Err(format!(
            "nothing named it, and {} {} was refused",
            refused.method, refused.path
        )),
        None if was_ready => Ok(Absence::NotNeeded),
        None => Err("nothing named it, and the Model was not ready".to_owned()),
    }
}

/// Whether a request may need this right. What is applied is made where it is not there.
fn needs(asked: &Asked, right: &Right) -> bool {
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
fn names(words: &str, right: &Right) -> bool {
    // kube's own texts escape the quotes.
    let words = words.replace('\\', "");
    words.contains(&format!("cannot {} resource \"{}\"", right.verb, right.resource))
}

/// What the Models and TrainingJobs of a namespace say.
async fn conditions(space: &Space) -> String {
    let mut told = String::new();
    for kind in ["Model", "TrainingJob"] {
        for object in space.list("auriga.dev/v1alpha1", kind).await {
            for one in object["status"]["conditions"].as_array().into_iter().flatten() {
                told.push_str(one["message"].as_str().unwrap_or_default());
                told.push('\n');
            }
        }
    }
    told
}

/// How long it takes until a Secret is named that is not there; it is made then, and all works.
async fn missing_secret(space: &Space) -> Result<f64, String> {
    space.postgres().await;
    space.rows("iris", &iris_rows()).await;
    let iris = Manifest::iris("iris").on_postgres();
    space
        .apply(&iris.with("/spec/persister/secretRef/name", "credentials"))
        .await;
    let told = attempt(seconds_until(20, "the Secret is named", async || {
        let told = conditions(space).await;
        told.contains("Secret credentials").then_some(())
    }));
    let (took, ()) = told.await?;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "credentials" },
        "stringData": { "username": "auriga", "password": "only-for-tests" },
    });
    space.apply_object(&secret).await;
    attempt(space.ready_within("iris", 120)).await?;
    if took > NAMED {
        return Err(format!("was named after {took:.1} s"));
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let right = Right {
                role: "a",
                group: String::new(),
                resource: resource.to_owned(),
                names: Value::Null,
                verb: verb.to_owned(),
            };
            let asked = Asked {
                at: Instant::now(),
                method,
                path: path.to_owned(),
            };
            needs(&asked, &right)
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
    fn a_right_is_named_by_verb_and_resource() {
        let right = Right {
            role: "a",
            group: "apps".to_owned(),
            resource: "deployments".to_owned(),
            names: Value::Null,
            verb: "patch".to_owned(),
        };
        let words = "User \"a\" cannot patch resource \"deployments\" in API group \"apps\"";
        assert!(names(words, &right) && names(&words.replace('"', "\\\""), &right));
        assert!(!names("cannot get resource \"deployments\"", &right));
    }
}
